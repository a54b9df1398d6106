//! Parts that are dropped, gone on with, given up and finished.

use super::*;
use crate::checksum::Checksum;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn open(target: &Path) -> PartFile {
    let how = Opening {
        hashed: true,
        ..Opening::default()
    };
    PartFile::open(target, &url("http://a.example/file"), how).unwrap()
}

fn left(length: u64) -> Option<Left> {
    Some(Left {
        length,
        until: None,
        total: None,
        validator: Validator::of(&tagged()),
    })
}

fn wanted(text: &str) -> Ending<'static> {
    Ending {
        checksum: Some(Checksum::of(text)),
        ..Ending::default()
    }
}

fn tagged() -> HeaderMap {
    HeaderMap::from_iter([(http::header::ETAG, "\"1\"".parse().unwrap())])
}

#[test]
fn a_part_is_gone_on_with_and_gets_its_name_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let mut part = open(&target);
    assert_eq!(part.left(), None);
    part.restart(&tagged(), None).unwrap();
    part.push(b"many ");
    drop(part);
    assert!(!target.exists());

    let mut part = open(&target);
    assert_eq!(part.left(), left(5));
    part.push(b"hands");
    part.finish(&wanted("many hands")).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"many hands");
    assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_gone_on_with_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let count = || fs::read_dir(folder.path().join(FOLDER)).unwrap().count();
    let mut part = open(&target);
    part.restart(&HeaderMap::new(), None).unwrap();
    part.push(b"many ");
    drop(part);
    assert_eq!(count(), 0);

    let mut part = open(&target);
    part.restart(&tagged(), None).unwrap();
    part.push(b"many ");
    drop(part);
    assert_eq!(count(), 2);
    let other = PartFile::open(&target, &url("http://b.example/file"), Opening::default()).unwrap();
    assert_eq!(other.left(), None);
    drop(other);
    assert_eq!(count(), 0);
}

#[test]
fn a_record_that_does_not_fit_its_part_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let begin = || {
        let mut part = open(&target);
        part.restart(&tagged(), Some(10)).unwrap();
        part.push(b"many ");
        let paths = (part.paths.part.clone(), part.paths.from.clone());
        drop(part);
        paths
    };
    let (part, _) = begin();
    assert_eq!(open(&target).left().map(|left| left.length), Some(5));
    // More bytes than the whole has.
    fs::write(part, "many hands and more").unwrap();
    assert_eq!(open(&target).left(), None);
    // Fewer bytes than are said to be there.
    let (_, from) = begin();
    let record = fs::read_to_string(&from).unwrap();
    let record = record.replace("end\n", "there 0-0\nthere 0-8\nend\n");
    fs::write(from, record).unwrap();
    assert_eq!(open(&target).left(), None);
}

#[test]
fn bytes_of_an_earlier_version_are_neither_kept_nor_named() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let mut part = open(&target);
    part.restart(&tagged(), None).unwrap();
    part.push(b"the earlier version");
    part.flush().unwrap();
    // Before the new record is there, in case that this run is killed then.
    part.restart(&tagged(), None).unwrap();
    assert_eq!(fs::metadata(&part.paths.part).unwrap().len(), 0);
    part.push(b"many hands");
    part.flush().unwrap();
    let mut file = File::options().append(true).open(&part.paths.part);
    file.as_mut().unwrap().write_all(b" and more").unwrap();
    part.finish(&wanted("many hands")).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"many hands");
}

#[test]
fn a_wrong_checksum_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let mut part = open(&target);
    part.restart(&tagged(), None).unwrap();
    part.push(b"many hands");
    let error = part.finish(&wanted("few hands")).unwrap_err();
    assert!(matches!(error, Error::Checksum { .. }));
    assert!(!target.exists());
    assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0);
}

#[test]
fn two_do_not_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let _first = open(&target);
    let error =
        PartFile::open(&target, &url("http://a.example/file"), Opening::default()).unwrap_err();
    assert!(error.to_string().contains("another program"), "{error}");
}

#[test]
fn a_write_that_failed_halfway_leaves_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let mut part = open(&target);
    part.restart(&tagged(), None).unwrap();
    part.push(b"many ");
    part.flush().unwrap();
    part.push(b"hands");
    // What `write_all` does before it meets the end of the disk.
    part.file.write_all(b"han").unwrap();
    let path = part.paths.part.clone();
    drop(part);
    assert_eq!(fs::read(&path).unwrap(), b"many hands");

    // And with a disk that stays full, here one that must not be written: nothing is better
    // than what is not known.
    let mut part = open(&target);
    assert_eq!(part.left(), left(10));
    part.push(b" more");
    part.file = File::open(&path).unwrap();
    assert!(part.flush().is_err());
    drop(part);
    assert!(!path.exists());
}

#[test]
fn a_file_is_whole_only_with_all_of_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    let mut part = open(&target);
    part.restart(&tagged(), Some(10)).unwrap();
    part.push(b"many ");
    let error = part.finish(&Ending::default()).unwrap_err();
    assert!(matches!(
        error,
        Error::Cut {
            received: 5,
            announced: Some(10)
        }
    ));
    assert!(!target.exists());
    let part = open(&target);
    assert_eq!(
        part.left().map(|left| (left.length, left.total)),
        Some((5, Some(10)))
    );
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_mode_and_a_link_its_place() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (target, link) = (folder.path().join("file"), folder.path().join("link"));
    fs::write(&target, "old").unwrap();
    fs::set_permissions(&target, PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let mut part = open(&link);
    part.restart(&tagged(), None).unwrap();
    part.push(b"new");
    part.finish(&Ending::default()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&target).unwrap(), b"new");
    assert_eq!(
        fs::metadata(&target).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn what_another_program_left_is_gone_on_with_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("file");
    fs::write(&target, "many ").unwrap();
    assert_eq!(open(&target).left(), None);
    let how = Opening {
        adopts: true,
        ..Opening::default()
    };
    let mut part = PartFile::open(&target, &url("http://a.example/file"), how).unwrap();
    let left = part.left().unwrap();
    assert_eq!((left.length, left.validator), (5, None));
    part.go_on_with(&tagged(), Some(10)).unwrap();
    part.push(b"ha");
    drop(part);
    assert_eq!(
        fs::read(&target).unwrap(),
        b"many ",
        "it stays until the whole is there"
    );
    let mut part = open(&target);
    assert_eq!(part.left().map(|left| left.length), Some(7));
    part.push(b"nds");
    part.finish(&Ending::default()).unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"many hands");
}
