//! services.toml itself, which `check --fix` changes.

use stackgen::disk::{DiskError, ManifestFile};

use super::project::Project;

const BEFORE: &str = "[stack]\nname = \"My Shop\"\n";
const AFTER: &str = "[stack]\nname = \"my-shop\"\n";

fn project() -> (Project, ManifestFile) {
    let project = Project::new();
    project.write("services.toml", BEFORE);
    let file = ManifestFile::new(project.root(), "services.toml").expect("a directory");
    (project, file)
}

#[test]
fn it_gets_the_new_text_and_nothing_is_left_behind() {
    let (project, file) = project();
    file.write(BEFORE, AFTER).expect("a write");
    assert_eq!(project.read("services.toml"), AFTER);
    assert_eq!(project.names(), ["services.toml"]);
}

#[test]
fn what_somebody_saved_meanwhile_is_left_alone() {
    let (project, file) = project();
    project.write("services.toml", "[stack]\nname = \"mine\"\n");
    let error = file.write(BEFORE, AFTER).expect_err("it is another text");
    assert!(matches!(&error, DiskError::Changed { path } if path == "services.toml"), "{error}");
    assert_eq!(project.read("services.toml"), "[stack]\nname = \"mine\"\n");
    assert_eq!(project.names(), ["services.toml"]);
}

#[test]
fn a_diff_tells_the_change_and_not_the_line_ends() {
    let (_project, file) = project();
    let shown = file.diff(&BEFORE.replace('\n', "\r\n"), &AFTER.replace('\n', "\r\n"));
    let expected = "--- a/services.toml\n+++ b/services.toml\n@@ -1,2 +1,2 @@\n [stack]\n-name = \"My Shop\"\n+name = \"my-shop\"\n";
    assert_eq!(shown, expected);
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn its_mode_stays() {
        let (project, file) = project();
        for mode in [0o640, 0o600, 0o664] {
            project.write("services.toml", BEFORE);
            fs::set_permissions(project.path("services.toml"), Permissions::from_mode(mode)).expect("a mode");
            file.write(BEFORE, AFTER).expect("a write");
            let now = fs::metadata(project.path("services.toml")).expect("a file").permissions().mode();
            assert_eq!(now & 0o7777, mode);
        }
    }

    #[test]
    fn a_read_only_file_is_left_alone() {
        let (project, file) = project();
        fs::set_permissions(project.path("services.toml"), Permissions::from_mode(0o444)).expect("a mode");
        let error = file.write(BEFORE, AFTER).expect_err("it is read-only").to_string();
        assert_eq!(error, "cannot change `services.toml`: it is read-only; remove the cause, then run again");
        assert_eq!(project.read("services.toml"), BEFORE);
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let (project, _) = project();
        symlink("services.toml", project.path("linked.toml")).expect("a link");
        let file = ManifestFile::new(project.root(), "linked.toml").expect("a directory");
        let error = file.write(BEFORE, AFTER).expect_err("it is a link").to_string();
        let expected = "cannot change `linked.toml`: it is a symbolic link; name the file itself with `-C` and `-f`";
        assert_eq!(error, expected);
        assert_eq!(project.read("services.toml"), BEFORE);
    }
}
