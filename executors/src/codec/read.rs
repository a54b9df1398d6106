//! Reads values from bytes.

use serde::de::DeserializeOwned;

use super::{Answer, FAULT, Fault, OUTPUT, codec_error, explain, too_large};
use crate::error::{Error, Part};
use crate::job::Job;

/// Reads a value that uses all the bytes; otherwise returns the reason.
pub(super) fn read_exactly<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(format!(
            "{} of its {} bytes are left over",
            rest.len(),
            bytes.len()
        )),
        Err(error) => Err(explain::why::<T>(bytes).unwrap_or_else(|| error.to_string())),
    }
}

/// Splits off a value that has its length before it.
pub(super) fn split_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

/// Reads the result of a single job.
pub(crate) fn read_one<J: Job>(answer: Answer<'_>, limit: usize) -> Result<J::Output, Error> {
    let mut results = read_batch::<J>(answer, 1, limit)?;
    results.pop().unwrap_or(Err(Error::Taken))
}

/// Reads the results of a batch with a known number of jobs.
pub(crate) fn read_batch<J: Job>(
    answer: Answer<'_>,
    count: u32,
    limit: usize,
) -> Result<Vec<Result<J::Output, Error>>, Error> {
    let (mut rest, done, error) = match answer {
        Answer::Results(results) => (results, count, None),
        Answer::Partial {
            results,
            done,
            error,
        } => (results, done.min(count), Some(error)),
        Answer::TooLarge(size) => return Err(too_large::<J>(Part::Result, size, limit)),
        Answer::Failed(error) => return Err(error),
    };
    let mut results = Vec::with_capacity(count as usize);
    for _ in 0..done {
        let (&tag, bytes) = rest.split_first().ok_or_else(cut_off::<J>)?;
        let (bytes, after) = split_value(bytes).ok_or_else(cut_off::<J>)?;
        results.push(read_result::<J>(tag, bytes, limit));
        rest = after;
    }
    if !rest.is_empty() {
        let message = format!("{} bytes are left over after all results", rest.len());
        return Err(codec_error::<J>(Part::Result, message));
    }
    if let Some(error) = error {
        results.resize_with(count as usize, || Err(error.clone()));
    }
    Ok(results)
}

fn cut_off<J>() -> Error {
    codec_error::<J>(Part::Result, "it ends too early")
}

fn read_result<J: Job>(tag: u8, bytes: &[u8], limit: usize) -> Result<J::Output, Error> {
    let unreadable = |message: String| codec_error::<J>(Part::Result, message);
    if tag == OUTPUT {
        return read_exactly(bytes).map_err(unreadable);
    }
    if tag != FAULT {
        return Err(unreadable(format!("it begins with {tag}")));
    }
    Err(match read_exactly::<Fault>(bytes).map_err(unreadable)? {
        Fault::Panic(panic) => panic.into(),
        Fault::Input(message) => codec_error::<J>(Part::Input, message),
        Fault::Output(message) => codec_error::<J>(Part::Result, message),
        Fault::TooLarge(size) => too_large::<J>(Part::Result, size as usize, limit),
    })
}
