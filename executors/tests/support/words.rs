//! Jobs whose types have serde attributes that a format without names does not support, or types
//! with their own error messages. Each job returns itself as text.

use executors::Job;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The output of a job is the job, as text.
macro_rules! shown {
    ($($job:ty),*) => {$(
        impl Job for $job {
            type Output = String;
            fn run(self) -> String { format!("{self:?}") }
        }
    )*};
}

shown!(
    Command, Skipping, Flat, Untagged, Tagged, Adjacent, Plain, Mute, Long
);

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub enum Command {
    Before,
    #[serde(skip)]
    Internal,
    Keep,
    DeleteAll,
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct Skipping {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub a: Option<u8>,
    pub b: u8,
    pub c: u8,
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct Inner {
    pub x: u8,
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct Flat {
    #[serde(flatten)]
    pub inner: Inner,
    pub y: u8,
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(untagged)]
pub enum Untagged {
    Number(u8),
    Text(String),
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(tag = "kind")]
pub enum Tagged {
    One { x: u8 },
    Two { x: u8 },
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(tag = "kind", content = "value")]
pub enum Adjacent {
    One(u8),
    Two(u8),
}

/// Attributes that a format without names supports.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Plain {
    #[serde(rename = "other")]
    pub some_field: Option<Box<Plain>>,
    #[serde(skip)]
    pub cached: u8,
    #[serde(default)]
    pub map: std::collections::HashMap<String, Vec<f64>>,
    pub bytes: Vec<u8>,
}

/// A type that can't be written, with a message.
#[derive(Deserialize, Debug, Clone, PartialEq)]
pub struct Mute;

impl Serialize for Mute {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("the lock of this job is poisoned"))
    }
}

/// Returns a text that can be written, but can't be read if it is rejected.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct Picky(pub String);

#[derive(Serialize, Debug, Clone, PartialEq)]
pub struct Liked(pub String);

impl<'de> Deserialize<'de> for Liked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "bad" => Err(D::Error::custom("bad texts are not liked")),
            _ => Ok(Self(text)),
        }
    }
}

impl Job for Picky {
    type Output = Liked;
    fn run(self) -> Liked {
        Liked(self.0)
    }
}

/// Its output can be read in its worker, but in no other process.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct ForParent;

#[derive(Serialize, Debug, PartialEq)]
pub struct Homebound(u32);

impl<'de> Deserialize<'de> for Homebound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pid = u32::deserialize(deserializer)?;
        assert_eq!(pid, std::process::id(), "read away from home");
        Ok(Self(pid))
    }
}

impl Job for ForParent {
    type Output = Homebound;
    fn run(self) -> Homebound {
        Homebound(std::process::id())
    }
}

/// Like [`Skipping`], with the given length.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct Long {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub a: Option<u8>,
    pub b: u8,
    pub rest: Vec<u8>,
}
