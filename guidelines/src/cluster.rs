//! Figures of the room `cluster`, for the last decision. They need a broker, which this room does not start.
//!
//! `cluster trip --broker URL --runs 5 --json > FILE` writes the file: JSON with, among others,
//! `{"round_trip": [0.0012, 0.0011, 0.0013]}`: the seconds from the submission of an empty job to its
//! result, one number for each run.

use crate::book::Section;
use crate::figure::{Figure, Unit};
use serde::Deserialize;
use std::io;
use std::path::Path;

/// A file of a hundred thousand numbers is shorter.
const LONGEST: u64 = 1 << 20;

#[derive(Deserialize)]
struct Samples {
    round_trip: Vec<f64>,
}

/// Without a file the section says what is missing.
///
/// # Errors
///
/// If the file can't be read. It names the file.
pub fn section(file: Option<&Path>) -> io::Result<Section> {
    let mut section = Section::new(
        "cluster",
        "Through a broker",
        "Not measured here: it needs a broker. `cluster trip --broker URL --runs 5 --json > FILE` \
         measures it, and `guidelines --cluster FILE` reads the figure.",
    );
    if let Some(file) = file {
        let text = crate::read_at_most(file, LONGEST).map_err(|error| named(file, error))?;
        let figure = read(&text).map_err(|error| named(file, error))?;
        "An empty job, sent through a broker.".clone_into(&mut section.caption);
        section.add(
            "cluster/round-trip",
            "a job through a broker and back",
            Ok(figure),
        );
    }
    Ok(section)
}

fn read(text: &str) -> io::Result<Figure> {
    let samples: Samples = serde_json::from_str(text)?;
    let figure = Figure::of(Unit::Seconds, samples.round_trip).filter(|it| it.median > 0.0);
    figure.ok_or_else(|| {
        io::Error::other("round_trip: expected a list of seconds, one number for each run")
    })
}

fn named(file: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_comes_from_a_file_and_nonsense_is_named() {
        let figure =
            read("{\"round_trip\": [0.001, 0.003, 0.002], \"broker\": \"redis\"}").unwrap();
        assert_eq!(figure.median, 0.002);
        for text in ["", "{}", "{\"round_trip\": []}", "{\"round_trip\": [0]}"] {
            assert!(read(text).is_err(), "{text}");
        }
        let error = section(Some(Path::new("/nowhere/at-all.json"))).unwrap_err();
        assert!(
            error.to_string().starts_with("/nowhere/at-all.json: "),
            "{error}"
        );
        assert!(section(None).unwrap().caption.contains("--cluster"));
    }
}
