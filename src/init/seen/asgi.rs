//! What serves a Python program that speaks ASGI: an object of a module, a function that makes one, or a script of the
//! package that does both.

use std::collections::BTreeSet;

use super::code::{closing, made_by};
use super::{Fact, Program};
use crate::init::snapshot::{Snapshot, joined};

/// What serves ASGI, and the class whose object it is.
const CLASSES: [&str; 5] = ["FastAPI", "Starlette", "Quart", "Litestar", "Sanic"];

/// The sources of a program, and which module each of them is.
#[derive(Clone, Copy)]
pub(super) struct Modules<'s, 't> {
    /// The likely beginnings first.
    pub(super) files: &'s [(&'t str, &'t str)],
    pub(super) name: &'s dyn Fn(&str) -> String,
}

/// A function that makes an application.
struct Factory<'t> {
    name: &'t str,
    /// Whether nobody can call it without knowing more.
    wants: bool,
}

/// Finds what serves, and says it as the kind takes it: as `app`, else as `command`.
pub(super) fn look(modules: Modules<'_, '_>, program: &mut Program) {
    if let Some(object) = object(modules) {
        serve(&object, false, program);
    } else if let Some(factory) = factory(modules, program) {
        serve(&factory, true, program);
    }
}

/// The object that serves, in the file that is most likely the first.
fn object(modules: Modules<'_, '_>) -> Option<Fact<String>> {
    let made: Vec<&str> = modules.files.iter().flat_map(|(_, text)| factories(text)).map(|made| made.name).collect();
    modules.files.iter().find_map(|(path, text)| {
        let direct = CLASSES.iter().find_map(|class| made_by(text, class));
        let name = direct.or_else(|| made.iter().find_map(|factory| made_by(text, factory)))?;
        Some(Fact::seen(format!("{}:{name}", (modules.name)(path)), *path))
    })
}

/// The function that makes what serves: the one that the sources hand to uvicorn, else the first that wants nothing.
fn factory(modules: Modules<'_, '_>, program: &mut Program) -> Option<Fact<String>> {
    let all: Vec<(&str, Factory<'_>)> = modules
        .files
        .iter()
        .flat_map(|(path, text)| factories(text).into_iter().map(|factory| (*path, factory)))
        .collect();
    let named: Vec<&str> = modules.files.iter().flat_map(|(_, text)| started(text)).collect();
    let spelled = |(path, factory): &(&str, Factory<'_>)| format!("{}:{}", (modules.name)(path), factory.name);
    let mut free = all.iter().filter(|(_, factory)| !factory.wants);
    let found = all.iter().find(|found| named.contains(&spelled(found).as_str())).or_else(|| free.next());
    if found.is_none()
        && let Some((path, factory)) = all.first()
    {
        program.remarks.push(format!(
            "how its application is made: `{}` in {path} makes it, and wants arguments; let a module have it as an object \
             (`app = {}(…)`) and name that: `app = \"module:app\"`",
            factory.name, factory.name
        ));
    }
    found.map(|found| Fact::seen(spelled(found), found.0))
}

/// Hands an application, or what makes one, to a server that is among the packages.
fn serve(app: &Fact<String>, is_factory: bool, program: &mut Program) {
    let name = &app.value;
    let uvicorn = has_uvicorn(&program.packages);
    let run = match (is_factory, uvicorn || !program.packages.contains("hypercorn")) {
        (true, true) => format!("uvicorn --factory {name} --host 0.0.0.0 --port ${{service.port}}"),
        (true, false) => format!("hypercorn '{name}()' --bind 0.0.0.0:${{service.port}}"),
        (false, false) => format!("hypercorn {name} --bind 0.0.0.0:${{service.port}}"),
        (false, true) => {
            program.app = Some(app.clone());
            String::new()
        }
    };
    if !run.is_empty() {
        program.command = Some(Fact::seen(run, app.from.clone()));
    }
    if !uvicorn && !program.packages.contains("hypercorn") {
        program.obstacle = Some(format!("{} does not depend on `uvicorn`, which serves it", program.from));
    }
}

/// Whether uvicorn is installed.
fn has_uvicorn(packages: &BTreeSet<String>) -> bool {
    ["uvicorn", "fastapi[standard]", "fastapi[all]"].iter().any(|package| packages.contains(*package))
}

/// What a text hands to uvicorn by its name: `uvicorn.run("shop.main:create_app", factory=True)`.
fn started(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("uvicorn.run(").filter_map(|(at, call)| {
        let inside = text[at + call.len()..].trim_start();
        let quote = inside.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        inside[1..].split(quote).next().filter(|name| name.contains(':'))
    })
}

/// The functions of a module that make what serves ASGI.
fn factories(text: &str) -> Vec<Factory<'_>> {
    let starts = text.match_indices("def ").map(|(at, _)| at).filter(|at| *at == 0 || text[..*at].ends_with('\n'));
    starts
        .filter_map(|at| {
            let rest = &text[at + "def ".len()..];
            let (name, rest) = rest.split_once('(')?;
            let (arguments, rest) = rest.split_at(closing(rest)?);
            let (result, rest) = rest[1..].split_once(':')?;
            // What is not moved in is no part of it any more.
            let length = rest
                .match_indices('\n')
                .map(|(at, _)| at)
                .find(|at| rest[at + 1..].starts_with(|c: char| !c.is_whitespace() && c != '#'));
            let body: Vec<&str> = rest[..length.unwrap_or(rest.len())].lines().map(str::trim).collect();
            let makes = |class: &&str| {
                let is_said = result.trim_start().trim_start_matches("->").trim().trim_matches(['"', '\'']) == *class;
                let calls = format!("{class}(");
                is_said
                    || body.iter().any(|line| line.strip_prefix("return ").is_some_and(|made| made.starts_with(&calls)))
                    || made_by(&body.join("\n"), class)
                        .is_some_and(|made| body.contains(&format!("return {made}").as_str()))
            };
            let is_one = CLASSES.iter().any(makes);
            let wants = top_level(arguments).iter().any(|argument| {
                !argument.is_empty() && !argument.contains('=') && !argument.starts_with('*') && *argument != "/"
            });
            is_one.then_some(Factory { name: name.trim(), wants })
        })
        .collect()
}

/// What commas separate that stand in no bracket.
fn top_level(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|c: char| {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).collect()
}

/// The script of a package that serves: `[project.scripts]` names a function, and that starts a server.
pub(super) fn script(snapshot: &Snapshot, directory: &str, modules: Modules<'_, '_>, program: &mut Program) {
    let path = joined(directory, "pyproject.toml");
    let Some(table) = snapshot.text(&path).and_then(|text| toml::from_str::<toml::Table>(text).ok()) else { return };
    let of_project = table.get("project").and_then(|project| project.get("scripts"));
    let of_poetry = || table.get("tool")?.get("poetry")?.get("scripts");
    let scripts = of_project.or_else(of_poetry).and_then(toml::Value::as_table);
    for (name, entry) in scripts.into_iter().flatten() {
        let Some((module, function)) = entry.as_str().and_then(|entry| entry.split_once(':')) else { continue };
        let is_name = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
        let found = modules.files.iter().find(|(path, _)| (modules.name)(path) == module.trim());
        let Some((from, text)) = found.filter(|_| is_name(module) && is_name(function)) else { continue };
        let serves = ["uvicorn.run(", "uvicorn.Server(", "hypercorn", "Granian(", ".run(", "serve_forever("];
        if !text.contains(&format!("def {function}(")) || !serves.iter().any(|call| text.contains(call)) {
            continue;
        }
        // Not every image has the package installed, and every one has its modules.
        let run = format!("python -c 'from {module} import {function}; {function}()'");
        program.command = Some(Fact::seen(run, format!("{path}: the script `{name}`, in {from}")));
        if !text.contains("0.0.0.0") {
            program.remarks.push(format!(
                "whether others reach it: {from} does not say that it listens on 0.0.0.0, and on 127.0.0.1 nobody outside of \
                 its container does"
            ));
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_make_an_application_are_known_by_what_they_return() {
        for (text, expected) in [
            ("def create_app():\n    return FastAPI()\n", Some(("create_app", false))),
            ("def make() -> FastAPI:\n    return build()\n", Some(("make", false))),
            ("def make(a: dict[str, int], b=1):\n    app = FastAPI(x=(1))\n\n    return app\n", Some(("make", true))),
            (
                "def make(\n    settings: S | None = None,\n    *,\n    x=1,\n) -> Starlette:\n    pass\n",
                Some(("make", false)),
            ),
            ("def test():\n    client = Client(FastAPI())\n    return client\n", None),
            ("def other():\n    return 1\n\n\nreturn_ = FastAPI()\n", None),
            ("class A:\n    def make(self):\n        return FastAPI()\n", None),
        ] {
            let found = factories(text);
            assert_eq!(found.first().map(|found| (found.name, found.wants)), expected, "{text}");
        }
    }
}
