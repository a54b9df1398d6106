//! Reads numbers as words, from the command line or from standard input.

use std::io::{self, BufRead, Write};

use common::cli::{Outcome, Stdout};
use common::text::escaped;

use super::args::NumbersArgs;

/// The maximum length of a word. A longer one is not a number, and is not stored.
const LONGEST_WORD: usize = 100;

/// Answers for each number as soon as it is read. A word that is not a number is reported, and the
/// others are still answered. The output is flushed before the program waits for more input. So a
/// person or a program at the other end gets each answer at once, and a file with many numbers
/// needs few writes.
pub(super) fn for_each<N, E: ToString>(
    args: &NumbersArgs,
    parse: impl Fn(&str) -> Result<N, E>,
    mut answer: impl FnMut(&mut Stdout, N) -> io::Result<()>,
) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    let mut outcome = Outcome::Done;
    let mut visit = |out: &mut Stdout, place: Place, word: Result<&str, &str>| {
        let number = word
            .map_err(str::to_owned)
            .and_then(|word| parse(word).map_err(|error| error.to_string()));
        match number {
            Ok(number) => answer(out, number),
            Err(error) => {
                // First print the answers to the words before.
                out.flush()?;
                let error = escaped(&error);
                match place {
                    Place::Argument => common::remark!("error: {error}"),
                    Place::Line(line) => {
                        common::remark!("error: standard input, line {line}: {error}");
                    }
                }
                outcome = Outcome::SomeFailed;
                Ok(())
            }
        }
    };
    for word in &args.numbers {
        visit(&mut out, Place::Argument, Ok(word))?;
        // The next number may take seconds.
        out.flush()?;
    }
    if args.numbers.is_empty() {
        each_word(io::stdin().lock(), |event| match event {
            Event::Word(line, word) => visit(&mut out, Place::Line(line), word),
            Event::Waiting => out.flush(),
        })?;
    }
    out.flush()?;
    Ok(outcome)
}

/// The place of a word.
#[derive(Clone, Copy)]
enum Place {
    Argument,
    /// On a line of standard input.
    Line(u64),
}

/// A result of reading.
enum Event<'w> {
    /// A word and its line number, or an error if the word is too long or is not text.
    Word(u64, Result<&'w str, &'w str>),
    /// All available input was read. Reading more may take any time.
    Waiting,
}

/// Reads words to the end of the input.
fn each_word(
    mut input: impl BufRead,
    mut visit: impl FnMut(Event<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut line = 1;
    let mut word = Vec::new();
    loop {
        let bytes = input.fill_buf()?;
        let ends = bytes.is_empty();
        let all = bytes.len();
        let space = bytes.iter().position(u8::is_ascii_whitespace);
        let taken = space.unwrap_or(bytes.len());
        // Reading one byte more than the maximum shows that a word is too long.
        let room = (LONGEST_WORD + 1).saturating_sub(word.len());
        word.extend_from_slice(&bytes[..taken.min(room)]);
        let newline = space.is_some_and(|space| bytes[space] == b'\n');
        let consumed = taken + usize::from(space.is_some());
        input.consume(consumed);
        if (space.is_some() || ends) && !word.is_empty() {
            let text = match word.len() {
                0..=LONGEST_WORD => str::from_utf8(&word).map_err(|_| "not text"),
                _ => Err("a word longer than 100 bytes: not a number"),
            };
            visit(Event::Word(line, text))?;
            word.clear();
        }
        line += u64::from(newline);
        if ends {
            return Ok(());
        }
        if consumed == all {
            visit(Event::Waiting)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(input: &[u8]) -> Vec<(u64, String)> {
        let mut words = Vec::new();
        // With a buffer of three bytes, every longer word is put together from parts.
        let input = io::BufReader::with_capacity(3, input);
        each_word(input, |event| {
            if let Event::Word(line, word) = event {
                words.push((line, word.unwrap_or_else(|error| error).to_owned()));
            }
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
            expected(&[(1, "a word longer than 100 bytes: not a number"), (1, "8")])
        );
        assert_eq!(words(&b"7".repeat(100)).len(), 1);
        assert_eq!(words(b"\xff\n9"), expected(&[(1, "not text"), (2, "9")]));
    }
}
