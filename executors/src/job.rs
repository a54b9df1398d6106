//! A job: a value that can be run here or, as bytes, in another process.

use std::any::{TypeId, type_name};
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, HEADROOM, RunBatch};

/// A unit of work as a value: it can be sent to another thread or, as bytes, to another process.
///
/// A closure can't be serialized, so a process gets values: the fields hold the captured data, and
/// [`run`](Job::run) is the body.
///
/// # What can be sent
/// Jobs and their outputs are written by [postcard](https://docs.rs/postcard): values one after the
/// other, without names. A type must be read in the order in which it is written. These attributes
/// of serde break that rule, or need names, and can't be used in a job or an output:
///
/// - `skip_serializing_if`, and `skip_serializing` or `skip_deserializing` alone;
/// - `skip` on a variant that has others after it (on a field it is allowed: the field is not
///   sent);
/// - `flatten`, `untagged`, `tag = "…"` and `tag = "…", content = "…"`;
/// - `other`; and `alias` has no effect;
/// - `deserialize_with` and `with`, if they ask the format for the type of the next value, like
///   `serde_json::Value`.
///
/// Such a type should give an error, not another job. So each job of up to 4 KiB, and the first
/// larger one of each type, is read back and written again before it is sent, and the bytes are
/// compared. (They may differ in their order, as for a `HashMap`.) The same is done with outputs.
/// [`check_jobs`](crate::ProcessPoolBuilder::check_jobs) turns the check off.
///
/// # Large values
/// A `Vec<u8>` is written number by number. Large ones should be
/// [`serde_bytes::ByteBuf`](https://docs.rs/serde_bytes), or fields with `#[serde(with =
/// "serde_bytes")]`: these are copied as a whole. Data that many jobs read can be `SharedBytes`,
/// which are not copied.
///
/// # Examples
/// ```
/// use executors::Job;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Power { base: u64, exponent: u32 }
///
/// impl Job for Power {
///     type Output = Option<u64>;
///     fn run(self) -> Option<u64> {
///         self.base.checked_pow(self.exponent)
///     }
/// }
///
/// assert_eq!(Power { base: 2, exponent: 10 }.run(), Some(1024));
/// ```
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// The result of the job. If the job can fail, use a `Result`.
    type Output: Serialize + DeserializeOwned + Send + 'static;

    /// A name for this type of job that stays the same between builds. The default is the type's
    /// path, which a renamed module or another compiler may change.
    const NAME: &'static str = "";

    /// The version. Increase it when the job's fields or its effect change so that a worker of an
    /// older build must not get it.
    const VERSION: u32 = 0;

    /// Some jobs of every shape. Their bytes become part of the type's
    /// [fingerprint](JobType::fingerprint). Default: none.
    fn samples() -> Vec<Self> {
        Vec::new()
    }

    /// Does the work.
    fn run(self) -> Self::Output;
}

/// A job type as [`hook`](crate::hook) needs it: its name, its version, and the function that runs
/// its jobs.
#[derive(Clone, Copy)]
pub struct JobType {
    id: fn() -> TypeId,
    path: fn() -> &'static str,
    name: fn() -> &'static str,
    version: u32,
    fingerprint: fn() -> u64,
    pub(crate) run: RunBatch,
}

impl JobType {
    pub(crate) fn id(&self) -> TypeId {
        (self.id)()
    }

    /// The path of the type.
    pub(crate) fn path(&self) -> &'static str {
        (self.path)()
    }

    /// The name given by [`Job::NAME`], or else the type's path.
    pub fn name(&self) -> &'static str {
        (self.name)()
    }

    /// The version given by [`Job::VERSION`].
    pub fn version(&self) -> u32 {
        self.version
    }

    /// A number that is equal in two programs only if the type seems to be equal in both. It is
    /// computed from the name, the version, and the bytes of [`samples`](Job::samples); without a
    /// name, also from the path of the output's type.
    ///
    /// It can't detect a changed field without samples that show it. It can't detect a change of
    /// the output, of a type within the job, or of [`run`](Job::run). Use the version for these.
    ///
    /// # Examples
    /// ```
    /// use executors::{Job, job};
    ///
    /// macro_rules! double {
    ///     ($module:ident: $sample:expr) => {
    ///         mod $module {
    ///             #[derive(serde::Serialize, serde::Deserialize)]
    ///             pub struct Double(pub Option<u32>);
    ///             impl executors::Job for Double {
    ///                 const NAME: &'static str = "double";
    ///                 type Output = u32;
    ///                 fn samples() -> Vec<Self> { vec![Double($sample)] }
    ///                 fn run(self) -> u32 { self.0.unwrap_or(0) * 2 }
    ///             }
    ///         }
    ///     };
    /// }
    /// double!(one_build: Some(1));
    /// double!(another_build: Some(1));
    /// double!(changed: None);
    ///
    /// let fingerprint = job::<one_build::Double>().fingerprint();
    /// assert_eq!(fingerprint, job::<another_build::Double>().fingerprint());
    /// assert_ne!(fingerprint, job::<changed::Double>().fingerprint());
    /// ```
    pub fn fingerprint(&self) -> u64 {
        (self.fingerprint)()
    }

    /// Name, version and fingerprint as text.
    pub fn describe(&self) -> String {
        let (name, version) = (self.name(), self.version());
        format!("{name} version {version} ({:016x})", self.fingerprint())
    }

    /// Runs encoded jobs of this type at once: the counterpart of
    /// [`EncodedJob::payload`](crate::EncodedJob::payload). Pass the results to
    /// [`EncodedJob::finish`](crate::EncodedJob::finish). A panic is a result too.
    ///
    /// No output may make the results longer than `limit` bytes; otherwise it is an error.
    pub fn run_encoded(&self, payload: &[u8], count: u32, limit: usize) -> Vec<u8> {
        crate::panics::install();
        let mut output = Vec::new();
        (self.run)(codec::Batch {
            input: payload,
            count,
            output: &mut output,
            limit,
            check: true,
            after_each: &mut |_| (),
        });
        output
    }
}

impl fmt::Debug for JobType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JobType").field(&self.name()).finish()
    }
}

/// Describes a job type for [`hook`](crate::hook).
///
/// # Examples
/// A library can keep the list of its jobs, and a program concatenates the lists:
/// ```
/// # use executors::{Job, JobType, job};
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Count(u64);
/// # impl Job for Count { type Output = u64; fn run(self) -> u64 { self.0 } }
/// pub const JOBS: &[JobType] = &[job::<Count>()];
/// ```
pub const fn job<J: Job>() -> JobType {
    JobType {
        id: TypeId::of::<J>,
        path: type_name::<J>,
        name: name_of::<J>,
        version: J::VERSION,
        fingerprint: fingerprint_of::<J>,
        run: codec::run_batch::<J>,
    }
}

fn name_of<J: Job>() -> &'static str {
    if J::NAME.is_empty() {
        type_name::<J>()
    } else {
        J::NAME
    }
}

fn fingerprint_of<J: Job>() -> u64 {
    let mut hash = Fnv::default();
    hash.part(name_of::<J>().as_bytes());
    hash.part(&J::VERSION.to_le_bytes());
    if J::NAME.is_empty() {
        hash.part(type_name::<J::Output>().as_bytes());
    }
    for sample in J::samples() {
        // A sample that can't be written is reported when such a job is submitted.
        if let Ok(bytes) = codec::write_jobs(&[sample], usize::MAX, false) {
            hash.part(&bytes[HEADROOM..]);
        }
    }
    hash.0
}

/// FNV-1a with 64 bits: the same number on every machine and in every build.
pub(crate) struct Fnv(pub(crate) u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Fnv {
    /// Adds a part and its length, so that different lists of parts never give the same bytes.
    pub(crate) fn part(&mut self, bytes: &[u8]) {
        for &byte in (bytes.len() as u64).to_le_bytes().iter().chain(bytes) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}
