//! Numbers as people write them: `1e9`, `10_000_000`, `2^64-1e9`, `3*5`, `64KiB`, `1m30s`.
//!
//! All arithmetic is exact: no floating point. Each reader is usable as a clap `value_parser`.
//!
//! A number is a literal (`1000`, `10_000`, `1.5e3` or `0xff`) or an expression of literals with
//! `+`, `-`, `*`, `/` (rounds towards zero), `%`, `^` or `**` (power), `<<`, `>>` and parentheses.
//! The syntax is that of primesieve's calculator. Intermediate results may be negative and as large
//! as 255 bits.

mod expression;

use ethnum::I256;
use expression::{NO_UNITS, Refusal, Units, evaluate, sum_of_parts};
use std::time::Duration;
use thiserror::Error;

/// The reason why a number was refused. Each message begins with the input.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberError {
    /// The input is empty.
    #[error("empty: expected {expected}")]
    Empty {
        /// A description of a valid input.
        expected: &'static str,
    },
    /// The input is not a number.
    #[error("{input}: not a number: expected {expected}")]
    NotANumber {
        /// The input.
        input: String,
        /// A description of a valid input.
        expected: &'static str,
    },
    /// The number is negative.
    #[error("{input}: negative: expected {expected}")]
    Negative {
        /// The input.
        input: String,
        /// A description of a valid input.
        expected: &'static str,
    },
    /// The result is not a whole number.
    #[error("{input}: not a whole number{of}")]
    Fraction {
        /// The input.
        input: String,
        /// The counted thing: ` of bytes`, or an empty text.
        of: &'static str,
    },
    /// The number is too large.
    #[error("{input}: too large: the largest is {largest}")]
    TooLarge {
        /// The input.
        input: String,
        /// The largest number that is accepted.
        largest: &'static str,
    },
    /// The expression divides by zero.
    #[error("{input}: division by zero")]
    DivisionByZero {
        /// The input.
        input: String,
    },
    /// The unit is missing or unknown.
    #[error("{input}: unknown unit \"{unit}\": expected {expected}")]
    Unit {
        /// The input.
        input: String,
        /// The unit in the input.
        unit: String,
        /// A description of the valid units.
        expected: &'static str,
    },
}

/// A description of the values that a reader accepts, for its errors.
struct Format {
    expected: &'static str,
    of: &'static str,
    largest: &'static str,
}

const NUMBER: Format = Format {
    expected: "a whole number such as 1000, 10_000, 1e9, 0xff or 2^32-1",
    of: "",
    largest: "18446744073709551615 (2^64-1)",
};
const WIDE: Format = Format {
    largest: "340282366920938463463374607431768211455 (2^128-1)",
    ..NUMBER
};
const SIZE: Format = Format {
    expected: "a size such as 4096, 64KiB, 10MB or 1G",
    of: " of bytes",
    largest: "18446744073709551615 bytes (16 EiB less one)",
};
const DURATION: Format = Format {
    expected: "a duration such as 250ms, 1m30s, 1.5h or 10 (seconds; also us, ns, d)",
    of: " of nanoseconds",
    largest: "18446744073709551615 nanoseconds (584 years)",
};

/// The maximum length of an input in an error, in characters; the rest is cut off.
const LONGEST_ECHO: usize = 100;

impl Format {
    fn error(&self, refusal: Refusal, input: &str) -> NumberError {
        let (expected, of, largest) = (self.expected, self.of, self.largest);
        if input.is_empty() {
            return NumberError::Empty { expected };
        }
        let input = match input.char_indices().nth(LONGEST_ECHO) {
            Some((end, _)) => format!("{}…", &input[..end]),
            None => input.to_owned(),
        };
        match refusal {
            Refusal::NotANumber => NumberError::NotANumber { input, expected },
            Refusal::Negative => NumberError::Negative { input, expected },
            Refusal::Fraction => NumberError::Fraction { input, of },
            Refusal::TooLarge => NumberError::TooLarge { input, largest },
            Refusal::DivisionByZero => NumberError::DivisionByZero { input },
            Refusal::Unit(unit) => NumberError::Unit {
                input,
                unit,
                expected,
            },
        }
    }

    /// The value, if it fits in `T`.
    fn value<T: TryFrom<I256>>(
        &self,
        input: &str,
        value: Result<I256, Refusal>,
    ) -> Result<T, NumberError> {
        let value = value.and_then(|value| match value < I256::ZERO {
            true => Err(Refusal::Negative),
            false => T::try_from(value).map_err(|_| Refusal::TooLarge),
        });
        value.map_err(|refusal| self.error(refusal, input))
    }
}

/// Reads a whole number: `1000`, `10_000_000`, `1.5e3`, `0xff`, or an expression: `2^64-1e9`,
/// `(10^9+7)*3`.
///
/// # Errors
///
/// If the text is anything else, negative, not a whole number, or over `u64::MAX`. The message
/// contains the text.
///
/// # Examples
///
/// ```
/// use common::cli::numbers::number;
///
/// assert_eq!(number("1.5e3"), Ok(1500));
/// assert_eq!(number("2^64-1"), Ok(u64::MAX));
/// assert_eq!(number("1e18+3*5"), Ok(1_000_000_000_000_000_015));
/// assert_eq!(
///     number("1e30").unwrap_err().to_string(),
///     "1e30: too large: the largest is 18446744073709551615 (2^64-1)",
/// );
/// ```
pub fn number(text: &str) -> Result<u64, NumberError> {
    let input = text.trim();
    NUMBER.value(input, evaluate(input, NO_UNITS))
}

/// Reads a number of at least 1, as [`number`] does. Usable as a clap `value_parser`.
///
/// # Errors
///
/// Those of [`number`], or that the number is 0 or does not fit the type.
///
/// # Examples
///
/// ```
/// use common::cli::numbers::positive;
///
/// assert_eq!(positive::<u8>("2^7"), Ok(128));
/// assert_eq!(positive::<u8>("0"), Err("0: at least 1 is needed".to_owned()));
/// assert_eq!(positive::<u8>("256"), Err("256: too large".to_owned()));
/// ```
pub fn positive<N: TryFrom<u64>>(text: &str) -> Result<N, String> {
    match number(text).map_err(|error| error.to_string())? {
        0 => Err(format!("{text}: at least 1 is needed")),
        number => N::try_from(number).map_err(|_| format!("{text}: too large")),
    }
}

/// Like [`number`], but up to `u128::MAX`.
///
/// # Errors
///
/// Those of [`number`], with the limit `u128::MAX`.
///
/// # Examples
///
/// ```
/// use common::cli::numbers::wide_number;
///
/// assert_eq!(wide_number("2^128-1"), Ok(u128::MAX));
/// ```
pub fn wide_number(text: &str) -> Result<u128, NumberError> {
    let input = text.trim();
    WIDE.value(input, evaluate(input, NO_UNITS))
}

/// Reads a size in bytes: `4096`, `64KiB`, `10MB`, `1G`, `1.5GiB`, `100B`; case doesn't matter, and
/// expressions work as in [`number`].
///
/// As in the GNU tools, `K` and `KiB` are 1024 bytes, and `KB` is 1000; up to `T`.
///
/// # Errors
///
/// If the text is anything else, not a whole number of bytes, or over `u64::MAX`. The message
/// contains the text.
///
/// # Examples
///
/// ```
/// use common::cli::numbers::size;
///
/// assert_eq!(size("64KiB"), Ok(65_536));
/// assert_eq!(size("1G"), Ok(1 << 30));
/// assert_eq!(size("10MB"), Ok(10_000_000));
/// ```
pub fn size(text: &str) -> Result<u64, NumberError> {
    let units: Units = |unit| {
        Some(match unit.to_ascii_lowercase().as_str() {
            "b" => 1,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "tb" => 1_000_000_000_000,
            "k" | "kib" => 1 << 10,
            "m" | "mib" => 1 << 20,
            "g" | "gib" => 1 << 30,
            "t" | "tib" => 1 << 40,
            _ => return None,
        })
    };
    let input = text.trim();
    SIZE.value(input, evaluate(input, Some(units)))
}

/// Reads a duration: `250ms`, `1m30s`, `1.5h`, `5m` (minutes; also `min`), `10us`, `7ns`, `2d`. A
/// number without a unit is in seconds.
///
/// # Errors
///
/// If the text is anything else, or not a whole number of nanoseconds up to `u64::MAX`. The message
/// contains the text.
///
/// # Examples
///
/// ```
/// use common::cli::numbers::duration;
/// use std::time::Duration;
///
/// assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
/// assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
/// assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
/// ```
pub fn duration(text: &str) -> Result<Duration, NumberError> {
    const SECOND: u64 = 1_000_000_000;
    let units: Units = |unit| {
        Some(match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" | "min" => 60 * SECOND,
            "h" => 3_600 * SECOND,
            "d" => 86_400 * SECOND,
            _ => return None,
        })
    };
    let input = text.trim();
    let value = match input.strip_prefix('-') {
        Some(_) => Err(Refusal::Negative),
        None => sum_of_parts(input, units, SECOND),
    };
    DURATION.value(input, value).map(Duration::from_nanos)
}

#[cfg(test)]
mod tests;
