//! Numbers as people write them: `1e9`, `10_000_000`, `2^64-1`, `64KiB`, `250ms`.
//!
//! All exact: nothing goes through floating point. Each reader is usable as a clap `value_parser`.

use std::time::Duration;
use thiserror::Error;

/// What is wrong with a number; the text begins with the input.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NumberError {
    /// Nothing there.
    #[error("empty: expected {expected}")]
    Empty {
        /// What to write instead.
        expected: &'static str,
    },
    /// Not a number at all.
    #[error("{input}: not a number: expected {expected}")]
    NotANumber {
        /// What was written.
        input: String,
        /// What to write instead.
        expected: &'static str,
    },
    /// A number below zero.
    #[error("{input}: negative: expected {expected}")]
    Negative {
        /// What was written.
        input: String,
        /// What to write instead.
        expected: &'static str,
    },
    /// Something would be left over.
    #[error("{input}: not a whole number{of}")]
    Fraction {
        /// What was written.
        input: String,
        /// Of what: ` of bytes`, or nothing.
        of: &'static str,
    },
    /// Does not fit.
    #[error("{input}: too large: the largest is {largest}")]
    TooLarge {
        /// What was written.
        input: String,
        /// The limit.
        largest: &'static str,
    },
    /// A unit that is missing or unknown.
    #[error("{input}: unknown unit \"{unit}\": expected {expected}")]
    Unit {
        /// What was written.
        input: String,
        /// The unit in it.
        unit: String,
        /// What to write instead.
        expected: &'static str,
    },
}

/// What a reader accepts, for its errors.
struct Format {
    expected: &'static str,
    of: &'static str,
    largest: &'static str,
}

const NUMBER: Format = Format {
    expected: "a whole number such as 1000, 10_000, 1e9 or 2^32",
    of: "",
    largest: "18446744073709551615 (2^64-1)",
};
const SIZE: Format = Format {
    expected: "a size such as 4096, 64KiB, 10MB or 1GiB",
    of: " of bytes",
    largest: "18446744073709551615 bytes (16 EiB less one)",
};
const DURATION: Format = Format {
    expected: "a duration such as 250ms, 1s, 5m or 1h (also us, ns)",
    of: " of nanoseconds",
    largest: "18446744073709551615 nanoseconds (584 years)",
};

/// Why a number was refused, before the input is put in front.
enum Refusal {
    NotANumber,
    Fraction,
    TooLarge,
}

impl Format {
    fn error(&self, refusal: &Refusal, input: &str) -> NumberError {
        let (input, expected) = (input.to_owned(), self.expected);
        match refusal {
            Refusal::NotANumber if input.is_empty() => NumberError::Empty { expected },
            Refusal::NotANumber if input.starts_with('-') => {
                NumberError::Negative { input, expected }
            }
            Refusal::NotANumber => NumberError::NotANumber { input, expected },
            Refusal::Fraction => NumberError::Fraction { input, of: self.of },
            Refusal::TooLarge => NumberError::TooLarge {
                input,
                largest: self.largest,
            },
        }
    }
}

/// Reads a whole number: `1000`, `10_000_000`, `1e9`, `1.5e3`, `2^32`, `2^64-1`, `10^9+7`.
///
/// # Errors
///
/// Naming the input, when it is anything else, negative, not whole, or over `u64::MAX`.
///
/// # Examples
///
/// ```
/// use common::cli::numbers::number;
///
/// assert_eq!(number("1.5e3"), Ok(1500));
/// assert_eq!(number("2^64-1"), Ok(u64::MAX));
/// assert_eq!(
///     number("1e30").unwrap_err().to_string(),
///     "1e30: too large: the largest is 18446744073709551615 (2^64-1)",
/// );
/// ```
pub fn number(text: &str) -> Result<u64, NumberError> {
    let input = text.trim();
    let value = match input.split_once('^') {
        Some((base, rest)) => power(base, rest),
        None => decimal(input, 1),
    };
    value.map_err(|refusal| NUMBER.error(&refusal, input))
}

/// Reads a size in bytes: `4096`, `64KiB`, `10MB`, `1.5GiB`, `100B`; case doesn't matter.
///
/// `KB` is 1000 bytes and `KiB` 1024; up to `T` and `Ti`.
///
/// # Errors
///
/// Naming the input, when it is anything else, not a whole number of bytes, or over `u64::MAX`.
///
/// # Examples
///
/// ```
/// use common::cli::numbers::size;
///
/// assert_eq!(size("64KiB"), Ok(65_536));
/// assert_eq!(size("10MB"), Ok(10_000_000));
/// ```
pub fn size(text: &str) -> Result<u64, NumberError> {
    let input = text.trim();
    let (figure, unit) = split_unit(input);
    let scale = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err(unknown_unit(&SIZE, input, figure, unit)),
    };
    decimal(figure, scale).map_err(|refusal| SIZE.error(&refusal, input))
}

/// Reads a duration: `250ms`, `1s`, `1.5h`, `5m` (minutes; also `min`), `10us`, `7ns`.
///
/// # Errors
///
/// Naming the input, when it is anything else, has no unit, or isn't a whole number of nanoseconds
/// up to `u64::MAX`.
///
/// # Examples
///
/// ```
/// use common::cli::numbers::duration;
/// use std::time::Duration;
///
/// assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
/// assert!(duration("250").is_err());
/// ```
pub fn duration(text: &str) -> Result<Duration, NumberError> {
    let input = text.trim();
    let (figure, unit) = split_unit(input);
    let scale = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(unknown_unit(&DURATION, input, figure, unit)),
    };
    decimal(figure, scale)
        .map(Duration::from_nanos)
        .map_err(|refusal| DURATION.error(&refusal, input))
}

/// Splits `1.5e3KiB` before its unit. An `e` belongs to the number only before a digit.
fn split_unit(text: &str) -> (&str, &str) {
    let figure_ends = text
        .char_indices()
        .rfind(|(_, sign)| sign.is_ascii_digit() || matches!(sign, '_' | '.'))
        .map_or(0, |(at, _)| at + 1);
    let (figure, unit) = text.split_at(figure_ends);
    (figure, unit.trim())
}

fn unknown_unit(format: &Format, input: &str, figure: &str, unit: &str) -> NumberError {
    // Without a good number in front, the number is what is wrong.
    if let Err(refusal @ Refusal::NotANumber) = decimal(figure, 1) {
        return format.error(&refusal, input);
    }
    NumberError::Unit {
        input: input.to_owned(),
        unit: unit.to_owned(),
        expected: format.expected,
    }
}

/// `exponent`, `exponent-n` or `exponent+n` after `base^`.
fn power(base: &str, rest: &str) -> Result<u64, Refusal> {
    let at = rest.find(['+', '-']).unwrap_or(rest.len());
    let (exponent, offset) = rest.split_at(at);
    let base = u128::from(digits(base)?);
    let exponent = u32::try_from(digits(exponent)?).map_err(|_| Refusal::TooLarge)?;
    let power = base.checked_pow(exponent).ok_or(Refusal::TooLarge)?;
    let value = match offset.split_at_checked(1) {
        Some(("+", offset)) => power.checked_add(digits(offset)?.into()),
        Some((_, offset)) => power.checked_sub(digits(offset)?.into()),
        None => Some(power),
    };
    let value = value.ok_or(Refusal::NotANumber)?;
    u64::try_from(value).map_err(|_| Refusal::TooLarge)
}

/// `figure`, with an optional fraction and power of ten, times `scale`, if that is whole.
fn decimal(figure: &str, scale: u64) -> Result<u64, Refusal> {
    let (mantissa, exponent) = figure.split_once(['e', 'E']).unwrap_or((figure, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if mantissa.ends_with('.') {
        return Err(Refusal::NotANumber);
    }
    let fraction = fraction.trim_end_matches('0');
    let mut value = u128::from(digits(whole)?);
    for digit in fraction.chars() {
        let digit = digit.to_digit(10).ok_or(Refusal::NotANumber)?;
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(digit.into()))
            .ok_or(Refusal::Fraction)?;
    }
    let places = i64::try_from(fraction.len()).map_err(|_| Refusal::Fraction)?;
    let shift = power_of_ten(exponent)? - places;
    let scaled = value.checked_mul(scale.into()).ok_or(Refusal::TooLarge)?;
    u64::try_from(shifted(scaled, shift)?).map_err(|_| Refusal::TooLarge)
}

fn power_of_ten(text: &str) -> Result<i64, Refusal> {
    let (sign, figure) = match text.strip_prefix('-') {
        Some(figure) => (-1, figure),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let exponent = i32::try_from(digits(figure)?).map_err(|_| Refusal::TooLarge)?;
    Ok(sign * i64::from(exponent))
}

/// `value` times ten to the `shift`.
fn shifted(value: u128, shift: i64) -> Result<u128, Refusal> {
    if value == 0 {
        return Ok(0);
    }
    let (refusal, places) = match u32::try_from(shift) {
        Ok(places) => (Refusal::TooLarge, places),
        Err(_) => (Refusal::Fraction, u32::try_from(-shift).unwrap_or(u32::MAX)),
    };
    let Some(factor) = 10_u128.checked_pow(places) else {
        return Err(refusal);
    };
    match refusal {
        Refusal::Fraction if value.is_multiple_of(factor) => Ok(value / factor),
        Refusal::Fraction => Err(Refusal::Fraction),
        _ => value.checked_mul(factor).ok_or(Refusal::TooLarge),
    }
}

/// Digits with `_` between them, never first or last.
fn digits(text: &str) -> Result<u64, Refusal> {
    let well_placed = !text.starts_with('_') && !text.ends_with('_') && !text.is_empty();
    if !well_placed
        || !text
            .chars()
            .all(|sign| sign.is_ascii_digit() || sign == '_')
    {
        return Err(Refusal::NotANumber);
    }
    text.replace('_', "").parse().map_err(|_| Refusal::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_exactly() {
        let table = [
            ("0", 0),
            ("1000", 1000),
            ("10_000_000", 10_000_000),
            ("1e9", 1_000_000_000),
            ("1E9", 1_000_000_000),
            ("1e+3", 1000),
            ("1.5e3", 1500),
            ("1.500e1", 15),
            ("2.0", 2),
            ("1000e-3", 1),
            ("0e99999", 0),
            ("2^32", 1 << 32),
            ("2^64-1", u64::MAX),
            ("10^9+7", 1_000_000_007),
            ("18446744073709551615", u64::MAX),
            ("18446744073709551.615e3", u64::MAX),
            ("9007199254740993", (1 << 53) + 1),
            (" 7 ", 7),
        ];
        for (text, expected) in table {
            assert_eq!(number(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn refused_numbers_are_named_with_the_reason() {
        let table = [
            ("", "empty: expected a whole number"),
            ("-5", "-5: negative"),
            ("-1e3", "-1e3: negative"),
            ("abc", "abc: not a number"),
            ("1e30", "1e30: too large"),
            ("1e99999999999999999999", "too large"),
            ("2^64", "2^64: too large"),
            ("2^999", "2^999: too large"),
            ("18446744073709551616", "too large"),
            ("1.5", "1.5: not a whole number"),
            ("15e-1", "15e-1: not a whole number"),
            ("0.1e-99999", "not a whole number"),
            ("1.", "1.: not a number"),
            (".5e1", ".5e1: not a number"),
            ("1e", "1e: not a number"),
            ("e9", "e9: not a number"),
            ("_1", "_1: not a number"),
            ("1_", "1_: not a number"),
            ("2^", "2^: not a number"),
            ("^2", "^2: not a number"),
            ("2^3^4", "2^3^4: not a number"),
            ("2^3-9", "2^3-9: not a number"),
            ("+5", "+5: not a number"),
            ("0x10", "0x10: not a number"),
            ("1 000", "1 000: not a number"),
            ("٣", "٣: not a number"),
        ];
        for (text, expected) in table {
            let error = number(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn sizes_know_decimal_and_binary_units() {
        let table = [
            ("0", 0),
            ("4096", 4096),
            ("100B", 100),
            ("64KiB", 65_536),
            ("64 kib", 65_536),
            ("10MB", 10_000_000),
            ("1GiB", 1 << 30),
            ("1.5GiB", 3 << 29),
            ("2TiB", 2 << 40),
            ("1e3KB", 1_000_000),
        ];
        for (text, expected) in table {
            assert_eq!(size(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn refused_sizes_are_named_with_the_reason() {
        let table = [
            ("", "empty"),
            ("KiB", "KiB: not a number"),
            ("64Q", "64Q: unknown unit \"Q\""),
            ("64K", "64K: unknown unit \"K\""),
            ("0.3B", "0.3B: not a whole number of bytes"),
            ("16777216TiB", "too large"),
            ("-1KiB", "-1KiB: negative"),
        ];
        for (text, expected) in table {
            let error = size(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn durations_need_a_unit() {
        let table = [
            ("250ms", Duration::from_millis(250)),
            ("1s", Duration::from_secs(1)),
            ("1.5s", Duration::from_millis(1500)),
            ("5m", Duration::from_secs(300)),
            ("1h", Duration::from_secs(3600)),
            ("10us", Duration::from_micros(10)),
            ("10µs", Duration::from_micros(10)),
            ("7ns", Duration::from_nanos(7)),
            ("0s", Duration::ZERO),
        ];
        for (text, expected) in table {
            assert_eq!(duration(text), Ok(expected), "{text:?}");
        }
        for (text, expected) in [
            ("250", "250: unknown unit \"\""),
            ("1d", "1d: unknown unit \"d\""),
            ("0.5ns", "not a whole number of nanoseconds"),
            ("soon", "soon: not a number"),
            ("1e12h", "too large"),
        ] {
            let error = duration(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn every_number_is_read_back(value: u64) {
            prop_assert_eq!(number(&value.to_string()), Ok(value));
            prop_assert_eq!(size(&format!("{value}B")), Ok(value));
            prop_assert_eq!(duration(&format!("{value}ns")), Ok(Duration::from_nanos(value)));
        }

        #[test]
        fn moving_the_point_changes_nothing(value: u64, places in 0_usize..25) {
            let digits = format!("{value:0>width$}", width = places + 1);
            let (whole, fraction) = digits.split_at(digits.len() - places);
            let text = if places == 0 {
                digits.clone()
            } else {
                format!("{whole}.{fraction}e{places}")
            };
            prop_assert_eq!(number(&text), Ok(value), "{}", text);
        }

        #[test]
        fn no_text_makes_a_reader_panic(text in ".*") {
            let _ = (number(&text), size(&text), duration(&text));
        }

        #[test]
        fn nothing_that_looks_like_a_number_makes_a_reader_panic(
            text in "[-+]?[0-9_.]{0,25}[eE^]?[-+]?[0-9]{0,12}(KiB|ms|h)?"
        ) {
            let _ = (number(&text), size(&text), duration(&text));
        }
    }
}
