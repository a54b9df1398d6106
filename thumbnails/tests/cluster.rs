//! `--model cluster`: an agent of this tool, and a Redis server between them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../cluster/tests/cluster/support/server.rs"]
mod server;

use std::fs;
use std::process::{Command, Stdio};

use server::Server;
use thumbnails::{Format, samples::Sample};

#[test]
fn agents_make_the_same_thumbnails_and_say_if_they_see_other_folders() {
    let Some(server) = Server::start() else {
        return;
    };
    let (url, folder) = (server.url(), tempfile::tempdir().unwrap());
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("pictures")).unwrap();
    for (seed, name) in (0..).zip(["a.jpg", "b.jpg"]) {
        let (path, format) = (at("pictures").join(name), Format::Jpeg);
        let size = (400, 300);
        Sample {
            path,
            size,
            format,
            seed,
        }
        .write()
        .unwrap();
    }
    let thumbnails = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thumbnails"));
        command
            .args(args)
            .current_dir(folder.path())
            .stdin(Stdio::null());
        command
    };
    let mut agent = thumbnails(&["agent", "-j", "2", "--broker", &url])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let here = thumbnails(&["pictures", "-o", "here"]).output().unwrap();
    assert!(here.status.success(), "{here:?}");
    let cluster = ["--model", "cluster", "--broker", &url];
    let there = [&["pictures", "-o", "there"], &cluster[..]].concat();
    let output = thumbnails(&there).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    for name in ["a_thumb.jpg", "b_thumb.jpg"] {
        let read = |folder: &str| fs::read(at(folder).join(name)).unwrap();
        assert!(read("here") == read("there"), "{name}");
    }
    let kept: Vec<_> = fs::read_dir(at("there"))
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    assert!(
        !kept
            .iter()
            .any(|name| name.to_string_lossy().ends_with(".cluster")),
        "{kept:?}"
    );
    agent.kill().unwrap();
    agent.wait().unwrap();
}

#[test]
fn an_agent_that_sees_another_folder_makes_nothing() {
    use executors::Job;
    use thumbnails::cluster::SharedTask;
    use thumbnails::{Settings, Task};

    let folder = tempfile::tempdir().unwrap();
    let (source, output) = (
        folder.path().join("a.jpg"),
        folder.path().join("a_thumb.jpg"),
    );
    let (size, format, seed) = ((40, 30), Format::Jpeg, 1);
    Sample {
        path: source.clone(),
        size,
        format,
        seed,
    }
    .write()
    .unwrap();
    let task = Task::new(&source, &output, Settings::default());
    let marker = folder.path().join("marker");
    fs::write(&marker, "mine").unwrap();
    let shared = SharedTask::new(&task, &marker, "mine");
    let seen = |task: SharedTask| task.run().map_err(|failure| failure.to_string());
    // The folder of the thumbnails is another.
    fs::write(&marker, "another's").unwrap();
    let told = seen(shared.clone()).unwrap_err();
    assert!(
        told.contains(&folder.path().display().to_string()),
        "{told}"
    );
    // The picture is another.
    fs::write(&marker, "mine").unwrap();
    fs::write(&source, "other").unwrap();
    let told = seen(shared).unwrap_err();
    assert!(told.contains("a.jpg"), "{told}");
    assert!(!output.exists());
}
