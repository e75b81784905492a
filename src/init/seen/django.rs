//! Django: what serves it and what runs before, and what the settings that it runs with say of hosts and files.

use std::collections::BTreeSet;

use super::places::{Names, Sources, assigned, text_of, variable};
use super::{Fact, Hosts, Program};
use crate::init::snapshot::{Snapshot, file_name, joined, parent};

/// The texts of a settings module and of those that it takes over, the own first.
type Settings<'t> = Vec<(&'t str, &'t str)>;

/// What serves it, and what its settings say; the files with settings that it does not run with are given back.
pub(super) fn look<'t>(
    snapshot: &Snapshot,
    directory: &str,
    files: &[(&'t str, &'t str)],
    module: &dyn Fn(&str) -> String,
    program: &mut Program,
) -> BTreeSet<&'t str> {
    let find = |name: &str| files.iter().find(|(path, _)| file_name(path) == name).map(|(path, _)| *path);
    let has = |name: &str| program.packages.contains(name);
    if let Some(path) = find("wsgi.py").filter(|_| has("gunicorn")) {
        let run = format!("gunicorn {}:application --bind 0.0.0.0:${{service.port}}", module(path));
        program.command = Some(Fact::seen(run, path));
    } else if let Some(path) = find("asgi.py").filter(|_| has("uvicorn")) {
        program.app = Some(Fact::seen(format!("{}:application", module(path)), path));
    } else {
        program
            .remarks
            .push("it is served by Django's own server, which is meant for development: add gunicorn".to_owned());
        let run = "python manage.py runserver 0.0.0.0:${service.port}".to_owned();
        program.command = Some(Fact::guess(run, "no gunicorn or uvicorn among its dependencies"));
    }
    let manage = joined(directory, "manage.py");
    if snapshot.has(&manage) {
        program.before_start.push(Fact::seen("python manage.py migrate --noinput".to_owned(), manage));
    }
    let settings = settings(directory, files);
    program.hosts = hosts(&settings);
    let names = Names::of(files);
    static_files(snapshot, Sources { directory, names: &names }, &settings, program);
    let is_settings = |path: &str| {
        let is_one = file_name(path).trim_end_matches(".py") == "settings" || file_name(parent(path)) == "settings";
        is_one && !settings.is_empty() && !settings.iter().any(|(known, _)| *known == path)
    };
    files.iter().map(|(path, _)| *path).filter(|path| is_settings(path)).collect()
}

/// The settings that it runs with: those that `wsgi.py` names, with what they import whole.
fn settings<'t>(directory: &str, files: &[(&'t str, &'t str)]) -> Settings<'t> {
    let named = ["wsgi.py", "asgi.py", "manage.py"].iter().find_map(|name| {
        files.iter().filter(|(path, _)| file_name(path) == *name).find_map(|(_, text)| {
            let rest = text.split("DJANGO_SETTINGS_MODULE").nth(1)?.trim_start_matches(['"', '\'']);
            let rest = rest.trim_start_matches([',', ' ', '\n', ']', '=']);
            let module = rest.split(['"', '\'']).nth(1)?;
            module.chars().all(|c| c.is_alphanumeric() || "._".contains(c)).then_some(module)
        })
    });
    let of_module = |module: &str| {
        let inner = module.replace('.', "/");
        let ends = [format!("{inner}.py"), format!("{inner}/__init__.py")];
        let paths = ends.iter().flat_map(|end| [joined(directory, end), joined(directory, &format!("src/{end}"))]);
        let paths: Vec<String> = paths.collect();
        files.iter().find(|(path, _)| paths.iter().any(|wanted| wanted == path)).copied()
    };
    let first = named.and_then(of_module);
    let only = || files.iter().find(|(path, _)| file_name(path) == "settings.py").copied();
    let mut all: Settings<'t> = first.or_else(only).into_iter().collect();
    let mut at = 0;
    while let Some((path, text)) = all.get(at).copied() {
        at += 1;
        for line in text.lines() {
            let Some((from, what)) = line.strip_prefix("from ").and_then(|rest| rest.split_once(" import ")) else {
                continue;
            };
            if what.split('#').next().map(str::trim) != Some("*") {
                continue;
            }
            let found = match from.strip_prefix('.') {
                Some(relative) => {
                    let levels = relative.len() - relative.trim_start_matches('.').len();
                    let base = (0..levels).fold(parent(path), |at, _| parent(at));
                    let inner = relative.trim_start_matches('.').replace('.', "/");
                    let wanted = [joined(base, &format!("{inner}.py")), joined(base, &format!("{inner}/__init__.py"))];
                    files.iter().find(|(path, _)| wanted.iter().any(|wanted| wanted == path)).copied()
                }
                None => of_module(from),
            };
            if let Some(found) = found.filter(|found| !all.contains(found)) {
                all.push(found);
            }
        }
    }
    all
}

/// What a setting is given, and where; the first module that says so decides.
fn setting<'t>(settings: &Settings<'t>, name: &str) -> Option<(&'t str, usize, &'t str)> {
    settings.iter().find_map(|(path, text)| assigned(text, name).map(|(line, value)| (*path, line, value)))
}

/// Whom it answers.
fn hosts(settings: &Settings<'_>) -> Option<Hosts> {
    let (path, line, value) = setting(settings, "ALLOWED_HOSTS")?;
    let from = format!("{path}:{line}");
    // Every second part stands in quotes.
    let quoted: Vec<&str> = value.split(['"', '\'']).skip(1).step_by(2).collect();
    let is_host = |text: &&str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_*[]:,".contains(c)) && *text != ","
    };
    let name = variable(value).filter(|name| quoted.contains(&name.as_str()));
    let known = quoted.iter().filter(|text| is_host(text) && Some(**text) != name.as_deref());
    let known: Vec<String> = known.flat_map(|text| text.split(',')).map(str::to_owned).collect();
    let separator = ["split(\" \")", "split(' ')", "split()"].iter().any(|call| value.contains(call)).then_some(' ');
    let commas = ["split(\",\")", "split(',')", ".list(", "Csv(", "cast=list"];
    let separator = separator.or_else(|| commas.iter().any(|call| value.contains(call)).then_some(','));
    Some(Hosts { variable: name, separator, known, from })
}

/// Static files: gathered where something serves them.
fn static_files(snapshot: &Snapshot, sources: Sources<'_>, settings: &Settings<'_>, program: &mut Program) {
    let Some((path, line, value)) = setting(settings, "STATIC_ROOT") else { return };
    let is_used = settings.iter().any(|(_, text)| text.contains("django.contrib.staticfiles"));
    if !is_used || !snapshot.has(&joined(sources.directory, "manage.py")) {
        return;
    }
    let from = format!("{path}:{line}");
    if !program.packages.contains("whitenoise") {
        let what = format!(
            "who serves its static files (`STATIC_ROOT` in {from}): nothing runs `collectstatic`, and whitenoise, which would \
             serve them, is not among its dependencies"
        );
        program.remarks.push(what);
        return;
    }
    let place = sources.place(path, value).or_else(|| {
        let text = text_of(value)?;
        sources.place(path, &format!("\"{text}\""))
    });
    let Some(place) = place.filter(|place| !place.path.is_empty() && place.variable.is_none()) else {
        program.remarks.push(format!(
            "where its static files go (`STATIC_ROOT` in {from}): run `python manage.py collectstatic --noinput` in \
             `before-start`, and let a volume be there"
        ));
        return;
    };
    program.before_start.push(Fact::seen("python manage.py collectstatic --noinput".to_owned(), from.clone()));
    program.static_root = Some(Fact::seen(place.path, from));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_are_those_that_it_runs_with() {
        let files = [
            ("site/wsgi.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"config.settings.production\")\n"),
            ("site/config/settings/base.py", "ALLOWED_HOSTS = []\nSTATIC_ROOT = 'static'\n"),
            ("site/config/settings/local.py", "from .base import *\nALLOWED_HOSTS = ['*']\n"),
            ("site/config/settings/production.py", "from .base import *  # noqa\nDEBUG = False\n"),
        ];
        let found: Vec<&str> = settings("site", &files).iter().map(|(path, _)| *path).collect();
        assert_eq!(found, ["site/config/settings/production.py", "site/config/settings/base.py"]);
    }

    #[test]
    fn hosts_stand_in_a_variable_or_in_the_settings() {
        let of = |text: &str| {
            let text = format!("ALLOWED_HOSTS = {text}\n");
            let hosts = hosts(&vec![("s.py", text.as_str())]).unwrap();
            (hosts.variable.unwrap_or_default(), hosts.separator, hosts.known.join(" "))
        };
        let variable = |separator: Option<char>, known: &str| ("HOSTS".to_owned(), separator, known.to_owned());
        for (text, expected) in [
            ("os.environ.get(\"HOSTS\", \"localhost\").split(\",\")", variable(Some(','), "localhost")),
            (
                "os.environ.get('HOSTS', 'a.example.com,b.example.com').split(',')",
                variable(Some(','), "a.example.com b.example.com"),
            ),
            ("env.list(\"HOSTS\", default=[\"localhost\"])", variable(Some(','), "localhost")),
            ("config(\"HOSTS\", default=\"\", cast=Csv())", variable(Some(','), "")),
            ("os.environ[\"HOSTS\"].split(\" \")", variable(Some(' '), "")),
            ("[os.environ[\"HOSTS\"]]", variable(None, "")),
            (
                "[\"a.example.com\", \".b.example.com\"]",
                (String::new(), None, "a.example.com .b.example.com".to_owned()),
            ),
            ("[]", (String::new(), None, String::new())),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }
}
