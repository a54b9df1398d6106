//! The job of the thumbnails room, and the other programs that do it.

use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use thumbnails::samples;

use super::Job;
use crate::contender::{Contender, Program};

/// The pictures of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// In the size of cameras.
    Photographs,
    /// In the size of web sites.
    Web,
}

impl Set {
    const ALL: [Set; 2] = [Set::Photographs, Set::Web];

    /// The name of its job.
    fn name(self) -> &'static str {
        match self {
            Set::Photographs => "thumbnails",
            Set::Web => "thumbnails-web",
        }
    }

    /// The set of a job.
    pub(super) fn of(job: &str) -> Option<Set> {
        Set::ALL.into_iter().find(|set| set.name() == job)
    }

    fn title(self) -> &'static str {
        match self {
            Set::Photographs => "200 JPEGs of 6 to 12 megapixels, 20 PNGs, 10 WebPs of 3",
            Set::Web => "200 JPEGs, 40 PNGs, 40 WebPs and 20 GIFs of 200 to 1,600 pixels",
        }
    }

    fn folder(self) -> PathBuf {
        folder(match self {
            Set::Photographs => "pictures",
            Set::Web => "web",
        })
    }
}

const SCRIPT: &str = "benches/peers/thumbnails.py";

const SHELL_SCRIPT: &str = "benches/peers/thumbnails.sh";

/// The room's jobs, with `workers` workers.
pub(super) fn jobs(workers: NonZeroUsize) -> Vec<Job> {
    Set::ALL.into_iter().map(|set| job(set, workers)).collect()
}

fn job(set: Set, workers: NonZeroUsize) -> Job {
    let pictures = set.folder();
    let words = |out: &str| {
        let out = folder(out).display().to_string();
        vec![pictures.display().to_string(), out, workers.to_string()]
    };
    let by_script = |name, needs, version, install| Contender {
        name,
        program: Program::Script {
            source: SHELL_SCRIPT,
            needs,
            version,
        },
        args: [
            vec![SHELL_SCRIPT.to_owned(), needs.to_owned()],
            words(needs),
        ]
        .concat(),
        install,
        answer: last_word,
    };
    Job {
        name: set.name(),
        title: format!("{}, to 256x256 JPEGs, {workers} workers", set.title()),
        input: "",
        ours: Contender {
            name: "thumbnails",
            program: Program::Workspace("thumbnails"),
            args: [
                &pictures.display().to_string(),
                "-o",
                &folder("ours").display().to_string(),
                "--force",
                "--json",
                "--jobs",
                &workers.to_string(),
            ]
            .map(str::to_owned)
            .into(),
            install: "cargo build --release -p thumbnails",
            answer: made,
        },
        peers: vec![
            by_script(
                "vipsthumbnail, xargs",
                "vipsthumbnail",
                &["--vips-version"],
                "apt-get install libvips-tools (or: brew install vips)",
            ),
            Contender {
                name: "Pillow, draft",
                program: Program::Installed {
                    name: "python3",
                    version: &["-c", "import PIL; print(PIL.__version__)"],
                    itself: Some(&["-c", "import sys; print(sys.executable)"]),
                },
                args: [vec![SCRIPT.to_owned()], words("pillow")].concat(),
                install: "python3 -m pip install pillow",
                answer: last_word,
            },
            by_script(
                "ImageMagick, jpeg:size",
                "mogrify",
                &["--version"],
                "apt-get install imagemagick (or: brew install imagemagick)",
            ),
        ],
    }
}

impl Set {
    /// Makes the missing pictures. It takes a minute, which is not measured.
    ///
    /// # Errors
    /// If they can't be written.
    pub(super) fn prepare(self, workers: NonZeroUsize) -> io::Result<()> {
        let pictures = match self {
            Set::Photographs => samples::comparison(&self.folder()),
            Set::Web => samples::web(&self.folder()),
        };
        write(&pictures, workers)
    }
}

fn write(pictures: &[samples::Sample], workers: NonZeroUsize) -> io::Result<()> {
    samples::create_folders(pictures)?;
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Ok(()));
    thread::scope(|scope| {
        for _ in 0..workers.get() {
            scope.spawn(|| {
                while let Some(sample) = pictures.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !sample.path.exists()
                        && let Err(error) = sample.write()
                        && let Ok(mut failed) = failed.lock()
                    {
                        *failed = Err(error);
                        return;
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap_or(Ok(()))
}

/// A folder beside this program, so that it is not among sources.
fn folder(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    program.with_file_name("versus-thumbnails").join(name)
}

/// How many were made, from the summary in the last line.
fn made(output: &str) -> String {
    let summary = output.trim_end().lines().next_back();
    summary
        .and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .and_then(|it| it["summary"]["made"].as_u64())
        .map_or(String::new(), |made| made.to_string())
}

fn last_word(output: &str) -> String {
    { output.split_whitespace() }
        .next_back()
        .unwrap_or("")
        .to_owned()
}
