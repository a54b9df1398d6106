//! The jobs for pools of threads and of processes.

use concepts::paint::Brush;
use executors::{Job, JobType, job};
pub use mandelbrot::processes::Bytes;
use serde::{Deserialize, Serialize};

/// All jobs of this room. A program that measures begins with `executors::hook(JOBS)`.
pub const JOBS: &[JobType] = &[
    job::<Nothing>(),
    job::<Compute>(),
    job::<Make>(),
    job::<Touch>(),
    #[cfg(target_os = "linux")]
    job::<TouchShared>(),
];

/// Does nothing, so its time is the cost of submitting it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Nothing;

impl Job for Nothing {
    type Output = ();

    fn run(self) {}
}

/// Computes a chain of multiplications. Each needs the result of the one before.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Compute {
    /// How many.
    pub steps: u32,
    /// The first number.
    pub seed: u64,
}

impl Job for Compute {
    type Output = u64;

    fn run(self) -> u64 {
        Brush::new(self.steps).stroke(self.seed)
    }
}

/// Returns a result of this size.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Make {
    /// How many bytes.
    pub size: usize,
}

impl Job for Make {
    type Output = Bytes;

    fn run(self) -> Bytes {
        Bytes(vec![1; self.size])
    }
}

/// Gets bytes, and reads one byte of each page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Touch(pub Bytes);

impl Job for Touch {
    type Output = u64;

    fn run(self) -> u64 {
        touch(&self.0.0)
    }
}

/// The same with bytes in shared memory.
#[cfg(target_os = "linux")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TouchShared(pub executors::SharedBytes);

#[cfg(target_os = "linux")]
impl Job for TouchShared {
    type Output = u64;

    fn run(self) -> u64 {
        touch(&self.0)
    }
}

/// Reads a byte of each page, because bytes that nobody reads cost nothing to pass.
pub fn touch(bytes: &[u8]) -> u64 {
    let each = bytes.iter().step_by(4096);
    std::hint::black_box(each.copied().map(u64::from).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_their_length_and_themselves() {
        // As postcard's specification has a byte array: its length as a varint, then its bytes.
        let bytes = Bytes(vec![7; 300]);
        let written = postcard::to_allocvec(&bytes).unwrap();
        assert_eq!(written[..3], [0xac, 0x02, 7]);
        assert_eq!(written.len(), 302);
        assert_eq!(postcard::from_bytes::<Bytes>(&written).unwrap(), bytes);
    }

    #[test]
    fn a_byte_of_each_page_is_read() {
        let mut bytes = vec![0; 3 * 4096];
        bytes[4096] = 5;
        bytes[8192] = 7;
        bytes[1] = 100;
        assert_eq!(touch(&bytes), 12);
    }
}
