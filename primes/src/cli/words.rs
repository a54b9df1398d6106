//! Numbers as words, from the command line or from standard input.

use std::io::{self, BufRead, Write};

use common::cli::{Outcome, Stdout};
use common::text::escaped;

use super::args::NumbersArgs;

/// The longest word read: what is longer is no number, and is not kept.
const LONGEST_WORD: usize = 100;

/// Answers for each number, as soon as it is read. What is no number is reported, and the rest still
/// answered. What was answered is flushed before more has to be waited for: to somebody who types, or
/// to a program, it is there at once, and a file of many numbers costs few writes.
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
                // Behind the answers to what came before.
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
        // The next may take seconds.
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

/// Where a word was.
#[derive(Clone, Copy)]
enum Place {
    Argument,
    /// Of standard input.
    Line(u64),
}

/// What reading comes to.
enum Event<'w> {
    /// A word and the number of its line, or an error for one that is too long or is not text.
    Word(u64, Result<&'w str, &'w str>),
    /// All that has come was read: reading on may take any time.
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
        // One more than is read of a word shows that it is too long.
        let room = (LONGEST_WORD + 1).saturating_sub(word.len());
        word.extend_from_slice(&bytes[..taken.min(room)]);
        let newline = space.is_some_and(|space| bytes[space] == b'\n');
        let consumed = taken + usize::from(space.is_some());
        input.consume(consumed);
        if (space.is_some() || ends) && !word.is_empty() {
            let text = match word.len() {
                0..=LONGEST_WORD => str::from_utf8(&word).map_err(|_| "not text"),
                _ => Err("a word of over 100 bytes: not a number"),
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
        // A buffer of three bytes: every word of more is put together.
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
            expected(&[(1, "a word of over 100 bytes: not a number"), (1, "8")])
        );
        assert_eq!(words(&b"7".repeat(100)).len(), 1);
        assert_eq!(words(b"\xff\n9"), expected(&[(1, "not text"), (2, "9")]));
    }
}
