//! Arithmetic in numbers: operators, parentheses and literals.
//!
//! Everything is exact: each step has 256 bits, so `2^128-1` and `5-10+20` work. A result that does
//! not fit is an error.

use ethnum::I256;

/// The maximum nesting depth of parentheses, signs and powers.
const DEEPEST: usize = 64;

/// The reason why a number was refused, without the input.
#[derive(Debug)]
pub(super) enum Refusal {
    NotANumber,
    Negative,
    Fraction,
    TooLarge,
    DivisionByZero,
    Unit(String),
}

use Refusal::{DivisionByZero, Fraction, NotANumber, TooLarge};

/// Returns the factor of a unit, or `None` for an unknown unit.
pub(super) type Units = fn(&str) -> Option<u64>;

/// No units: letters after a literal are an error.
pub(super) const NO_UNITS: Option<Units> = None;

/// Evaluates the whole of `text`.
///
/// Operators from the weakest to the strongest: `<<` `>>`, `+` `-`, `*` `/` `%`, sign, `^` or `**`
/// (right-associative). Division rounds towards zero.
pub(super) fn evaluate(text: &str, units: Option<Units>) -> Result<I256, Refusal> {
    let mut parser = Parser::new(text, units);
    let value = parser.shifts()?;
    match parser.rest() {
        "" => Ok(value),
        _ => Err(NotANumber),
    }
}

/// Reads a sequence of literals with units, such as `1m30s`, and returns the sum. A literal without
/// a unit has the factor `alone`.
pub(super) fn sum_of_parts(text: &str, units: Units, alone: u64) -> Result<I256, Refusal> {
    let mut parser = Parser::new(text, Some(units));
    let mut sum = I256::ZERO;
    let mut parts = 0;
    loop {
        let figure = parser.figure()?;
        parts += 1;
        let ends = parser.rest().is_empty();
        let scale = match figure.unit {
            Some(scale) => scale,
            None if parts == 1 && ends => alone,
            None => return Err(Refusal::Unit(String::new())),
        };
        let part = figure.decimal.times(scale)?;
        sum = sum.checked_add(part).ok_or(TooLarge)?;
        if ends {
            return Ok(sum);
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
    units: Option<Units>,
    depth: usize,
}

/// A literal and the factor of its unit.
struct Figure {
    decimal: Decimal,
    unit: Option<u64>,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str, units: Option<Units>) -> Parser<'t> {
        Parser {
            rest: text,
            units,
            depth: 0,
        }
    }

    /// Skips blanks and returns the rest of the input.
    fn rest(&mut self) -> &'t str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    /// Takes one of `signs`, if the input continues with it.
    fn take(&mut self, signs: &[&'static str]) -> Option<&'static str> {
        let rest = self.rest();
        let sign = signs.iter().find(|&&sign| rest.starts_with(sign))?;
        self.rest = &rest[sign.len()..];
        Some(sign)
    }

    /// Takes characters as long as `part` holds.
    fn take_while(&mut self, part: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|sign| !part(sign));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    fn deeper(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<I256, Refusal>,
    ) -> Result<I256, Refusal> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(NotANumber);
        }
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn shifts(&mut self) -> Result<I256, Refusal> {
        let mut value = self.sum()?;
        while let Some(sign) = self.take(&["<<", ">>"]) {
            let places = u32::try_from(self.sum()?).map_err(|_| NotANumber)?;
            let factor = I256::new(2).checked_pow(places);
            value = match (sign, factor) {
                ("<<", Some(factor)) => value.checked_mul(factor).ok_or(TooLarge)?,
                ("<<", None) => return Err(TooLarge),
                (_, Some(factor)) => value / factor,
                (_, None) => I256::ZERO,
            };
        }
        Ok(value)
    }

    fn sum(&mut self) -> Result<I256, Refusal> {
        let mut value = self.product()?;
        while let Some(sign) = self.take(&["+", "-"]) {
            let other = self.product()?;
            let sum = match sign {
                "+" => value.checked_add(other),
                _ => value.checked_sub(other),
            };
            value = sum.ok_or(TooLarge)?;
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<I256, Refusal> {
        let mut value = self.signed()?;
        while let Some(sign) = self.take(&["*", "/", "%"]) {
            let other = self.signed()?;
            if sign != "*" && other == I256::ZERO {
                return Err(DivisionByZero);
            }
            let product = match sign {
                "*" => value.checked_mul(other),
                "/" => value.checked_div(other),
                _ => value.checked_rem(other),
            };
            value = product.ok_or(TooLarge)?;
        }
        Ok(value)
    }

    fn signed(&mut self) -> Result<I256, Refusal> {
        match self.take(&["-", "+"]) {
            Some("-") => self.deeper(|it| it.signed()?.checked_neg().ok_or(TooLarge)),
            Some(_) => self.deeper(Self::signed),
            None => self.power(),
        }
    }

    fn power(&mut self) -> Result<I256, Refusal> {
        let base = match self.take(&["("]) {
            Some(_) => {
                let value = self.deeper(Self::shifts)?;
                self.take(&[")"]).ok_or(NotANumber)?;
                value
            }
            None => {
                let figure = self.figure()?;
                figure.decimal.times(figure.unit.unwrap_or(1))?
            }
        };
        if self.take(&["^", "**"]).is_none() {
            return Ok(base);
        }
        let exponent = self.deeper(Self::signed)?;
        if exponent < I256::ZERO {
            return Err(Fraction);
        }
        match u32::try_from(exponent) {
            Ok(exponent) => base.checked_pow(exponent).ok_or(TooLarge),
            Err(_) if base == I256::ZERO || base == I256::ONE => Ok(base),
            Err(_) => Err(TooLarge),
        }
    }

    /// Reads `1_000`, `1.5e3` or `0xff`, with its unit if units are allowed.
    fn figure(&mut self) -> Result<Figure, Refusal> {
        let rest = self.rest();
        if let Some(hex) = rest.strip_prefix("0x").or(rest.strip_prefix("0X")) {
            self.rest = hex;
            let digits = self.take_while(|sign| sign.is_ascii_hexdigit() || sign == '_');
            return Ok(Figure {
                decimal: Decimal::whole(number(digits, 16)?),
                unit: None,
            });
        }
        let decimal = self.decimal()?;
        let Some(units) = self.units else {
            return Ok(Figure {
                decimal,
                unit: None,
            });
        };
        self.rest();
        let unit = match self.take_while(char::is_alphabetic) {
            "" => None,
            unit => Some(units(unit).ok_or_else(|| Refusal::Unit(unit.to_owned()))?),
        };
        Ok(Figure { decimal, unit })
    }

    fn decimal(&mut self) -> Result<Decimal, Refusal> {
        let digit = |sign: char| sign.is_ascii_digit() || sign == '_';
        let whole = self.take_while(digit);
        let mut digits = whole.to_owned();
        number(whole, 10).or_else(|refusal| match refusal {
            // With a negative exponent the value may be zero.
            TooLarge => Ok(I256::ZERO),
            refusal => Err(refusal),
        })?;
        let mut places = 0;
        if let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            let fraction = self.take_while(|sign| sign.is_ascii_digit());
            if fraction.is_empty() {
                return Err(NotANumber);
            }
            digits.push_str(fraction);
            places = fraction.len();
        }
        let exponent = self.exponent()?;
        // Drop trailing zeros: there may be very many.
        let significant = digits.trim_end_matches(['0', '_']);
        let zeros = digits[significant.len()..].matches('0').count();
        if significant.is_empty() {
            return Ok(Decimal::whole(I256::ZERO));
        }
        let shift = exponent
            .checked_add(zeros as i64)
            .and_then(|shift| shift.checked_sub(places as i64))
            .ok_or(TooLarge)?;
        let value = number(significant, 10).map_err(|refusal| match refusal {
            TooLarge if shift < 0 => Fraction,
            refusal => refusal,
        })?;
        Ok(Decimal { value, shift })
    }

    /// Reads an exponent: `e9`, `E+9` or `e-9`. An `e` without digits is not an exponent.
    fn exponent(&mut self) -> Result<i64, Refusal> {
        let Some(rest) = self.rest.strip_prefix(['e', 'E']) else {
            return Ok(0);
        };
        let (sign, rest) = match rest.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, rest.strip_prefix('+').unwrap_or(rest)),
        };
        if !rest.starts_with(|sign: char| sign.is_ascii_digit()) {
            return Ok(0);
        }
        self.rest = rest;
        let digits = self.take_while(|sign| sign.is_ascii_digit() || sign == '_');
        let exponent = i32::try_from(number(digits, 10)?).map_err(|_| TooLarge)?;
        Ok(sign * i64::from(exponent))
    }
}

/// `value` times ten to the power `shift`. `value` does not end in zero, unless it is zero.
struct Decimal {
    value: I256,
    shift: i64,
}

impl Decimal {
    fn whole(value: I256) -> Decimal {
        Decimal { value, shift: 0 }
    }

    /// The product with `scale`, if it is a whole number.
    fn times(self, scale: u64) -> Result<I256, Refusal> {
        let value = self.value.checked_mul(I256::from(scale)).ok_or(TooLarge)?;
        if value == I256::ZERO {
            return Ok(value);
        }
        let places = u32::try_from(self.shift.unsigned_abs()).map_err(|_| TooLarge);
        let factor = |places| I256::new(10).checked_pow(places);
        if self.shift >= 0 {
            let factor = factor(places?).ok_or(TooLarge)?;
            return value.checked_mul(factor).ok_or(TooLarge);
        }
        match places.ok().and_then(factor) {
            Some(factor) if value % factor == I256::ZERO => Ok(value / factor),
            _ => Err(Fraction),
        }
    }
}

/// Reads digits with `_` between them (not first or last).
fn number(text: &str, radix: u32) -> Result<I256, Refusal> {
    if text.is_empty() || text.starts_with('_') || text.ends_with('_') {
        return Err(NotANumber);
    }
    let digits = text.replace('_', "");
    I256::from_str_radix(&digits, radix).map_err(|_| TooLarge)
}
