//! Questions on a terminal.

use std::io::{self, BufRead, Write};

/// Asks until the answer can be parsed. An empty answer, or the end of the input, is the default.
pub(super) fn ask<T>(
    question: &str,
    default: &str,
    read: impl Fn(&str) -> Result<T, String>,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<T> {
    loop {
        write!(output, "{question} [{default}] ")?;
        output.flush()?;
        let mut line = String::new();
        let ended = input.read_line(&mut line)? == 0;
        let answer = match line.trim() {
            "" => default,
            answer => answer,
        };
        match read(answer) {
            Ok(value) => return Ok(value),
            Err(error) if ended => return Err(io::Error::other(error)),
            Err(error) => writeln!(output, "  {}", common::text::escaped(&error))?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args;

    #[test]
    fn what_can_not_be_read_is_asked_again_and_nothing_is_the_default() {
        let mut output = Vec::new();
        let input = "a lot\n90%\n\n";
        let mut input = io::Cursor::new(input);
        let mut ask = || ask("How much?", "0%", args::share, &mut input, &mut output);
        assert_eq!(ask().unwrap(), 0.9);
        assert_eq!(ask().unwrap(), 0.0);
        assert_eq!(ask().unwrap(), 0.0, "the end of input");
        let said = String::from_utf8(output).unwrap();
        assert!(said.contains("a lot: expected a share"), "{said}");
        assert_eq!(said.matches("How much? [0%]").count(), 4);
    }
}
