//! Jobs that fail at a chosen moment in a chosen way, like those of CPython's `test_deadlock.py`
//! and loky's `test_reusable_executor.py`.

use executors::Job;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
pub enum At {
    WriteJob,
    /// In the worker. (In the parent the job can be read back.)
    ReadJob,
    Run,
    WriteOutput,
    /// In the parent.
    ReadOutput,
    Never,
}

#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
pub enum What {
    /// serde's error.
    Error,
    Panic,
    Exit,
    Abort,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    pub at: At,
    pub what: What,
    pub load: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Troubled(pub Trouble);

pub const WORDS: &str = "trouble on purpose";

impl Trouble {
    fn strike(&self, at: At) -> Result<(), &'static str> {
        if self.at != at {
            return Ok(());
        }
        match self.what {
            What::Error => Err(WORDS),
            What::Panic => panic!("{WORDS}"),
            What::Exit => std::process::exit(0),
            What::Abort => std::process::abort(),
        }
    }
}

fn in_worker() -> bool {
    std::env::args()
        .next_back()
        .is_some_and(|last| last == "executors-worker")
}

impl Serialize for Trouble {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.strike(At::WriteJob).map_err(S::Error::custom)?;
        (self.at, self.what, &self.load).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Trouble {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (at, what, load) = Deserialize::deserialize(deserializer)?;
        let trouble = Self { at, what, load };
        if in_worker() {
            trouble.strike(At::ReadJob).map_err(D::Error::custom)?;
        }
        Ok(trouble)
    }
}

impl Job for Trouble {
    type Output = Troubled;
    fn run(self) -> Troubled {
        self.strike(At::Run).expect("told to");
        Troubled(self)
    }
}

impl Serialize for Troubled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.strike(At::WriteOutput).map_err(S::Error::custom)?;
        (self.0.at, self.0.what, &self.0.load).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Troubled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (at, what, load) = Deserialize::deserialize(deserializer)?;
        let trouble = Trouble { at, what, load };
        if !in_worker() {
            trouble.strike(At::ReadOutput).map_err(D::Error::custom)?;
        }
        Ok(Self(trouble))
    }
}
