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
///
/// To catch a panic takes as long as a short job, so it is done once for many jobs. After a panic the next job
/// goes on.
pub(crate) fn run_batch<J: Job>(batch: Batch<'_>) {
    let Batch {
        mut input,
        count,
        output,
        limit,
        check,
        after_each,
    } = batch;
    let (mut done, mut start, mut checking) = (0, 0, false);
    while done < count {
        let result = panics::catch(|| {
            while done < count {
                panics::forget_place();
                (start, checking) = (output.len(), false);
                let result = run_one::<J>(&mut input, output, limit).and_then(|bytes| {
                    checking = check;
                    if check {
                        check::survives::<J::Output>(bytes).map_err(Fault::Output)
                    } else {
                        Ok(())
                    }
                });
                if let Err(fault) = result {
                    put_fault(output, start, &fault);
                }
                after_each(output);
                done += 1;
            }
        });
        if let Err(panic) = result {
            let fault = if checking {
                Fault::Output(check::panicked(&panic))
            } else {
                Fault::Panic(panic)
            };
            put_fault(output, start, &fault);
            after_each(output);
            done += 1;
        }
    }
}

/// Takes a job from the input, runs it, and appends its output, which is returned.
fn run_one<'a, J: Job>(
    input: &mut &[u8],
    output: &'a mut Vec<u8>,
    limit: usize,
) -> Result<&'a [u8], Fault> {
    let cut_off = || Fault::Input("the chunk ends too early".to_owned());
    let (bytes, rest) = split_value(input).ok_or_else(cut_off)?;
    *input = rest;
    let job: J = read_exactly(bytes).map_err(Fault::Input)?;
    output.push(OUTPUT);
    let start = output.len();
    let size = append(&job.run(), output, limit).map_err(Fault::Output)?;
    // If nothing was appended, it is too large. The length field is not part of the output's size.
    output
        .get(start + 4..)
        .ok_or(Fault::TooLarge(size as u64 - 4))
}

/// Puts a fault in the place of an output.
fn put_fault(output: &mut Vec<u8>, start: usize, fault: &Fault) {
    output.truncate(start);
    output.push(FAULT);
    // A fault consists of text and numbers, which postcard can always write.
    let _ = append(fault, output, usize::MAX);
}
