//! Thumbnails of the pictures in a folder, by a thread pool: submit all, and handle each result as
//! it completes.
//!
//! ```sh
//! cargo run --release -p thumbnails --example folder -- PICTURES THUMBNAILS
//! ```

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use executors::{Executor, ThreadPool, as_completed};
use thumbnails::{Settings, Task};

fn main() -> Result<(), Box<dyn Error>> {
    let folders: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [pictures, output] = &folders[..] else {
        return Err("which folders? PICTURES THUMBNAILS".into());
    };
    fs::create_dir_all(output)?;
    let pool = ThreadPool::new(4)?;
    let (mut sources, mut futures) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(pictures)?.collect::<Result<Vec<_>, _>>()? {
        let to = output.join(entry.file_name()).with_added_extension("jpg");
        futures.push(pool.submit(Task::new(entry.path(), to, Settings::default()))?);
        sources.push(entry.path());
    }
    for (index, outcome) in as_completed(futures) {
        match outcome? {
            Ok(made) => println!("{}: {:?}", sources[index].display(), made.size),
            Err(failure) => eprintln!("{}: {failure}", sources[index].display()),
        }
    }
    Ok(())
}
