use super::super::record::tests::run;
use super::*;
use std::os::unix::fs::PermissionsExt;

fn private_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    folder
}

fn thread() -> ThreadName {
    ThreadName {
        id: 5,
        name: "worker".to_owned(),
    }
}

#[test]
fn what_a_worker_wrote_is_read_back_while_it_still_runs() {
    let folder = private_folder();
    let file = SpoolFile::join(folder.path()).unwrap();
    file.keep(run("a", 1, 5, 0, 1), &thread());
    file.keep(run("b", 2, 5, 1, 2), &thread());
    let (processes, losses) = read_folder(folder.path(), 10);
    assert_eq!(losses, [""; 0]);
    assert_eq!(processes.len(), 1);
    assert_eq!(processes[0].pid, std::process::id());
    assert_eq!(processes[0].threads[&5], "worker");
    assert_eq!(
        processes[0].spans,
        [run("a", 1, 5, 0, 1), run("b", 2, 5, 1, 2)]
    );
}

#[test]
fn a_line_cut_short_loses_only_itself() {
    let folder = private_folder();
    let file = SpoolFile::join(folder.path()).unwrap();
    file.keep(run("a", 1, 5, 0, 1), &thread());
    let path = fs::read_dir(folder.path()).unwrap().next().unwrap();
    let mut raw = OpenOptions::new()
        .append(true)
        .open(path.unwrap().path())
        .unwrap();
    raw.write_all(b"{\"Span\":{\"name\":\"b").unwrap();
    let process = &read_folder(folder.path(), 10).0[0];
    assert_eq!((process.spans.len(), process.lost), (1, 1));
}

#[test]
fn the_reader_counts_what_it_leaves_out() {
    let folder = private_folder();
    let file = SpoolFile::join(folder.path()).unwrap();
    for _ in 0..5 {
        file.keep(run("a", 1, 5, 0, 1), &thread());
    }
    let process = &read_folder(folder.path(), 2).0[0];
    assert_eq!((process.spans.len(), process.dropped), (2, 3));
}

#[test]
fn drops_in_the_worker_are_counted() {
    let folder = private_folder();
    let file = SpoolFile::join(folder.path()).unwrap();
    file.state.lock().unwrap().kept = MAX_SPANS;
    for _ in 0..9 {
        file.keep(run("a", 1, 5, 0, 1), &thread());
    }
    assert_eq!(read_folder(folder.path(), 10).0[0].dropped, 9);
}

#[test]
fn what_a_full_disk_did_not_take_is_counted_and_the_rest_is_whole() {
    let folder = private_folder();
    let file = SpoolFile::join(folder.path()).unwrap();
    file.keep(run("a", 1, 5, 0, 1), &thread());
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let disk = std::mem::replace(&mut file.state.lock().unwrap().file, full);
    file.keep(run("b", 2, 5, 1, 2), &thread());
    file.keep(run("c", 3, 5, 2, 3), &thread());
    file.state.lock().unwrap().file = disk;
    file.keep(run("d", 4, 5, 3, 4), &thread());
    file.state.lock().unwrap().tell_missing().unwrap();
    let (processes, losses) = read_folder(folder.path(), 10);
    assert_eq!(losses, [""; 0]);
    assert_eq!(
        processes[0].spans,
        [run("a", 1, 5, 0, 1), run("d", 4, 5, 3, 4)]
    );
    assert_eq!(processes[0].lost, 2);
}

#[test]
fn an_empty_file_is_a_process_of_which_nothing_is_known() {
    let folder = private_folder();
    fs::write(folder.path().join("17-1.jsonl"), "").unwrap();
    let (processes, losses) = read_folder(folder.path(), 10);
    assert_eq!(processes, []);
    assert!(
        losses[0].contains("17-1.jsonl: nothing in it"),
        "{losses:?}"
    );
    let (_, losses) = read_folder(&folder.path().join("gone"), 10);
    assert_eq!(losses.len(), 1);
}

#[test]
fn a_folder_open_to_others_is_not_joined() {
    let folder = private_folder();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    assert!(SpoolFile::join(folder.path()).is_none());
}

#[test]
fn a_symbolic_link_is_neither_joined_nor_replaced() {
    let folder = private_folder();
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    create_private(&target).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert!(SpoolFile::join(&link).is_none());
    let error = create_private(&link).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert!(target.exists());
}

#[test]
fn a_leftover_of_a_dead_process_is_replaced() {
    let folder = private_folder();
    let path = folder.path().join("many-hands-trace-1");
    create_private(&path).unwrap();
    fs::write(path.join("1-1.jsonl"), "old").unwrap();
    create_private(&path).unwrap();
    assert_eq!(fs::read_dir(&path).unwrap().count(), 0);
    assert!(is_private(&path));
}
