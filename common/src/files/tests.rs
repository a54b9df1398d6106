use super::*;

#[test]
fn a_missing_folder_is_noticed_beforehand() {
    let folder = tempfile::tempdir().unwrap();
    check_folder_of(folder.path().join("new.svg")).unwrap();
    check_folder_of("new.svg").unwrap();
    let error = check_folder_of(folder.path().join("no/new.svg")).unwrap_err();
    assert!(error.to_string().contains("no/new.svg"), "{error}");
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(check_folder_of(folder.path().join("file/new.svg")).is_err());
}

#[test]
fn an_old_file_is_replaced_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.json");
    fs::write(&path, "old").unwrap();
    write_atomically(&path, "new").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_not_finished_leaves_the_old_one_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    fs::write(&path, "old").unwrap();
    let mut pending = PendingFile::create(&path).unwrap();
    pending.write_all(b"new").unwrap();
    drop(pending);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_failed_rename_removes_the_temporary_and_names_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("taken");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("file"), "").unwrap();
    let error = write_atomically(&path, "new").unwrap_err();
    assert!(error.to_string().contains("taken"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(unix)]
#[test]
fn an_existing_file_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out");
    fs::write(&path, "old").unwrap();
    for expected in [0o600, 0o755, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(expected)).unwrap();
        write_atomically(&path, "new").unwrap();
        assert_eq!(mode(&path), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_written_through_wherever_it_leads() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("far")).unwrap();
    fs::write(at("far/there"), "old").unwrap();
    symlink("far/there", at("relative")).unwrap();
    symlink(at("relative"), at("twice")).unwrap();
    symlink(at("far/new"), at("dangling")).unwrap();
    for (link, target) in [
        ("relative", "far/there"),
        ("twice", "far/there"),
        ("dangling", "far/new"),
    ] {
        write_atomically(at(link), link).unwrap();
        assert!(
            fs::symlink_metadata(at(link)).unwrap().is_symlink(),
            "{link}"
        );
        assert_eq!(fs::read_to_string(at(target)).unwrap(), link);
    }
    symlink("round", at("round")).unwrap();
    let error = write_atomically(at("round"), "x").unwrap_err();
    assert!(error.to_string().contains("round: "), "{error}");
    // Two files, two links and a folder: no temporary file is left.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5);
    assert_eq!(fs::read_dir(at("far")).unwrap().count(), 2);
}

#[test]
fn the_same_file_is_known_by_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("sub")).unwrap();
    assert!(is_same(&at("new"), &at("sub/../new")));
    assert!(is_same(Path::new("-"), Path::new("-")));
    assert!(is_same(Path::new("new.svg"), Path::new("./new.svg")));
    assert!(!is_same(&at("new"), &at("sub/new")));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../new", at("sub/link")).unwrap();
        assert!(is_same(&at("new"), &at("sub/link")));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_to_and_stays_a_pipe() {
    use std::os::unix::fs::FileTypeExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| fs::read_to_string(&path));
        write_atomically(&path, "through").unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), "through");
    });
    assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
}

#[cfg(unix)]
#[test]
fn a_private_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.png");
    write_privately(&path, "x").unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_path_without_a_name_is_an_error() {
    let error = write_atomically("..", "x").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
