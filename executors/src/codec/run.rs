//! The worker's side: reads jobs, runs them, and writes the results.

use super::read::{read_exactly, split_value};
use super::write::append;
use super::{FAULT, Fault, OUTPUT, check};
use crate::job::Job;
use crate::panics;

/// A batch of encoded jobs to run.
pub(crate) struct Batch<'a> {
    pub(crate) input: &'a [u8],
    pub(crate) count: u32,
    /// The results are appended here. No output may make it longer than the limit.
    pub(crate) output: &'a mut Vec<u8>,
    pub(crate) limit: usize,
    /// Whether outputs are read back and compared.
    pub(crate) check: bool,
    /// Called after each job with all the output so far.
    pub(crate) after_each: &'a mut dyn FnMut(&[u8]),
}

/// Runs a batch of jobs of one type.
pub(crate) type RunBatch = fn(Batch<'_>);

/// See [`RunBatch`].
pub(crate) fn run_batch<J: Job>(batch: Batch<'_>) {
    let Batch {
        input,
        output,
        limit,
        ..
    } = batch;
    let mut left = Some(input);
    for _ in 0..batch.count {
        let before = output.len();
        output.push(OUTPUT);
        let result = panics::catch(|| {
            let cut_off = || Fault::Input("the chunk ends too early".to_owned());
            let (bytes, rest) = left.take().and_then(split_value).ok_or_else(cut_off)?;
            left = Some(rest);
            let job: J = read_exactly(bytes).map_err(Fault::Input)?;
            let size = append(&job.run(), output, limit).map_err(Fault::Output)?;
            let Some(bytes) = output.get(before + 5..) else {
                // Nothing was appended. The length field is not part of the output's size.
                return Err(Fault::TooLarge(size as u64 - 4));
            };
            if batch.check {
                check::survives::<J::Output>(bytes).map_err(Fault::Output)?;
            }
            Ok(())
        });
        let fault = match result {
            Ok(Ok(())) => None,
            Ok(Err(fault)) => Some(fault),
            Err(panic) => Some(Fault::Panic(panic)),
        };
        if let Some(fault) = fault {
            output.truncate(before);
            output.push(FAULT);
            // A fault consists of text and numbers, which postcard can always write.
            let _ = append(&fault, output, usize::MAX);
        }
        (batch.after_each)(output);
    }
}
