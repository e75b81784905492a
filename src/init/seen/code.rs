//! What sources show at a glance: on which port they listen, which path says that they are well, and which object serves.
//! Texts are looked at, and no program is understood: the audit does that for variables.

use super::{Fact, is_part};
use crate::init::snapshot::{Snapshot, is_code, is_in, joined, parent};

/// Paths that mean nothing else, the better ones first.
pub(super) const HEALTH: [&str; 14] = [
    "/health",
    "/healthz",
    "/api/health",
    "/api/healthz",
    "/health/live",
    "/livez",
    "/healthcheck",
    "/health-check",
    "/_health",
    "/api/v1/health",
    "/ping",
    "/readyz",
    "/ready",
    "/up",
];

/// Words before a path that is served.
const ROUTES: [&str; 17] = [
    "get(",
    "route(",
    "Route(",
    "path(",
    "all(",
    "use(",
    "GET ",
    "case ",
    "===",
    "==",
    "add_url_rule(",
    "add_route(",
    "handle(",
    "HandleFunc(",
    "Handle(",
    "url(",
    "api_route(",
];

/// The code of a program, without what belongs to programs further down.
pub(super) fn sources<'a>(snapshot: &'a Snapshot, directory: &str) -> Vec<(&'a str, &'a str)> {
    let marks = ["package.json", "pyproject.toml", "requirements.txt"];
    let is_nested = |path: &str| {
        let mut at = parent(path);
        while at.len() > directory.len() {
            if marks.iter().any(|mark| snapshot.has(&joined(at, mark))) {
                return true;
            }
            at = parent(at);
        }
        false
    };
    let inner = |path: &str| path.strip_prefix(directory).unwrap_or(path).trim_start_matches('/').to_owned();
    let all = snapshot.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    all.filter(|(path, _)| is_in(path, directory) && is_code(path) && is_part(&inner(path)) && !is_nested(path))
        .collect()
}

/// The path that says that a program is well.
pub(super) fn health(texts: &[(&str, &str)]) -> Option<Fact<String>> {
    HEALTH.iter().find_map(|path| {
        texts.iter().find_map(|(file, text)| Some(Fact::seen(served(text, path).into_iter().next()?.1, *file)))
    })
}

/// The paths that are served of those that end so, as they are written, each with the byte at which it stands.
pub(super) fn served(text: &str, path: &str) -> Vec<(usize, String)> {
    let bare = &path[1..];
    let found = text.match_indices(bare).filter_map(|(at, _)| {
        let before = &text[..at];
        let after = &text[at + bare.len()..];
        let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
        let is_quoted = |text: &str| text.ends_with(['"', '\'', '`']);
        let begins = line.strip_suffix('/').unwrap_or(line);
        let has_slash = begins.len() < line.len();
        // `"GET /health"`, as routers by pattern have it.
        let is_pattern = has_slash && begins.ends_with("GET ");
        let ends = |text: &str| text.starts_with(['"', '\'', '`']);
        let (closed, has_end) = (ends(after), after.starts_with('/') && ends(&after[1..]));
        if !(is_quoted(begins) || is_pattern) || !(closed || has_end) {
            return None;
        }
        let is_routed = ROUTES.iter().any(|word| begins.contains(word))
            || after.trim_start_matches(['"', '\'', '/']).starts_with(':');
        // Django has no slash in front.
        let is_django = !has_slash && begins.contains("path(");
        let end = if has_end { "/" } else { "" };
        (is_routed && (has_slash || is_django)).then(|| (at, format!("{path}{end}")))
    });
    found.collect()
}

/// The port that a program listens on where nothing says another: what stands behind `PORT`, or where it listens.
pub(super) fn port(texts: &[(&str, &str)]) -> Option<Fact<u16>> {
    let behind_name = |text: &str| {
        words(text, "PORT").find_map(|at| {
            // The key of a table is called so too: `"PORT": …`.
            let before = text[..at].trim_end_matches(['"', '\'', '`']);
            let is_quoted = before.len() < at;
            if is_quoted && !before.ends_with(['(', '[']) {
                return None;
            }
            let rest = line_after(text, at + "PORT".len());
            // What follows on the line may be about something else.
            number(rest.split([';', '{']).next().unwrap_or_default())
        })
    };
    let listening = |text: &str| {
        [".listen(", "uvicorn.run(", ".run(", "serve("].iter().find_map(|call| {
            text.match_indices(call).find_map(|(at, _)| {
                let inside = &text[at + call.len()..];
                let inside = &inside[..inside.char_indices().nth(200).map_or(inside.len(), |(at, _)| at)];
                let inside = &inside[..closing(inside).unwrap_or(inside.len())];
                let first = inside.trim_start();
                if *call == ".listen(" && first.starts_with(|c: char| c.is_ascii_digit()) {
                    return number(first);
                }
                // `const port = 4000; app.listen(port)`
                let end = first.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(first.len());
                if let Some(port) = constant(text, &first[..end]).filter(|_| *call == ".listen(") {
                    return Some(port);
                }
                let named = words(inside, "port").next()?;
                let value = inside[named + "port".len()..].trim_start_matches([' ', ':', '=', '"', '\'']);
                value.starts_with(|c: char| c.is_ascii_digit()).then(|| number(value)).flatten()
            })
        })
    };
    // `port: int = 8000` of a settings class.
    let field = |text: &str| text.lines().find_map(|line| number(line.trim_start().strip_prefix("port: int = ")?));
    let find =
        |ask: &dyn Fn(&str) -> Option<u16>| texts.iter().find_map(|(file, text)| Some(Fact::seen(ask(text)?, *file)));
    find(&behind_name).or_else(|| find(&field)).or_else(|| find(&listening))
}

/// Where the bracket is closed that was opened before a text.
pub(super) fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => return Some(at),
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// What listens, in any of the languages that are looked at.
const LISTENERS: [&str; 8] = [
    "listen(",
    "createServer(",
    "serve(",
    "Server(",
    "startStandaloneServer(",
    "env.PORT",
    "env[\"PORT\"]",
    "env['PORT']",
];

/// Whether anything in these texts may listen.
pub(super) fn listens(texts: &[(&str, &str)]) -> bool {
    texts.iter().any(|(_, text)| LISTENERS.iter().any(|word| text.contains(word)))
}

/// The number that a name is given, where a line does so: `const port = 4000`.
fn constant(text: &str, name: &str) -> Option<u16> {
    let of = |at: usize| {
        let value = line_after(text, at + name.len()).trim_start().strip_prefix('=')?;
        if value.starts_with('=') { None } else { number(value.split(';').next().unwrap_or_default()) }
    };
    words(text, name).filter(|_| !name.is_empty()).find_map(of)
}

/// The rest of the line behind a byte.
pub(in crate::init) fn line_after(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default().lines().next().unwrap_or_default()
}

/// The scheme of the first address in a text, and the number that its path is: of `redis://:secret@localhost:6379/1`, both
/// of which open nothing.
pub(in crate::init) fn dialect(text: &str) -> Option<(String, Option<u8>)> {
    let (before, rest) = text.split_once("://")?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+.-".contains(c);
    let scheme = &before[before.trim_end_matches(is_part).len()..];
    let end = rest.find(|c: char| c.is_whitespace() || "\"'`,;)".contains(c)).unwrap_or(rest.len());
    let path = rest[..end].split(['?', '#']).next().unwrap_or_default().split_once('/').map(|(_, path)| path);
    let number = path.filter(|path| path.len() <= 2).and_then(|path| path.parse().ok());
    (!scheme.is_empty()).then(|| (scheme.to_ascii_lowercase(), number))
}

/// Where a word stands, that is no part of another one.
pub(super) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |at| !is_part(text[..*at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next()))
}

/// The first number in a text that can be a port.
pub(super) fn number(text: &str) -> Option<u16> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).find_map(|word| {
        let port = word.replace('_', "").parse::<u16>().ok()?;
        (port >= 80).then_some(port)
    })
}

/// The port that the words of a command name: `--port 8000`, `-p 8000`, `--bind 0.0.0.0:8000`, `PORT=8000`.
pub(super) fn port_of_command(command: &str) -> Option<u16> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let of_word =
        |word: &str| word.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).filter(|port| *port > 0);
    let flags = ["--port", "-p", "--bind", "-b", "--listen", "-l"];
    let behind = words.windows(2).find_map(|pair| flags.contains(&pair[0]).then(|| of_word(pair[1])).flatten());
    let glued = words.iter().find_map(|word| {
        let (flag, value) = word.split_once('=')?;
        (flags.contains(&flag) || flag == "PORT").then(|| of_word(value)).flatten()
    });
    let django = || words.iter().position(|word| *word == "runserver").and_then(|at| of_word(words.get(at + 1)?));
    behind.or(glued).or_else(django)
}

/// The name of what a call makes, at the start of a line: `app = FastAPI(` gives `app`.
pub(super) fn made_by(text: &str, maker: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (left, right) = line.split_once('=')?;
        let right = right.trim_start();
        let called = right.split('(').next().filter(|_| right.contains('('))?;
        let is_maker = called == maker || called.rsplit('.').next() == Some(maker);
        let name = left.split(':').next().unwrap_or_default().trim_end();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        (is_maker && is_name).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_stands_behind_its_name_or_where_something_listens() {
        for (text, expected) in [
            ("port: Number(env.PORT || \"3002\"),", Some(3002)),
            ("port: integer(\"PORT\", 3001, 65_535),", Some(3001)),
            ("app.listen(4000, () => {})", Some(4000)),
            ("app.listen({ port: 4001 })", Some(4001)),
            ("uvicorn.run(app, host=\"0.0.0.0\", port=8080)", Some(8080)),
            ("const p = process.env.MAIL_PORT || 587", None),
            ("uvicorn.run(create_app(1), host=\"0.0.0.0\", port=8081)", Some(8081)),
            ("app.listen(config.port)", None),
            ("const port = 4567\napp.listen(port, () => {})", Some(4567)),
            ("const port = 4568; if (port === 4569) {} server.listen(port)", Some(4568)),
            ("app.listen(server)", None),
            ("    port: int = 9000", Some(9000)),
        ] {
            assert_eq!(port(&[("a", text)]).map(|fact| fact.value), expected, "{text}");
        }
    }

    #[test]
    fn a_health_path_is_one_that_is_served() {
        for (text, expected) in [
            ("@app.get(\"/health\")", Some("/health")),
            ("    case \"GET /health\":", Some("/health")),
            ("mux.HandleFunc(\"GET /healthz\", ok)", Some("/healthz")),
            ("path(\"health/\", views.health),", Some("/health/")),
            ("if (req.url === '/healthz') {", Some("/healthz")),
            ("fetch(`${api}/health`)", None),
            ("// see the health of it", None),
        ] {
            assert_eq!(health(&[("a", text)]).map(|fact| fact.value).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_command_names_a_port_in_many_ways() {
        for (command, expected) in [
            ("uvicorn app:app --host 0.0.0.0 --port 8001", Some(8001)),
            ("gunicorn --bind=0.0.0.0:8002 app", Some(8002)),
            ("python manage.py runserver 0.0.0.0:8003", Some(8003)),
            ("next dev -p 3005", Some(3005)),
            ("gunicorn app --bind 0.0.0.0:$PORT", None),
            ("node server.js", None),
        ] {
            assert_eq!(port_of_command(command), expected, "{command}");
        }
    }

    #[test]
    fn what_a_call_makes_has_a_name() {
        assert_eq!(made_by("x = 1\napp = FastAPI(title=\"a\")", "FastAPI").as_deref(), Some("app"));
        assert_eq!(made_by("api: FastAPI = fastapi.FastAPI()", "FastAPI").as_deref(), Some("api"));
        assert_eq!(made_by("app = Other(FastAPI())", "FastAPI"), None);
    }
}
