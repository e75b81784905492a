//! Programs in Python: what they depend on, which object serves, migrations, Celery.

use std::collections::BTreeSet;

use super::{Celery, Fact, Program, Seen, asgi, code, django, dockerfile, is_part, routers, writes};
use crate::init::snapshot::{Snapshot, file_name, joined, parent};

const MARKS: [&str; 5] = ["pyproject.toml", "requirements.txt", "Pipfile", "manage.py", "setup.py"];

/// Names of files in which a program begins, the usual ones first.
const MAINS: [&str; 7] = ["main.py", "app.py", "server.py", "api.py", "asgi.py", "wsgi.py", "__init__.py"];

pub(super) fn look(snapshot: &Snapshot, seen: &mut Seen) {
    let mut directories: BTreeSet<String> = BTreeSet::new();
    for mark in MARKS {
        let found =
            snapshot.below("").filter(|path| file_name(path) == mark && (is_part(path) || seen.is_built(parent(path))));
        directories.extend(found.map(|path| parent(path).to_owned()));
    }
    for directory in directories {
        // Node.js beside it: whatever runs is known already.
        if seen.program(&directory).is_some() {
            continue;
        }
        if let Some(program) = program(snapshot, &directory, seen) {
            seen.programs.push(program);
        }
    }
}

fn program(snapshot: &Snapshot, directory: &str, seen: &mut Seen) -> Option<Program> {
    let from = MARKS.iter().map(|mark| joined(directory, mark)).find(|path| snapshot.has(path))?;
    let mut program =
        Program { directory: directory.to_owned(), kind: Some("python".to_owned()), from, ..Program::default() };
    packages(snapshot, directory, &mut program, seen);
    let sources = code::sources(snapshot, directory);
    let has = |program: &Program, name: &str| program.packages.contains(name);
    let module = |path: &str| module(directory, path, snapshot);
    // The object that serves, in the file that is most likely the first.
    let mut files: Vec<(&str, &str)> = sources.clone();
    files.sort_by_key(|(path, _)| {
        let rank = MAINS.iter().position(|name| *name == file_name(path)).unwrap_or(MAINS.len());
        (rank, path.matches('/').count(), (*path).to_owned())
    });
    let modules = asgi::Modules { files: &files, name: &module };
    asgi::look(modules, &mut program);
    let manage = joined(directory, "manage.py");
    let mut skipped = BTreeSet::new();
    if snapshot.has(&manage) || has(&program, "django") && files.iter().any(|(path, _)| file_name(path) == "wsgi.py") {
        skipped = django::look(snapshot, directory, &files, &module, &mut program);
    } else if program.app.is_none() && program.command.is_none() {
        flask(directory, &files, snapshot, &mut program);
    }
    if program.app.is_none() && program.command.is_none() {
        asgi::script(snapshot, directory, modules, &mut program);
    }
    if program.app.is_none() && program.command.is_none() {
        let main = files.iter().find(|(path, _)| file_name(path) == "__main__.py");
        let script = || {
            files.iter().find(|(path, text)| {
                parent(path) == directory && MAINS.contains(&file_name(path)) && text.contains("if __name__ == ")
            })
        };
        if let Some((path, _)) = main {
            let package = parent(path).strip_prefix(directory).unwrap_or_default().trim_start_matches('/');
            if !package.is_empty() {
                program.command = Some(Fact::seen(format!("python -m {}", package.replace('/', ".")), *path));
            }
        } else if let Some((path, _)) = script() {
            program.command = Some(Fact::seen(format!("python {}", file_name(path)), *path));
        }
    }
    if has(&program, "celery") {
        celery(&files, &module, &mut program);
    }
    program.runs =
        program.app.is_some() || program.command.is_some() || program.celery.is_some() || seen.is_built(directory);
    // Its own Dockerfile knows what runs.
    program.runs |= !sources.is_empty() && is_dockerized(snapshot, directory);
    if !program.runs {
        return None;
    }
    let alembic = joined(directory, "alembic.ini");
    if snapshot.has(&alembic) {
        program.before_start.push(Fact::seen("alembic upgrade head".to_owned(), alembic));
    }
    program.writes = writes::look(&files, &skipped, &program);
    queues(snapshot, directory, &mut program);
    program.version = version(snapshot, directory);
    program.port = code::port(&sources);
    let health = routers::of_python(&sources, &module, &program);
    (program.health, program.health_part) = (health.found, health.part);
    if program.obstacle.is_none() {
        program.obstacle = unlocked(snapshot, directory, &program.from);
    }
    Some(program)
}

/// Why nothing can be installed, where no file says what.
fn unlocked(snapshot: &Snapshot, directory: &str, from: &str) -> Option<String> {
    let has = |name: &str| snapshot.has(&joined(directory, name));
    if ["uv.lock", "poetry.lock", "requirements.txt"].into_iter().any(has) {
        return None;
    }
    let others = [
        ("Pipfile.lock", "pipenv", "pipenv requirements > requirements.txt"),
        ("pdm.lock", "PDM", "pdm export --prod --output requirements.txt"),
    ];
    if let Some((lock, tool, export)) = others.into_iter().find(|(lock, ..)| has(lock)) {
        return Some(format!(
            "{} is a lock file of {tool}, from which images are not installed: run `{export}` there and commit \
             requirements.txt too, each time the lock file changes",
            joined(directory, lock)
        ));
    }
    let what = match file_name(from) {
        "Pipfile" => "`pipenv lock`, then `pipenv requirements > requirements.txt`, there and commit both files",
        "pyproject.toml" => "`uv lock` or `poetry lock` there and commit the file",
        _ => "`pip freeze > requirements.txt` where it works and commit the file",
    };
    Some(format!("{from} has no lock file beside it: run {what}"))
}

/// Whether a person wrote a Dockerfile for it, from an image with Python.
fn is_dockerized(snapshot: &Snapshot, directory: &str) -> bool {
    let names = ["Dockerfile", "Containerfile"].map(|name| joined(directory, name));
    names.iter().filter_map(|path| Some((path, snapshot.text(path)?))).any(|(path, text)| {
        let built = dockerfile::read(path, text, None);
        let is_python = built.runtime.is_some_and(|(runtime, _)| runtime == "python");
        let from = |line: &str| line.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("from "));
        !built.is_ours && (is_python || text.lines().any(|line| from(line) && line.contains("python")))
    })
}

/// The module that a file is, as programs in `directory` import it.
fn module(directory: &str, path: &str, snapshot: &Snapshot) -> String {
    let inner = path.strip_prefix(directory).unwrap_or(path).trim_start_matches('/');
    let inner = inner.strip_suffix(".py").unwrap_or(inner);
    let inner = inner.strip_suffix("/__init__").unwrap_or(inner);
    // A `src` that is no package itself is where packages lie.
    let is_layout = inner.starts_with("src/") && !snapshot.has(&joined(directory, "src/__init__.py"));
    let inner = if is_layout { &inner["src/".len()..] } else { inner };
    inner.replace('/', ".")
}

/// Flask: an object, or a function that makes it.
fn flask(directory: &str, files: &[(&str, &str)], snapshot: &Snapshot, program: &mut Program) {
    let found = files.iter().find_map(|(path, text)| {
        if let Some(name) = code::made_by(text, "Flask").filter(|_| !text.contains("def create_app")) {
            return Some((*path, name));
        }
        text.contains("def create_app(").then(|| (*path, "create_app()".to_owned()))
    });
    let Some((path, object)) = found.filter(|_| program.packages.contains("flask")) else { return };
    let module = module(directory, path, snapshot);
    let run = if program.packages.contains("gunicorn") {
        format!("gunicorn '{module}:{object}' --bind 0.0.0.0:${{service.port}}")
    } else {
        program
            .remarks
            .push("it is served by Flask's own server, which is meant for development: add gunicorn".to_owned());
        format!("flask --app '{module}' run --host 0.0.0.0 --port ${{service.port}}")
    };
    program.command = Some(Fact::seen(run, path));
}

/// The application of Celery, and whether it has a schedule.
fn celery(files: &[(&str, &str)], module: &dyn Fn(&str) -> String, program: &mut Program) {
    let Some((path, name)) = files.iter().find_map(|(path, text)| Some((*path, code::made_by(text, "Celery")?))) else {
        return;
    };
    let of_file = module(path);
    // `celery --app proj` finds `proj.celery` and the names `app` and `celery` by itself.
    let app = match of_file.strip_suffix(".celery") {
        Some(package) if name == "app" || name == "celery" => package.to_owned(),
        _ if name == "app" || name == "celery" => of_file,
        _ => format!("{of_file}:{name}"),
    };
    let words = ["beat_schedule", "CELERY_BEAT_SCHEDULE", "django_celery_beat", "add_periodic_task("];
    let schedule = files.iter().find(|(_, text)| words.iter().any(|word| text.contains(word)));
    let schedule = schedule.map(|(path, _)| (*path).to_owned());
    program.celery = Some(Celery { app: Fact::seen(app, path), schedule });
}

/// Queues whose workers are processes of their own, which nothing in the sources names.
fn queues(snapshot: &Snapshot, directory: &str, program: &mut Program) {
    if snapshot.has(&joined(directory, "Procfile")) {
        return;
    }
    for (package, run) in [("rq", "rq worker"), ("dramatiq", "dramatiq"), ("huey", "huey_consumer"), ("arq", "arq")] {
        if program.packages.contains(package) {
            program.remarks.push(format!(
                "whether a worker runs beside it: `{package}` is among its packages, and nothing says on what one works (a \
                 service that `extends` it, with `command = \"{run} …\"`)"
            ));
        }
    }
}

/// What a program depends on, by every file that says it.
fn packages(snapshot: &Snapshot, directory: &str, program: &mut Program, seen: &mut Seen) {
    let path = joined(directory, "pyproject.toml");
    if let Some(text) = snapshot.text(&path) {
        match toml::from_str::<toml::Table>(text) {
            Ok(table) => of_pyproject(&table, &mut program.packages),
            Err(_) => seen.troubles.push((path, "it is no TOML".to_owned())),
        }
    }
    let lists = snapshot.texts_below(directory).filter(|(path, _)| {
        let name = file_name(path);
        let is_list = name.strip_suffix(".txt").is_some_and(|stem| stem.starts_with("requirements"));
        let is_folder = file_name(parent(path)) == "requirements" && name.strip_suffix(".txt").is_some();
        let is_aside = ["dev", "test", "lint", "doc"].iter().any(|word| name.contains(word));
        let depth = path.strip_prefix(directory).unwrap_or(path).trim_start_matches('/').matches('/').count();
        (is_list && depth == 0 || is_folder && depth == 1) && !is_aside
    });
    for (_, text) in lists {
        text.lines().for_each(|line| requirement(line, &mut program.packages));
    }
    if let Some(text) = snapshot.text(&joined(directory, "Pipfile"))
        && let Ok(table) = toml::from_str::<toml::Table>(text)
    {
        let names = table.get("packages").and_then(toml::Value::as_table).into_iter().flatten();
        program.packages.extend(names.map(|(name, _)| normal(name)));
    }
}

fn of_pyproject(table: &toml::Table, packages: &mut BTreeSet<String>) {
    let project = table.get("project");
    let list = project.and_then(|project| project.get("dependencies")).and_then(toml::Value::as_array);
    for line in list.into_iter().flatten().filter_map(toml::Value::as_str) {
        requirement(line, packages);
    }
    let poetry = table.get("tool").and_then(|tool| tool.get("poetry")?.get("dependencies")?.as_table());
    for (name, value) in poetry.into_iter().flatten() {
        packages.insert(normal(name));
        let extras = value.get("extras").and_then(toml::Value::as_array).into_iter().flatten();
        packages.extend(extras.filter_map(toml::Value::as_str).map(|extra| format!("{}[{extra}]", normal(name))));
    }
}

/// A line of a list of requirements: the name, and the name with each extra.
fn requirement(line: &str, packages: &mut BTreeSet<String>) {
    let line = line.split('#').next().unwrap_or_default().trim();
    let ends = |c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c));
    let name = line.split(ends).next().unwrap_or_default();
    if name.is_empty() || line.starts_with('-') {
        return;
    }
    packages.insert(normal(name));
    let extras = line[name.len()..].trim_start().strip_prefix('[').and_then(|rest| rest.split(']').next());
    for extra in extras.into_iter().flat_map(|extras| extras.split(',')) {
        packages.insert(format!("{}[{}]", normal(name), extra.trim()));
    }
}

/// Names are compared so (PEP 503).
fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// The version that something pins.
fn version(snapshot: &Snapshot, directory: &str) -> Option<Fact<String>> {
    let short = |text: &str| {
        let text = text.trim().trim_start_matches("python-");
        let mut parts = text.split('.').map(|part| part.chars().take_while(char::is_ascii_digit).collect::<String>());
        let (major, minor) = (parts.next()?, parts.next()?);
        (major == "3" && !minor.is_empty()).then(|| format!("{major}.{minor}"))
    };
    for name in [".python-version", "runtime.txt"] {
        for directory in [directory, ""] {
            let path = joined(directory, name);
            if let Some(version) = snapshot.text(&path).and_then(short) {
                return Some(Fact::seen(version, path));
            }
        }
    }
    let path = joined(directory, "pyproject.toml");
    let table = toml::from_str::<toml::Table>(snapshot.text(&path)?).ok()?;
    let project = table.get("project").and_then(|project| project.get("requires-python")?.as_str());
    let poetry = || table.get("tool")?.get("poetry")?.get("dependencies")?.get("python")?.as_str();
    let wanted = project.or_else(poetry)?;
    let version = short(wanted.trim_start_matches(|c: char| !c.is_ascii_digit()))?;
    Some(Fact::seen(version, format!("{path}: {wanted}")))
}
