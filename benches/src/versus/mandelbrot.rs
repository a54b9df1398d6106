//! The jobs of the mandelbrot room, and the other programs that do them.

use std::num::NonZeroUsize;

use super::{Job, in_one_line};
use crate::contender::{Contender, Program};

/// A hand-optimised program in C++.
const SOURCE: &str = "benches/peers/mandelbrot.cpp";

/// The workshop's program in Python.
const SCRIPT: &str = "benches/peers/mandelbrot.py";

/// So many pictures that the start of a program does not matter.
const PICTURES: u32 = 20;

/// The room's jobs, with `workers` workers.
pub(super) fn jobs(workers: NonZeroUsize) -> Vec<Job> {
    vec![by_intrinsics(workers), by_python(workers)]
}

/// The workshop's view in full size, without shortcuts.
fn by_intrinsics(workers: NonZeroUsize) -> Job {
    let size = ["1920", "1080", "1000", &PICTURES.to_string()].map(str::to_owned);
    Job {
        name: "mandelbrot",
        title: format!(
            "1920x1080, 1000 iterations, {PICTURES} pictures, {workers} threads, kernel fast"
        ),
        input: "",
        ours: ours("fast", workers, &size),
        peers: vec![Contender {
            name: "AVX-512 and OpenMP, C++",
            program: Program::Compiled {
                source: SOURCE,
                flags: &["-O3", "-march=native", "-fopenmp"],
            },
            args: [&size[..], &[workers.to_string()]].concat(),
            install: "apt-get install g++, and a processor with AVX-512",
            answer: in_one_line,
        }],
    }
}

/// The same view, so small that Python takes no longer than a second or two.
fn by_python(workers: NonZeroUsize) -> Job {
    let size = ["320", "240", "1000"].map(str::to_owned);
    let python = |name, model: &str, version, install| Contender {
        name,
        program: Program::Installed {
            name: "python3",
            version,
            itself: Some(&["-c", "import sys; print(sys.executable)"]),
        },
        args: [
            &[SCRIPT.to_owned(), model.to_owned(), workers.to_string()],
            &size[..],
        ]
        .concat(),
        install,
        answer: in_one_line,
    };
    Job {
        name: "mandelbrot-python",
        title: format!("320x240, 1000 iterations, once, {workers} workers, kernel exact"),
        input: "",
        ours: ours("exact", workers, &[&size[..], &["1".to_owned()]].concat()),
        peers: vec![
            python(
                "multiprocessing, CPython",
                "multiprocessing",
                &["--version"],
                "apt-get install python3 (or: brew install python)",
            ),
            python(
                "PyMP, CPython",
                "pymp",
                &[
                    "-c",
                    "import pymp, importlib.metadata as m; print(m.version('pymp-pypi'))",
                ],
                "python3 -m pip install pymp-pypi",
            ),
        ],
    }
}

fn ours(kernel: &str, workers: NonZeroUsize, size: &[String]) -> Contender {
    Contender {
        name: "mandelbrot",
        program: Program::This,
        args: [
            &["draw".to_owned(), kernel.to_owned(), workers.to_string()],
            size,
        ]
        .concat(),
        install: "cargo build --release -p benches",
        answer: in_one_line,
    }
}
