//! What programs write beside their source, as it shows at a glance: directories that they make, files that they open to
//! write, databases that are a file. The user of an image owns nothing of the source, and what is written there is gone
//! with the container.

use std::collections::BTreeSet;

use super::code;
use super::places::{Names, Place, Sources, arguments, assigned, statement, text_of, variable};
use super::{Program, Write};
use crate::init::snapshot::{file_name, parent};

/// What a word in front of a place is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Directory,
    File,
    Database,
}

use What::{Database, Directory, File};

/// Calls whose first argument is a place that is written to.
const CALLS: [(&str, What); 24] = [
    ("mkdirSync(", Directory),
    ("mkdir(", Directory),
    ("ensureDirSync(", Directory),
    ("ensureDir(", Directory),
    ("mkdirp(", Directory),
    ("mkdirp.sync(", Directory),
    ("makedirs(", Directory),
    ("writeFileSync(", File),
    ("writeFile(", File),
    ("appendFileSync(", File),
    ("appendFile(", File),
    ("createWriteStream(", File),
    ("outputFile(", File),
    ("outputJson(", File),
    ("Bun.write(", File),
    ("JSONFile(", File),
    ("JSONFilePreset(", File),
    ("TinyDB(", File),
    ("FileHandler(", File),
    ("DatabaseSync(", Database),
    ("new Database(", Database),
    ("sqlite3.Database(", Database),
    ("sqlite3.connect(", Database),
    ("aiosqlite.connect(", Database),
];

/// Keys and names whose value is a place that is written to, where the text has one of these words too.
const KEYS: [(&str, What, &[&str]); 12] = [
    ("dest:", Directory, &["multer"]),
    ("destination:", Directory, &["multer"]),
    ("uploadDir:", Directory, &["formidable"]),
    ("dirname:", Directory, &["winston"]),
    ("filename:", File, &["winston", "nedb"]),
    ("filename:", Database, &["sqlite"]),
    ("storage:", Database, &["sqlite"]),
    ("database:", Database, &["sqlite"]),
    ("\"NAME\":", Database, &["backends.sqlite3"]),
    ("'NAME':", Database, &["backends.sqlite3"]),
    ("[\"UPLOAD_FOLDER\"] =", Directory, &[]),
    ("['UPLOAD_FOLDER'] =", Directory, &[]),
];

/// Names whose value is a directory that is written to.
const NAMES: [&str; 2] = ["UPLOAD_FOLDER", "MEDIA_ROOT"];

/// Directories and beginnings of names whose files do something once, and not where the program runs.
const ONCE: [&str; 8] = ["scripts", "script", "tools", "seed", "seeds", "migrations", "bin", "alembic"];

/// Where everybody may write, or nobody.
const ELSEWHERE: [&str; 6] = ["/tmp", "/dev", "/proc", "/sys", "/run", "/var/tmp"];

/// How often one call is followed in one file: who writes more often does so in the same places.
const MOST: usize = 200;

/// What the sources of a program write; `skipped` are files that it does not load.
pub(super) fn look(texts: &[(&str, &str)], skipped: &BTreeSet<&str>, program: &Program) -> Vec<Write> {
    let names = Names::of(texts);
    let sources = Sources { directory: &program.directory, names: &names };
    let mut found: Vec<Write> = Vec::new();
    for (file, text) in texts.iter().filter(|(file, _)| !skipped.contains(file) && !is_once(file, &program.directory)) {
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        for (at, what, place) in spots(sources, file, text) {
            let from = format!("{file}:{}", ends.partition_point(|end| *end < at) + 1);
            if let Some(write) =
                write(place, what, from).filter(|write| !found.iter().any(|known| known.is_same(write)))
            {
                found.push(write);
            }
        }
    }
    found
}

/// Whether a file is no part of the program that runs: its configuration, what fills its database once.
fn is_once(file: &str, directory: &str) -> bool {
    let inner = file.strip_prefix(directory).unwrap_or(file).trim_start_matches('/');
    let name = file_name(inner);
    let stem = name.split('.').next().unwrap_or_default();
    parent(inner).split('/').any(|part| ONCE.contains(&part))
        || ONCE.contains(&stem)
        || name.contains(".config.")
        || matches!(name, "setup.py" | "gulpfile.js" | "knexfile.js" | "fabfile.py")
}

fn write(place: Place, what: What, from: String) -> Option<Write> {
    let is_directory = what == Directory || place.is_open;
    let directory = if is_directory { place.path.as_str() } else { parent(&place.path) };
    // What lies directly below the root has a directory that nobody gives away.
    let is_elsewhere = ELSEWHERE.iter().any(|root| crate::init::snapshot::is_in(directory, root) || directory == *root);
    let is_root = place.path.starts_with('/') && directory.is_empty();
    let is_made = directory.split('/').any(|part| matches!(part, "node_modules" | ".cache" | ".next"));
    if is_elsewhere || is_root || is_made || is_directory && directory.is_empty() {
        return None;
    }
    Some(Write {
        directory: directory.to_owned(),
        file: (!is_directory).then(|| file_name(&place.path).to_owned()),
        is_database: what == Database,
        variable: place.variable,
        from,
    })
}

/// Every place in a file that is written to: where that is said, and what it is.
fn spots(sources: Sources<'_>, file: &str, text: &str) -> Vec<(usize, What, Place)> {
    let mut all = Vec::new();
    let mut add = |at: usize, what: What, place: Option<Place>| all.extend(place.map(|place| (at, what, place)));
    for (call, what) in CALLS {
        if call == "new Database(" && !text.contains("sqlite") {
            continue;
        }
        for at in starts(text, call) {
            let first = arguments(&text[at + call.len()..]).first().copied();
            add(at, what, first.and_then(|first| sources.place(file, first)));
        }
    }
    for (key, what, words) in KEYS {
        if !words.is_empty() && !words.iter().any(|word| text.contains(word)) {
            continue;
        }
        for (at, _) in text.match_indices(key).take(MOST) {
            let rest = &text[at + key.len()..];
            // Many things have a name.
            if key.contains("NAME") && !words.iter().any(|word| table(text, at).contains(word)) {
                continue;
            }
            let first = if key.ends_with('=') { statement(rest) } else { first_of(rest) };
            add(at, what, sources.place(file, first));
        }
    }
    for name in NAMES {
        if let Some((line, given)) = assigned(text, name) {
            let at = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
            add(at, Directory, sources.place(file, given));
        }
    }
    let is_python = file.rsplit('.').next() == Some("py");
    // `DATA.mkdir(parents=True)`, `(BASE / "a.txt").write_text(…)`
    for (call, what) in [(".mkdir(", Directory), (".write_text(", File), (".write_bytes(", File), (".touch(", File)] {
        for (at, _) in text.match_indices(call).filter(|_| is_python).take(MOST) {
            let line = text[..at].rfind('\n').map_or(0, |at| at + 1);
            add(at, what, sources.place(file, &text[line..at]));
        }
    }
    for at in starts(text, "open(").filter(|at| is_python && !text[..*at].ends_with('.')) {
        let all = arguments(&text[at + "open(".len()..]);
        let mode = all.get(1).map(|mode| mode.trim().trim_start_matches("mode=")).and_then(text_of);
        if mode.is_some_and(|mode| mode.contains(['w', 'a', 'x', '+'])) {
            add(at, File, sources.place(file, all[0]));
        }
    }
    all.extend(addresses(sources, file, text));
    all.sort_by_key(|(at, ..)| *at);
    all
}

/// Where a call stands that is no part of a longer word.
fn starts<'t>(text: &'t str, call: &'t str) -> impl Iterator<Item = usize> + 't {
    let is_part = |at: usize| text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    text.match_indices(call).map(|(at, _)| at).filter(move |at| !is_part(*at)).take(MOST)
}

/// The innermost table around a byte.
fn table(text: &str, at: usize) -> &str {
    let mut depth = 0_i32;
    let open = text[..at].char_indices().rev().find(|(_, c)| {
        depth += i32::from(*c == '}') - i32::from(*c == '{');
        depth < 0
    });
    let start = open.map_or(0, |(at, _)| at);
    let end = text[at..].find('}').map_or(text.len(), |length| at + length);
    &text[start..end]
}

/// The value behind a key.
fn first_of(rest: &str) -> &str {
    arguments(rest).first().map_or("", |first| first.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
}

/// Addresses of `SQLite`: `sqlite:///data/app.db`, `"sqlite:///" + os.path.join(HERE, "app.db")`.
fn addresses(sources: Sources<'_>, file: &str, text: &str) -> Vec<(usize, What, Place)> {
    let mut all = Vec::new();
    for at in code::words(text, "sqlite").take(MOST) {
        let before = &text[..at];
        let Some(quote) = before.chars().next_back().filter(|c| "\"'`".contains(*c)) else { continue };
        let dialect = text[at..].find(":///").filter(|length| !text[at..at + length].contains([quote, '\n']));
        let Some(inner) = dialect.map(|length| at + length + ":///".len()) else { continue };
        let Some(length) = text[inner..].find(quote) else { continue };
        let (path, after) = (&text[inner..inner + length], &text[inner + length + 1..]);
        let is_made = before[..at - 1].ends_with('f') || quote == '`';
        let place = if let Some(rest) = after.trim_start().strip_prefix('+').filter(|_| path.is_empty()) {
            sources.place(file, arguments(rest).first().map_or("", |first| statement(first)))
        } else {
            let path = path.split('?').next().unwrap_or_default();
            let prefix = if is_made { "f" } else { "" };
            if path.is_empty() { None } else { sources.place(file, &format!("{prefix}\"{path}\"")) }
        };
        let Some(mut place) = place else { continue };
        place.variable = named(text, at - 1 - usize::from(is_made && quote != '`'))
            .map(|name| (name, text[at..inner + length].to_owned()));
        all.push((at, Database, place));
    }
    all
}

/// The variable whose default stands at a byte: `os.getenv("DATABASE_URL", …`, `process.env.DATABASE_URL || …`, a field of
/// settings.
fn named(text: &str, at: usize) -> Option<String> {
    let before = text[..at].trim_end();
    let before = before.strip_suffix('\\').unwrap_or(before).trim_end();
    let before = before.strip_suffix("default=").unwrap_or(before).trim_end();
    if before.ends_with("dj_database_url.config(") {
        return Some("DATABASE_URL".to_owned());
    }
    let near = [",", "||", "??", " or"].iter().find_map(|operator| before.strip_suffix(operator));
    if let Some(near) = near {
        return variable(&near[near.rfind(['\n', ';']).map_or(0, |at| at + 1)..]);
    }
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let field = line.trim().strip_suffix('=')?.trim();
    let (name, _) = field.split_once(':')?;
    let is_field = text.contains("BaseSettings") && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_field.then(|| name.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        let program = Program::default();
        let all = look(&[(file, text)], &BTreeSet::new(), &program);
        let shown = |write: Write| {
            let variable = write.variable.map(|(name, default)| format!(" {name}={default}")).unwrap_or_default();
            let file = write.file.unwrap_or_default();
            format!("{}/{file}{}{variable}", write.directory, if write.is_database { " db" } else { "" })
        };
        all.into_iter().map(shown).collect()
    }

    #[test]
    fn what_is_written_is_seen_where_it_is_written() {
        for (file, text, expected) in [
            ("a.js", "fs.mkdirSync('data', { recursive: true })", &["data/"][..]),
            ("a.js", "fs.appendFileSync('data/log.txt', 'x')", &["data/log.txt"]),
            ("a.js", "fs.readFileSync('data/log.txt')", &[]),
            ("a.js", "const upload = multer({ dest: './uploads/' })", &["uploads/"]),
            (
                "src/a.js",
                "import Database from 'better-sqlite3';\nnew Database(process.env.DB_FILE || 'data/a.db')",
                &["data/a.db db DB_FILE=data/a.db"],
            ),
            ("a.js", "new Sequelize({ dialect: 'sqlite', storage: './app.sqlite' })", &["/app.sqlite db"]),
            ("a.js", "new Sequelize('sqlite::memory:')", &[]),
            ("a.js", "fs.writeFileSync(path.join(os.tmpdir(), 'x'), '')", &[]),
            ("a.js", "fs.writeFileSync('/tmp/x', '')", &[]),
            ("a.py", "with open(\"out/a.txt\", \"w\") as f:\n    pass", &["out/a.txt"]),
            ("a.py", "with open(\"in/a.txt\") as f:\n    pass", &[]),
            ("a.py", "os.makedirs('/var/reports', exist_ok=True)", &["/var/reports/"]),
            ("a.py", "D = Path('store')\nD.mkdir(exist_ok=True)", &["store/"]),
            ("a.py", "engine = create_engine(\"sqlite:///./app.db\")", &["/app.db db"]),
            (
                "a.py",
                "U = os.getenv(\"DATABASE_URL\", \"sqlite+aiosqlite:///data/a.db\")",
                &["data/a.db db DATABASE_URL=sqlite+aiosqlite:///data/a.db"],
            ),
            (
                "a.py",
                "class S(BaseSettings):\n    database_url: str = \"sqlite:///./a.db\"",
                &["/a.db db DATABASE_URL=sqlite:///./a.db"],
            ),
            (
                "a.py",
                "B = os.path.abspath(os.path.dirname(__file__))\nU = os.environ.get('DATABASE_URL') or \\\n    'sqlite:///' \
                 + os.path.join(B, 'a.db')",
                &["/a.db db DATABASE_URL=sqlite:///"],
            ),
            (
                "s.py",
                "B = Path(__file__).parent\nD = {'ENGINE': 'django.db.backends.sqlite3', 'NAME': B / 'db.sqlite3'}\nV = [{'NAME': \
                 'a.b.C'}]",
                &["/db.sqlite3 db"],
            ),
            ("scripts/seed.js", "fs.writeFileSync('x/y', '')", &[]),
        ] {
            assert_eq!(found(file, text), expected, "{text}");
        }
    }
}
