//! Numbers as words, from the command line or from standard input.

use std::io::{self, BufRead};

use common::cli::{Outcome, numbers};

use super::args::NumbersArgs;

/// The longest word read: what is longer is no number, and is not kept.
const LONGEST_WORD: usize = 100;

/// Asks of each number, as soon as it is read. What is no number is reported, and the rest still
/// answered.
pub(super) fn for_each(
    args: &NumbersArgs,
    mut ask: impl FnMut(u64) -> io::Result<()>,
) -> anyhow::Result<Outcome> {
    if !args.numbers.is_empty() {
        args.numbers.iter().try_for_each(|&n| ask(n))?;
        return Ok(Outcome::Done);
    }
    let mut outcome = Outcome::Done;
    each_word(io::stdin().lock(), |line, word| {
        match word
            .map_err(str::to_owned)
            .and_then(|word| numbers::number(word).map_err(|error| error.to_string()))
        {
            Ok(n) => ask(n),
            Err(error) => {
                common::remark!("error: standard input, line {line}: {error}");
                outcome = Outcome::SomeFailed;
                Ok(())
            }
        }
    })?;
    Ok(outcome)
}

/// Calls `visit` with each word and the number of its line; with an error for a word that is too
/// long or is not text.
fn each_word(
    mut input: impl BufRead,
    mut visit: impl FnMut(u64, Result<&str, &str>) -> io::Result<()>,
) -> io::Result<()> {
    let mut line = 1;
    let mut word = Vec::new();
    loop {
        let bytes = input.fill_buf()?;
        let ends = bytes.is_empty();
        let space = bytes.iter().position(u8::is_ascii_whitespace);
        let taken = space.unwrap_or(bytes.len());
        // One more than is read of a word shows that it is too long.
        let room = (LONGEST_WORD + 1).saturating_sub(word.len());
        word.extend_from_slice(&bytes[..taken.min(room)]);
        let newline = space.is_some_and(|space| bytes[space] == b'\n');
        input.consume(taken + usize::from(space.is_some()));
        if (space.is_some() || ends) && !word.is_empty() {
            let text = match word.len() {
                0..=LONGEST_WORD => str::from_utf8(&word).map_err(|_| "not text"),
                _ => Err("a word of over 100 bytes: not a number"),
            };
            visit(line, text)?;
            word.clear();
        }
        line += u64::from(newline);
        if ends {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(input: &[u8]) -> Vec<(u64, String)> {
        let mut words = Vec::new();
        // A buffer of three bytes: every word of more is put together.
        let input = io::BufReader::with_capacity(3, input);
        each_word(input, |line, word| {
            words.push((line, word.unwrap_or_else(|error| error).to_owned()));
            Ok(())
        })
        .unwrap();
        words
    }

    fn expected(words: &[(u64, &str)]) -> Vec<(u64, String)> {
        words
            .iter()
            .map(|&(line, word)| (line, word.to_owned()))
            .collect()
    }

    #[test]
    fn words_come_with_their_lines() {
        assert_eq!(words(b""), []);
        assert_eq!(words(b" \n\n "), []);
        assert_eq!(
            words(b"12345 6\n\n789"),
            expected(&[(1, "12345"), (1, "6"), (3, "789")])
        );
        assert_eq!(words(b"7\r\n8\r\n"), expected(&[(1, "7"), (2, "8")]));
    }

    #[test]
    fn what_is_no_word_is_reported_and_the_rest_goes_on() {
        let long = [b"7".repeat(101), b" 8".to_vec()].concat();
        assert_eq!(
            words(&long),
            expected(&[(1, "a word of over 100 bytes: not a number"), (1, "8")])
        );
        assert_eq!(words(&b"7".repeat(100)).len(), 1);
        assert_eq!(words(b"\xff\n9"), expected(&[(1, "not text"), (2, "9")]));
    }
}
