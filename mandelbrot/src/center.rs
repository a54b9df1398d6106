//! The point in the middle of a view, with all its digits.

use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;
use num_complex::Complex;
use serde::{Deserialize, Serialize};

/// The maximum number of digits, and of zeros before or after them: more than twice the number for
/// the deepest zoom.
const MOST_DIGITS: usize = 1000;

/// A decimal number, exactly as it was written.
///
/// # Examples
///
/// ```
/// use mandelbrot::center::Decimal;
/// let number: Decimal = "-0.1000000000000000000000000000000000000001".parse()?;
/// assert_eq!(number.to_f64(), -0.1);
/// assert_eq!(number.to_string(), "-0.1000000000000000000000000000000000000001");
/// # Ok::<(), mandelbrot::center::ParseDecimalError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Decimal {
    text: String,
    /// All digits, without the decimal point.
    digits: BigInt,
    /// The power of ten: the number is `digits` times ten to the power `exponent`.
    exponent: i32,
}

/// The error for a text that is not a number, or has too many digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: not a decimal number of at most {MOST_DIGITS} digits", .0.chars().take(40).collect::<String>())]
pub struct ParseDecimalError(String);

impl FromStr for Decimal {
    type Err = ParseDecimalError;

    /// Reads `-0.75`, `1e-30`, `.5`.
    fn from_str(text: &str) -> Result<Decimal, ParseDecimalError> {
        let text = text.trim();
        let error = || ParseDecimalError(text.to_owned());
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().map_err(|_| error())?),
            None => (text, 0),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let length = unsigned.len() + fraction.len();
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let good = length > 0
            && length <= MOST_DIGITS
            && exponent.unsigned_abs() as usize <= MOST_DIGITS
            && are_digits(unsigned)
            && are_digits(fraction);
        if !good {
            return Err(error());
        }
        let digits = format!("{whole}{fraction}").parse().map_err(|_| error())?;
        Ok(Decimal {
            text: text.to_owned(),
            digits,
            // Both are at most one thousand.
            exponent: exponent - fraction.len() as i32,
        })
    }
}

impl Decimal {
    /// The nearest `f64`.
    pub fn to_f64(&self) -> f64 {
        // The standard library reads every such text, and rounds correctly.
        self.text.parse().unwrap_or(f64::NAN)
    }

    /// The number times two to the power `bits`, rounded down.
    pub(crate) fn to_fixed(&self, bits: u64) -> BigInt {
        let ten = BigInt::from(10_u8).pow(self.exponent.unsigned_abs());
        let shifted = &self.digits << bits;
        match self.exponent < 0 {
            true => shifted / ten,
            false => shifted * ten,
        }
    }
}

impl From<f64> for Decimal {
    /// The shortest decimal number that reads as this `f64`. NaN and infinities become 0.
    fn from(number: f64) -> Decimal {
        format!("{number:?}").parse().unwrap_or_else(|_| Decimal {
            text: "0.0".to_owned(),
            digits: BigInt::ZERO,
            exponent: 0,
        })
    }
}

impl From<Decimal> for String {
    fn from(number: Decimal) -> String {
        number.text
    }
}

impl TryFrom<String> for Decimal {
    type Error = ParseDecimalError;

    fn try_from(text: String) -> Result<Decimal, ParseDecimalError> {
        text.parse()
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A point of the complex plane, with all digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Center {
    /// Its real part.
    pub re: Decimal,
    /// Its imaginary part.
    pub im: Decimal,
}

impl Center {
    /// The point, with both parts rounded to `f64`.
    pub fn rounded(&self) -> Complex<f64> {
        Complex::new(self.re.to_f64(), self.im.to_f64())
    }
}

impl From<Complex<f64>> for Center {
    fn from(point: Complex<f64>) -> Center {
        Center {
            re: point.re.into(),
            im: point.im.into(),
        }
    }
}

impl fmt::Display for Center {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.re, self.im)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_the_last_digit() {
        let fixed = |text: &str, bits| text.parse::<Decimal>().unwrap().to_fixed(bits);
        assert_eq!(fixed("0.5", 10), BigInt::from(512));
        assert_eq!(fixed("-0.75", 8), BigInt::from(-192));
        assert_eq!(fixed("+2", 3), BigInt::from(16));
        assert_eq!(fixed(".25e1", 2), BigInt::from(10));
        assert_eq!(fixed("1e2", 1), BigInt::from(200));
        // This is 10^-5 of an `f64`'s last place: 2^200 / 10^60.
        let tiny = format!("0.{}1", "0".repeat(59));
        let expected: BigInt = BigInt::from(2).pow(200) / BigInt::from(10).pow(60);
        assert_eq!(fixed(&tiny, 200), expected);
        assert_eq!(fixed("1e-60", 200), expected);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let long = "1".repeat(MOST_DIGITS + 1);
        for text in [
            "", "-", ".", "1.2.3", "nan", "inf", "1e", "1e9999", "0x10", "--1", &long,
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }
}
