//! What becomes of the jobs of a pool that was detached.

use executors::{EncodedAnswer, Error, Future, Job};

/// A job (or chunk of jobs) of a pool that was detached, to be answered.
#[derive(Debug)]
pub struct Attached {
    pub(crate) number: u64,
    pub(crate) answer: Future<(u32, EncodedAnswer)>,
    /// How many bytes its results may take.
    pub(crate) limit: usize,
}

impl Attached {
    /// The job's number, from 1, in the order in which that pool handed them in.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether it has been answered.
    pub fn is_done(&self) -> bool {
        self.answer.is_done()
    }

    /// The results of its jobs, which are of type `J`: of one, if it was no chunk. Waited for as long
    /// as it takes.
    ///
    /// # Errors
    /// What became of all of them instead; [`Error::Codec`] if they are of another type.
    pub fn results<J: Job>(self) -> Result<Vec<Result<J::Output, Error>>, Error> {
        let (count, answer) = self.answer.result()?;
        answer.read::<J>(count, self.limit)
    }
}
