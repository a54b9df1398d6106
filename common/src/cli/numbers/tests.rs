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
        ("+5", 5),
        ("2^64-1e9", u64::MAX - 999_999_999),
        ("1e18+1", 1_000_000_000_000_000_001),
        ("3*5", 15),
        ("0x10", 16),
        ("0xFFFF_FFFF_FFFF_FFFF", u64::MAX),
        ("(1 + 2) * 3", 9),
        ("2^3^2", 512),
        ("2**10", 1024),
        ("1<<40", 1 << 40),
        ("1e9>>3", 125_000_000),
        ("7/2", 3),
        ("10-3-2", 5),
        ("7%4", 3),
        ("5-10+20", 15),
        ("-2*-3", 6),
        ("2^100/2^99", 2),
        ("1e40/1e39", 10),
        ("1^99999999999999999999", 1),
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
        ("2^3^4", "2^3^4: too large"),
        ("2^3-9", "2^3-9: negative"),
        ("2^-1", "2^-1: not a whole number"),
        ("0x", "0x: not a number"),
        ("0xg", "0xg: not a number"),
        ("1/0", "1/0: division by zero"),
        ("1%0", "1%0: division by zero"),
        ("(1", "(1: not a number"),
        ("1)", "1): not a number"),
        ("()", "(): not a number"),
        ("1+", "1+: not a number"),
        ("3*", "3*: not a number"),
        ("2 3", "2 3: not a number"),
        ("1.5*2", "1.5*2: not a whole number"),
        ("1e77", "1e77: too large"),
        ("2^255", "2^255: too large"),
        ("1<<99999", "1<<99999: too large"),
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
fn deep_and_long_input_is_refused_and_shortened() {
    for text in [
        "(".repeat(100_000),
        "-".repeat(100_000),
        "1^".repeat(100_000) + "1",
    ] {
        let error = number(&text).unwrap_err().to_string();
        assert!(error.contains("…: not a number"), "{error}");
        assert!(error.len() < 300, "{error}");
    }
    assert_eq!(
        number(&format!("{}7{}", "(".repeat(50), ")".repeat(50))),
        Ok(7)
    );
}

#[test]
fn wide_numbers_reach_to_128_bits() {
    assert_eq!(wide_number("2^127-1"), Ok(i128::MAX.unsigned_abs()));
    let error = wide_number("2^128").unwrap_err().to_string();
    assert!(
        error.contains("2^128: too large: the largest is 34028"),
        "{error}"
    );
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
        ("64K", 65_536),
        ("1G", 1 << 30),
        ("2^20", 1 << 20),
        ("2*64KiB+1", 131_073),
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
fn durations_have_units_or_are_seconds() {
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
        ("1m30s", Duration::from_secs(90)),
        ("1h 30min", Duration::from_secs(5400)),
        ("10", Duration::from_secs(10)),
        ("0.25", Duration::from_millis(250)),
        ("2d", Duration::from_secs(172_800)),
    ];
    for (text, expected) in table {
        assert_eq!(duration(text), Ok(expected), "{text:?}");
    }
    for (text, expected) in [
        ("1m30", "1m30: unknown unit \"\""),
        ("1y", "1y: unknown unit \"y\""),
        ("-1s", "-1s: negative"),
        ("1+1", "1+1: unknown unit"),
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
        let _ = (number(&text), size(&text), duration(&text), wide_number(&text));
    }

    #[test]
    fn nothing_that_is_an_expression_makes_a_reader_panic(
        text in "([-+(]{0,3}([0-9]{1,3}|0x[0-9a-f]{1,40}|1e[0-9]{1,3})[)]{0,2}([-+*/%^]|<<|>>|[*][*])){1,6}[0-9]"
    ) {
        let _ = (number(&text), wide_number(&text), size(&text));
    }

    #[test]
    fn arithmetic_is_that_of_wide_integers(a: u32, b: u32, c in 1_u32..) {
        let (wide_a, wide_b, wide_c) = (i128::from(a), i128::from(b), i128::from(c));
        let expected = wide_a * wide_b / wide_c + (wide_a - wide_b) % wide_c + (1 << 70);
        let text = format!("{a}*{b}/{c} + ({a}-{b})%{c} + 2^70");
        prop_assert_eq!(wide_number(&text), Ok(expected.unsigned_abs()), "{}", text);
    }

    #[test]
    fn nothing_that_looks_like_a_number_makes_a_reader_panic(
        text in "[-+]?[0-9_.]{0,25}[eE^]?[-+]?[0-9]{0,12}(KiB|ms|h)?"
    ) {
        let _ = (number(&text), size(&text), duration(&text));
    }
}
