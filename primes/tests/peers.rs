//! Random questions to primesieve, GNU factor and this command; and the published counts.
//!
//! CI runs a short form. The full form takes some minutes:
//! `PRIMES_ROUNDS=1000 cargo test --release -p primes --test peers -- --include-ignored`

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// How many questions are sent.
fn rounds() -> u64 {
    let rounds = std::env::var("PRIMES_ROUNDS").ok();
    rounds.map_or(50, |rounds| rounds.parse().unwrap())
}

/// Whether a program is installed. In CI a missing one is an error.
fn is_there(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "{program} is missing"
    );
    if !found {
        eprintln!("skipped: {program} is missing");
    }
    found
}

/// The output of a program for an input.
fn output(program: &str, words: &[String], input: &str) -> String {
    let mut child = Command::new(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{program} {words:?}");
    String::from_utf8(output.stdout).unwrap()
}

const PRIMES: &str = env!("CARGO_BIN_EXE_primes");

/// Marsaglia's xorshift, with a fixed seed: the same questions every time.
struct Random(u64);

impl Random {
    fn bits(&mut self, bits: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> (64 - bits)
    }

    fn up_to(&mut self, most: u64) -> u64 {
        self.bits(64) % (most + 1)
    }
}

#[test]
fn random_ranges_are_counted_as_primesieve_does() {
    if !is_there("primesieve") {
        return;
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let models = ["serial", "threads", "rayon", "async", "processes"];
    for _ in 0..rounds() {
        let bits = 1 + random.up_to(63);
        let start = random.bits(bits);
        let most = [0, 100, 5_000, 1_000_000, 10_000_000][random.up_to(4) as usize];
        let most = if bits > 58 { most.min(1_000_000) } else { most };
        let stop = start.saturating_add(random.up_to(most));
        let size = 1 + random.up_to(5);
        let model = models[random.up_to(4) as usize];
        let jobs = 1 + random.up_to(8);
        let range = [start.to_string(), stop.to_string()];
        let ours = format!("count -q --tuplets {size} --model {model} -j {jobs}");
        let mut words: Vec<String> = ours.split(' ').map(str::to_owned).collect();
        words.extend(range.clone());
        let counted = output(PRIMES, &words, "");
        let theirs = [vec!["-q".to_owned(), format!("-c{size}")], range.to_vec()].concat();
        let expected = output("primesieve", &theirs, "");
        let expected = expected.split_whitespace().last().unwrap();
        assert_eq!(counted.trim(), expected, "{words:?}");
    }
}

#[test]
fn random_numbers_are_factored_as_gnu_factor_does() {
    if !is_there("factor") {
        return;
    }
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut numbers = String::new();
    for _ in 0..20 * rounds() {
        let bits = 1 + random.up_to(63);
        let _ = writeln!(numbers, "{}", random.bits(bits));
    }
    // Fewer above 64 bits, because a large factor takes longer.
    for _ in 0..rounds() / 10 {
        let wide = u128::from(random.bits(40)) << 50 | u128::from(random.bits(50));
        let _ = writeln!(numbers, "{wide}");
    }
    let factor = ["factor".to_owned()];
    let (ours, theirs) = (
        output(PRIMES, &factor, &numbers),
        output("factor", &[], &numbers),
    );
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.lines().count(), theirs.lines().count());
}

/// Expected: `factor(n)` of PARI 2.15.
#[test]
fn numbers_are_factored_as_pari_does() {
    for (n, factors) in [
        ("1085170950648161910", "2 3 3 5 13 59 103 152624080799"),
        ("581525528614250237", "2269 256291550733473"),
        ("33741532535030006", "2 97 349 3917 127228403"),
        ("667062073075854040", "2 2 2 5 13 61 21029699655607"),
        ("101453778437224840", "2 2 2 5 11 11 151 607 5153 44381"),
        ("1148230604369320084", "2 2 37615399 7631386579"),
        (
            "425812330373932408733382514",
            "2 7 23 229 14251 93862367 4317079409",
        ),
        (
            "903033996035800277616365289",
            "3 127 96289 747577783 32926537387",
        ),
        (
            "599878103243491129101352773",
            "3 196264631 1018825280586752161",
        ),
        (
            "247423789548939588784942682",
            "2 4513 8069 14524963 233889849731",
        ),
        ("2000000000081000000000117", "1000000000039 2000000000003"),
        (
            "1267650600228353250486455897041",
            "1125899906842679 1125899906842679",
        ),
        ("618970019642690137449562111", "618970019642690137449562111"),
        (
            "2535301200456458802993406410751",
            "7432339208719 341117531003194129",
        ),
    ] {
        let factored = output(PRIMES, &["factor".to_owned(), n.to_owned()], "");
        assert_eq!(factored, format!("{n}: {factors}\n"));
    }
}

/// OEIS A006880, beyond the library's own tests. Half a minute in a release build.
#[test]
#[ignore = "long: by the command at the head of the file"]
fn powers_of_ten_to_1e17() {
    for (x, expected) in [
        ("1e14", "3204941750802"),
        ("1e15", "29844570422669"),
        ("1e16", "279238341033925"),
        ("1e17", "2623557157654233"),
    ] {
        let words = ["count", "-q", x].map(str::to_owned);
        assert_eq!(output(PRIMES, &words, "").trim(), expected, "{x}");
    }
}
