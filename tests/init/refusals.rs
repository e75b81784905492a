//! What init never does, and what it makes of directories that are empty, broken, huge or closed.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::support::{everything_said, stackgen};
use crate::{copy_of, init, layouts, works};

fn layout(name: &str) -> std::path::PathBuf {
    layouts().into_iter().find(|path| path.ends_with(name)).expect(name)
}

fn manifest(directory: &Path) -> String {
    fs::read_to_string(directory.join("services.toml")).expect("services.toml")
}

#[test]
fn a_manifest_that_is_there_is_never_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("services.toml"), "mine").expect("a file");
    let output = init(folder.path(), &[]);
    let said = everything_said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("services.toml is there already") && said.contains("--stdout"), "{said}");
    assert_eq!(manifest(folder.path()), "mine");
    // To look at what would be written is no harm.
    let output = init(folder.path(), &["--stdout"]);
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("[stack]"));
    assert_eq!(manifest(folder.path()), "mine");
    #[cfg(unix)]
    {
        let other = tempfile::tempdir().expect("a folder");
        // Also where it is a link that leads nowhere.
        std::os::unix::fs::symlink("nowhere", other.path().join("services.toml")).expect("a link");
        assert_eq!(init(other.path(), &[]).status.code(), Some(1));
    }
}

#[test]
fn an_empty_directory_gets_the_smallest_stack_that_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = init(folder.path(), &[]);
    let said = everything_said(&output);
    assert!(output.status.success() && said.contains("smallest stack"), "{said}");
    works(folder.path());
    let checked =
        stackgen().current_dir(folder.path()).args(["check", "--deny", "warnings"]).output().expect("stackgen");
    assert!(checked.status.success(), "{}", everything_said(&checked));
}

#[test]
fn the_directory_may_be_named() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("a/b")).expect("folders");
    let output = init(folder.path(), &["a/b"]);
    assert!(output.status.success(), "{}", everything_said(&output));
    assert!(everything_said(&output).contains("cd a/b"), "{}", everything_said(&output));
    assert!(folder.path().join("a/b/services.toml").is_file());
    let output = init(folder.path(), &["-C", "a"]);
    assert!(output.status.success() && folder.path().join("a/services.toml").is_file());
    let output = init(folder.path(), &["-C", "a", "c"]);
    assert_eq!(output.status.code(), Some(2), "{}", everything_said(&output));
    fs::write(folder.path().join("file"), "").expect("a file");
    let output = init(folder.path(), &["file"]);
    assert_eq!(output.status.code(), Some(2), "{}", everything_said(&output));
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_to_is_told() {
    use crate::support::unprivileged::{self, set_mode};
    let folder = tempfile::tempdir().expect("a folder");
    set_mode(folder.path(), 0o555);
    let output = unprivileged::stackgen(folder.path()).command.arg("init").output().expect("stackgen starts");
    set_mode(folder.path(), 0o755);
    let said = everything_said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("read-only"), "{said}");
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0, "nothing is left behind");
}

#[test]
fn broken_files_are_named_and_the_rest_is_described() {
    let folder = copy_of(&layout("own-dockerfiles"));
    let directory = folder.path().join("repository");
    fs::write(directory.join("web/package.json"), "{ no json").expect("a file");
    fs::create_dir_all(directory.join("tool")).expect("a folder");
    fs::write(directory.join("tool/pyproject.toml"), "[project").expect("a file");
    fs::write(directory.join(".env.sample"), "A B=1\nGOOD=1\n").expect("a file");
    fs::write(directory.join("compose.prod.yaml"), "services: [\n").expect("a file");
    fs::write(directory.join("api/Dockerfile"), [0xff, 0xfe, 0x00]).expect("a file");
    let output = init(&directory, &[]);
    let said = everything_said(&output);
    assert!(output.status.success(), "{said}");
    for name in ["web/package.json", "tool/pyproject.toml", ".env.sample", "compose.prod.yaml", "api/Dockerfile"] {
        assert!(said.contains(name), "{name} is not named:\n{said}");
    }
    assert!(said.contains("it is no YAML that Compose would take (line 2)"), "{said}");
    crate::move_away(&directory, &output);
    works(&directory);
}

#[test]
fn any_bytes_at_all_are_survived() {
    let names = [
        "package.json",
        "pyproject.toml",
        "requirements.txt",
        "docker-compose.yml",
        "Dockerfile",
        "Procfile",
        ".env",
        ".env.example",
        "next.config.js",
        "alembic.ini",
        "prisma/schema.prisma",
        "main.py",
        "server.js",
        "Pipfile",
    ];
    let texts = [
        "",
        "\u{0}",
        "{}",
        "[]",
        "null",
        "services:",
        "services: {a: }",
        "services:\n  a: [1, 2]\n  b:\n    ports: [{}]\n    build: {}\n",
        "services:\n  ä: {image: \"x:${\"}\n  \"a b\": {image: redis:7}\n",
        "web:",
        "web: \"",
        "FROM",
        "FROM $X\nCMD [",
        "{\"scripts\": 3, \"workspaces\": {}, \"engines\": {\"node\": \">=\"}}",
        "app = FastAPI(",
        "x = Celery(\n",
        "a: &a [*a, *a]\n",
        "&a\n? *a\n: x\n",
        "PORT PORT PORT",
        "'''",
        "name: ${NAME}\nservices: {x: {image: \"${I:-${J:-k}}\"}}",
    ];
    for (position, text) in texts.into_iter().enumerate() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("prisma")).expect("a folder");
        for name in names {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        let output = init(folder.path(), &[]);
        assert!(output.status.success(), "{text:?}: {}", everything_said(&output));
        crate::move_away(folder.path(), &output);
        // What is written has been proved by the same rooms; now and then that is tried.
        if position % 5 != 0 {
            continue;
        }
        let rendered = stackgen().current_dir(folder.path()).arg("render").output().expect("stackgen");
        assert!(rendered.status.success(), "{text:?}: {}\n{}", everything_said(&rendered), manifest(folder.path()));
    }
}

#[test]
fn a_huge_file_and_links_in_circles_are_left_out() {
    let folder = copy_of(&layout("express"));
    let directory = folder.path().join("repository");
    fs::write(directory.join("docker-compose.prod.yml"), vec![b'#'; 40 << 20]).expect("a huge file");
    let mut huge = fs::File::create(directory.join("huge.js")).expect("a file");
    for _ in 0..400 {
        huge.write_all(&vec![b'x'; 100_000]).expect("a huge file");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(".", directory.join("circle")).expect("a link");
        std::os::unix::fs::symlink("..", directory.join("up")).expect("a link");
        std::os::unix::fs::symlink("/", directory.join("everything")).expect("a link");
    }
    let modules = directory.join("node_modules/left");
    fs::create_dir_all(&modules).expect("folders");
    fs::write(modules.join("package.json"), r#"{"name": "left", "scripts": {"start": "node x"}}"#).expect("a file");
    let output = init(&directory, &[]);
    assert!(output.status.success(), "{}", everything_said(&output));
    assert!(everything_said(&output).contains("docker-compose.prod.yml"), "{}", everything_said(&output));
    assert!(!manifest(&directory).contains("left"));
}

#[test]
fn the_next_commands_name_the_file_that_was_written() {
    let folder = copy_of(&layout("express"));
    let directory = folder.path().join("repository");
    let output = init(&directory, &["-f", "other.toml"]);
    let said = everything_said(&output);
    assert!(output.status.success() && directory.join("other.toml").is_file(), "{said}");
    assert!(said.contains("\n  stackgen -f other.toml render\n"), "{said}");
    assert!(said.contains("\n  stackgen -f other.toml env --write"), "{said}");
}

#[test]
fn an_environment_is_refused_since_nothing_would_come_of_it() {
    let folder = copy_of(&layout("express"));
    let directory = folder.path().join("repository");
    let output = init(&directory, &["-e", "nowhere"]);
    assert_eq!(output.status.code(), Some(2), "{}", everything_said(&output));
    assert!(everything_said(&output).contains("`--env nowhere`"), "{}", everything_said(&output));
    assert!(!directory.join("services.toml").exists());
}

fn asked(directory: &Path, answers: &str) -> Output {
    let mut command = stackgen();
    command.current_dir(directory).args(["init", "--ask"]).env("NO_COLOR", "1");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("stackgen starts");
    // Whoever asks nothing may have gone already.
    let _ = child.stdin.take().expect("a pipe").write_all(answers.as_bytes());
    child.wait_with_output().expect("stackgen ends")
}

#[test]
fn answers_are_taken_and_the_end_of_input_takes_defaults() {
    let fresh = || copy_of(&layout("fastapi-poetry"));
    let folder = fresh();
    let directory = folder.path().join("repository");
    fs::remove_file(directory.join("alembic.ini")).expect("to be removed");
    let project = fs::read_to_string(directory.join("pyproject.toml")).expect("pyproject.toml");
    fs::write(directory.join("pyproject.toml"), project.replace("name = \"weather\"\n", "")).expect("a file");
    let output = asked(&directory, "no port\n9100\nForecast Service\n");
    let said = everything_said(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("[8000]") && said.contains("a port is a number"), "{said}");
    let text = manifest(&directory);
    assert!(text.contains("name = \"forecast-service\"") && text.contains("port = 9100"), "{said}\n{text}");
    works(&directory);
    let (with_defaults, without) = (fresh(), fresh());
    let (one, other) = (with_defaults.path().join("repository"), without.path().join("repository"));
    assert!(asked(&one, "").status.success());
    assert!(init(&other, &[]).status.success());
    assert_eq!(manifest(&one), manifest(&other), "the end of input");
    // Nothing is asked of whoever did not ask for it.
    assert!(!everything_said(&init(&copy_of(&layout("express")).path().join("repository"), &[])).contains("]: "));
}

#[test]
fn a_proxy_is_put_in_front_of_several_services_where_somebody_says_so() {
    let folder = copy_of(&layout("workspaces"));
    let directory = folder.path().join("repository");
    let first = asked(&directory, "");
    assert!(everything_said(&first).contains("a proxy stands in front"), "{}", everything_said(&first));
    assert!(manifest(&directory).contains("# [services.traefik]"));
    fs::remove_file(directory.join("services.toml")).expect("to be removed");
    let questions = everything_said(&first).matches("]: ").count();
    let answers = "\n".repeat(questions - 1) + "yes\n";
    let output = asked(&directory, &answers);
    let text = manifest(&directory);
    assert!(text.contains("\n[services.traefik]"), "{}\n{text}", everything_said(&output));
    works(&directory);
}

#[test]
#[cfg(unix)]
fn what_a_terminal_would_obey_is_shown_and_not_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let directory = folder.path();
    let name = "we\u{1b}[31mb\nx";
    fs::create_dir(directory.join(name)).expect("a folder");
    fs::write(directory.join(name).join("package.json"), "{\"scripts\": {\"start\": \"node index.js\"}}")
        .expect("a file");
    let output = init(directory, &[name]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains('\u{1b}') && !said.contains("b\nx"), "{said:?}");
    assert!(said.contains("cd $'we\\x1b[31mb\\x0ax'"), "{said}");
    // What begins with `-` is no option.
    fs::create_dir(directory.join("-rf")).expect("a folder");
    fs::write(directory.join("-rf/compose.yaml"), "services:\n  web:\n    image: example/web:1.0\n").expect("a file");
    fs::remove_dir_all(directory.join(name)).expect("it is gone");
    let output = init(directory, &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("mv ./-rf/compose.yaml ./-rf/compose.yaml.before"), "{said}");
}

#[test]
fn a_variable_that_has_no_name_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "services:\n  web:\n    image: example/web:1.0\n    environment:\n      - 'BAD\"KEY=1'\n      - 'TOKEN: Mari9oldTh'\n";
    fs::write(folder.path().join("compose.yaml"), text).expect("a file");
    let said = everything_said(&init(folder.path(), &["--stdout"]));
    assert!(said.contains("what `BAD\"KEY` in compose.yaml is") && said.contains("what `TOKEN` in"), "{said}");
    assert!(!said.contains("Mari9oldTh"), "{said}");
}

#[test]
fn a_default_is_said_to_be_from_where_it_was_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    write("package.json", "{\"scripts\": {\"start\": \"node index.js\"}}");
    write("package-lock.json", "{}");
    write("index.js", "const model = process.env.MODEL;\n");
    write(".env.example", "MODEL=gpt-small\n");
    let said = everything_said(&init(folder.path(), &["--stdout"]));
    let line = said.lines().find(|line| line.starts_with("MODEL")).unwrap_or_default();
    assert!(line.contains("gpt-small") && line.ends_with("# from .env.example"), "{line}");
}
