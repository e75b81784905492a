//! Migrations of programs for Node.js, which have to reach the database before the program asks it: who applies them, by
//! what tool, and whether the image has what that needs (the tools' own pages about their command lines).

use serde_json::Value;

use super::inside::Inside;
use super::literal::{Literal, literal};
use super::node::spelled;
use super::scripts::{Script, is_build};
use super::{Fact, Program, Seen};
use crate::init::judgement::is_shown_command;
use crate::init::snapshot::{Snapshot, file_name, is_code, joined, parent};

/// A tool that applies migrations.
struct Tool {
    /// The package without which nobody has its migrations.
    library: &'static str,
    /// The package that brings its command, the usual one first.
    packages: &'static [&'static str],
    /// Words of its command that apply what is open: all of one of these stand in a script.
    applies: &'static [&'static [&'static str]],
    /// What it is run with where no script says so; empty where it has to be told more.
    usual: &'static str,
    /// What the file of a migration has in it; empty for one in SQL.
    mark: &'static str,
    /// Files that its command reads, beside the migrations.
    files: &'static [&'static str],
    /// What a program says that applies them by itself.
    by_itself: &'static [&'static str],
    /// Whether the command reads what is built, and not the directory of the migrations.
    of_build: bool,
}

const TOOLS: [Tool; 8] = [
    Tool {
        library: "drizzle-orm",
        packages: &["drizzle-kit"],
        applies: &[&["drizzle-kit", "migrate"]],
        usual: "drizzle-kit migrate",
        mark: "",
        files: &["drizzle.config.ts", "drizzle.config.js", "drizzle.config.mjs", "drizzle.config.json"],
        by_itself: &["/migrator'", "/migrator\""],
        of_build: false,
    },
    Tool {
        library: "typeorm",
        packages: &["typeorm"],
        applies: &[&["typeorm", "migration:run"], &["migration:run", "-d"]],
        usual: "",
        mark: "MigrationInterface",
        files: &[],
        by_itself: &["migrationsRun: true", ".runMigrations("],
        of_build: true,
    },
    Tool {
        library: "knex",
        packages: &["knex"],
        applies: &[&["knex", "migrate:latest"], &["knex", "migrate:up"]],
        usual: "knex migrate:latest",
        mark: "knex",
        files: &["knexfile.js", "knexfile.cjs", "knexfile.mjs", "knexfile.ts"],
        by_itself: &["migrate.latest("],
        of_build: false,
    },
    Tool {
        library: "sequelize",
        packages: &["sequelize-cli"],
        applies: &[&["sequelize", "db:migrate"], &["sequelize-cli", "db:migrate"]],
        usual: "sequelize-cli db:migrate",
        mark: "queryInterface",
        files: &[".sequelizerc", "config/config.json", "config/config.js", "config/database.js"],
        by_itself: &["umzug"],
        of_build: false,
    },
    Tool {
        library: "@mikro-orm/migrations",
        packages: &["@mikro-orm/cli"],
        applies: &[&["mikro-orm", "migration:up"], &["mikro-orm-esm", "migration:up"]],
        usual: "mikro-orm migration:up",
        mark: "extends Migration",
        files: &[],
        by_itself: &["getMigrator()", ".migrator.up("],
        of_build: true,
    },
    Tool {
        library: "node-pg-migrate",
        packages: &["node-pg-migrate"],
        applies: &[&["node-pg-migrate", "up"]],
        usual: "node-pg-migrate up",
        mark: "pgm",
        files: &[],
        by_itself: &["from 'node-pg-migrate'", "from \"node-pg-migrate\""],
        of_build: false,
    },
    Tool {
        library: "kysely",
        packages: &["kysely-ctl"],
        applies: &[&["kysely", "migrate:latest"], &["kysely", "migrate", "latest"], &["kysely", "migrate:up"]],
        usual: "kysely migrate:latest",
        mark: "Kysely",
        files: &["kysely.config.ts", "kysely.config.js", ".config/kysely.config.ts"],
        by_itself: &["migrateToLatest("],
        of_build: false,
    },
    Tool {
        library: "db-migrate",
        packages: &["db-migrate"],
        applies: &[&["db-migrate", "up"]],
        usual: "db-migrate up",
        mark: "exports.up",
        files: &["database.json"],
        by_itself: &["from 'db-migrate'", "require('db-migrate')"],
        of_build: false,
    },
];

/// Whoever wrote a Dockerfile or a command has thought of it, or does it elsewhere.
fn is_thought_of(snapshot: &Snapshot, seen: &Seen, program: &Program) -> bool {
    let mut commands = seen.containers.iter().filter_map(|container| container.command.as_ref()).flatten();
    commands.any(|word| word.contains("migrat")) || snapshot.has(&joined(&program.directory, "Dockerfile"))
}

/// Finds who applies them.
pub(super) fn look(snapshot: &Snapshot, seen: &Seen, package: &Value, sources: &[(&str, &str)], program: &mut Program) {
    prisma(snapshot, seen, package, program);
    if is_thought_of(snapshot, seen, program) {
        return;
    }
    let is_listed = |program: &Program, name: &str| program.packages.contains(name);
    for tool in &TOOLS {
        if !is_listed(program, tool.library) && !tool.packages.iter().any(|name| is_listed(program, name)) {
            continue;
        }
        match tool.directory(snapshot, sources, program) {
            Some(directory) => of_tool(snapshot, package, sources, program, tool, &directory),
            None => pushed(package, tool, program),
        }
    }
}

/// Tables that are made from what the source says, without migrations: nothing does that unasked.
fn pushed(package: &Value, tool: &Tool, program: &mut Program) {
    let scripts = package.get("scripts").and_then(Value::as_object).into_iter().flatten();
    let push = format!("{} push", tool.packages[0]);
    let one = scripts.filter_map(|(name, text)| Some((name, text.as_str()?))).find(|(_, text)| text.contains(&push));
    if let Some((name, _)) = one {
        program.remarks.push(format!(
            "who makes the tables: the `{name}` script runs `{push}`, which changes a database as it likes, so nothing runs \
             it unasked: run it yourself, or keep migrations"
        ));
    }
}

impl Tool {
    /// Where its migrations lie.
    fn directory(&self, snapshot: &Snapshot, sources: &[(&str, &str)], program: &Program) -> Option<String> {
        let own = &program.directory;
        if self.mark.is_empty() {
            let config = self.files.iter().find_map(|name| snapshot.text(&joined(own, name)));
            let said = config.map(|text| literal(text, "out"));
            let said = match said {
                Some(Literal::Text(out)) => crate::plan::clean_path(out.trim_end_matches('/'))?,
                _ => "drizzle".to_owned(),
            };
            let directory = joined(own, &said);
            let has_any = snapshot.below(&directory).any(|path| matches!(path.rsplit_once('.'), Some((_, "sql"))));
            return has_any.then_some(directory);
        }
        let is_one = |path: &str| {
            let inner = path.strip_prefix(own.as_str()).unwrap_or(path);
            parent(inner).split('/').any(|part| part.to_ascii_lowercase().contains("migration"))
        };
        sources
            .iter()
            .find(|(path, text)| is_one(path) && text.contains(self.mark))
            .map(|(path, _)| parent(path).to_owned())
    }

    /// Whether a script applies what is open.
    fn is_applied_by(&self, text: &str) -> bool {
        let words: Vec<&str> = text.split_whitespace().collect();
        self.applies.iter().any(|all| all.iter().all(|word| words.iter().any(|other| is_word(other, word))))
    }
}

/// Whether a word of a script is the one that is meant, wherever its program lies: `./node_modules/.bin/typeorm`,
/// `typeorm-ts-node-commonjs`.
fn is_word(word: &str, wanted: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word).trim_end_matches(".js");
    name == wanted || wanted == "typeorm" && name.starts_with("typeorm-ts-node")
}

/// What a script that applies migrations runs.
struct Applied {
    /// The script; none for the usual command of the tool.
    script: Option<String>,
    words: Vec<String>,
}

/// The command that applies them: that of a script, the best one, else the usual one.
fn applied(package: &Value, tool: &Tool) -> Option<Applied> {
    let scripts = package.get("scripts").and_then(Value::as_object).into_iter().flatten();
    let mut found: Vec<(u8, Applied)> = Vec::new();
    for (name, text) in scripts.filter_map(|(name, text)| Some((name, text.as_str()?))) {
        let Some(script) = Script::of(text) else { continue };
        let words: &[String] = match script.words.as_slice() {
            [npx, rest @ ..] if npx == "npx" => rest,
            all => all,
        };
        let is_tool = tool.is_applied_by(&words.join(" "));
        // A file of its own that does it: `"db:migrate": "node scripts/migrate.js"`.
        let is_own = script.words[0] == "node"
            && script.file().is_some()
            && name.split([':', '-', '_']).any(|part| matches!(part, "migrate" | "migrations" | "migration"))
            && !name
                .split([':', '-', '_'])
                .any(|part| matches!(part, "down" | "create" | "generate" | "revert" | "make"));
        let is_plain = script.env.is_empty() && script.before.iter().all(|words| is_build(words));
        if !(is_tool || is_own) || !is_plain || !is_shown_command(words) {
            continue;
        }
        let runs_source = words.iter().any(|word| word.contains("ts-node") || word == "tsx");
        let rank = u8::from(runs_source) * 2 + u8::from(!name.contains("prod") && !name.contains("deploy"));
        found.push((rank, Applied { script: Some(name.clone()), words: words.to_vec() }));
    }
    found.sort_by_key(|(rank, _)| *rank);
    let of_script = found.into_iter().next().map(|(_, applied)| applied);
    let usual = || tool.usual.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    of_script.or_else(|| Some(Applied { script: None, words: usual() }).filter(|applied| !applied.words.is_empty()))
}

/// Whether the program applies them itself: what does so is none of the files that only a script of its own runs.
fn is_done_by_itself(package: &Value, sources: &[(&str, &str)], tool: &Tool) -> bool {
    let scripts = package.get("scripts").and_then(Value::as_object).into_iter().flatten();
    let scripts: Vec<&str> = scripts
        .filter(|(name, _)| !matches!(name.as_str(), "start" | "start:prod" | "dev" | "start:dev"))
        .filter_map(|(_, text)| text.as_str())
        .collect();
    let stem = |path: &str| file_name(path).split('.').next().unwrap_or_default().to_owned();
    let files: Vec<String> = scripts.iter().filter_map(|text| Script::of(text)?.file().map(&stem)).collect();
    let is_script = |path: &str| {
        parent(path).split('/').any(|part| matches!(part, "scripts" | "script" | "bin" | "tools"))
            || files.contains(&stem(path))
    };
    sources.iter().any(|(path, text)| {
        tool.by_itself.iter().any(|word| text.contains(word))
            && !file_name(path).contains(".config.")
            && !is_script(path)
    })
}

fn of_tool(
    snapshot: &Snapshot,
    package: &Value,
    sources: &[(&str, &str)],
    program: &mut Program,
    tool: &Tool,
    directory: &str,
) {
    let scripts = package.get("scripts").and_then(Value::as_object).into_iter().flatten();
    let at_start = scripts
        .filter(|(name, _)| matches!(name.as_str(), "start" | "prestart" | "start:prod"))
        .any(|(_, text)| text.as_str().is_some_and(|text| tool.is_applied_by(text) || text.contains("migrat")));
    let is_step = program.before_start.iter().any(|step| step.value.contains("migrat"));
    if at_start || is_step || is_done_by_itself(package, sources, tool) {
        return;
    }
    let what = format!("who applies the migrations in {directory}");
    let Some(Applied { script, words }) = applied(package, tool) else {
        let cli = tool.packages[0];
        program.remarks.push(format!("{what}: no script of {} does; `{cli}` would, in `before-start`", program.from));
        return;
    };
    let command = spelled(&words);
    let said = script.as_ref().map_or_else(String::new, |name| format!("the `{name}` script runs `{command}`, "));
    let has = |section: &str, name: &str| package.get(section).and_then(|all| all.get(name)).is_some();
    let is_tool = tool.is_applied_by(&words.join(" ")) || script.is_none();
    let cli = tool.packages[0];
    let why = if program.workspace.is_some() {
        format!("one image holds the whole workspace: run `{command}` as a service of its own that extends it")
    } else if words.iter().any(|word| word.contains("ts-node") || word == "tsx") {
        format!(
            "{said}which is for development: write what applies them once it is built into `before-start`, or run that \
             yourself"
        )
    } else if is_tool && !has("dependencies", cli) && has("devDependencies", cli) {
        format!(
            "{said}`{cli}` is only for development, and no image has it: move it to `dependencies` and write \
             `before-start = [\"{command}\"]`, or run that yourself"
        )
    } else if is_tool && !has("dependencies", cli) {
        format!(
            "{said}`{cli}` is none of its dependencies: run `{command}` yourself, or add it and write `before-start = \
             [\"{command}\"]`"
        )
    } else {
        let inside = Inside::of(snapshot, package, program);
        let read = read_by(snapshot, program, tool, directory, &words);
        let lacking: Vec<String> = read.iter().filter(|path| !inside.has(path)).cloned().collect();
        // What it imports of the program lies somewhere else in an image that has what the build writes.
        let is_alone = |path: &String| {
            let text = snapshot.text(&joined(&program.directory, path)).unwrap_or_default();
            inside.is_whole()
                || !inside.lies_there(path)
                || !["from './", "from \"./", "from '../", "from \"../", "require('.", "require(\"."]
                    .iter()
                    .any(|word| text.contains(word))
        };
        let can_be_added = lacking
            .iter()
            .all(|path| snapshot.has(&joined(&program.directory, path)) || path == inner(program, directory));
        if read.iter().all(is_alone) && can_be_added {
            if !lacking.is_empty() {
                let why = "what applies the migrations reads";
                let include = program.include.get_or_insert_with(|| Fact::guess(Vec::new(), why));
                include.value.extend(lacking);
            }
            let from = match script {
                Some(name) => format!("the `{name}` script of package.json"),
                None => directory.to_owned(),
            };
            program.before_start.insert(0, Fact::seen(command, from));
            return;
        }
        format!(
            "{said}which reads {}, and the image has what its build writes: write `before-start = [\"{command}\"]`, and \
             what is missing into `include`, or run it yourself",
            read.join(", ")
        )
    };
    program.remarks.push(format!("{what}: {why}"));
}

/// The directory of migrations, in that of the program.
fn inner<'d>(program: &Program, directory: &'d str) -> &'d str {
    directory.strip_prefix(program.directory.as_str()).unwrap_or(directory).trim_start_matches('/')
}

/// What the command reads: paths of the program's directory.
fn read_by(snapshot: &Snapshot, program: &Program, tool: &Tool, directory: &str, words: &[String]) -> Vec<String> {
    let paths = words.iter().skip(1).filter(|word| word.contains('/') || is_code(word));
    let mut read: Vec<String> = paths.map(|path| path.trim_start_matches("./").to_owned()).collect();
    if !tool.of_build {
        read.push(inner(program, directory).to_owned());
        if words.first().is_some_and(|word| word != "node") {
            let there = tool.files.iter().filter(|name| snapshot.has(&joined(&program.directory, name)));
            read.extend(there.map(|name| (*name).to_owned()));
        }
    }
    read
}

/// Migrations of Prisma that are there.
fn prisma(snapshot: &Snapshot, seen: &Seen, package: &Value, program: &mut Program) {
    let directory = joined(&program.directory, "prisma/migrations");
    if !snapshot.below(&directory).any(|path| file_name(path) == "migration.sql") {
        return;
    }
    if is_thought_of(snapshot, seen, program) {
        return;
    }
    let scripts = package.get("scripts").and_then(Value::as_object).into_iter().flatten();
    let is_done = |(name, text): (&String, &Value)| {
        matches!(name.as_str(), "start" | "prestart" | "start:prod")
            && text.as_str().is_some_and(|text| text.contains("prisma migrate deploy"))
    };
    if scripts.clone().any(is_done) || program.before_start.iter().any(|step| step.value.contains("migrate deploy")) {
        return;
    }
    let has = |section: &str| package.get(section).and_then(|all| all.get("prisma")).is_some();
    if has("dependencies") && program.workspace.is_none() {
        program.before_start.insert(0, Fact::seen("npx prisma migrate deploy".to_owned(), directory));
        return;
    }
    let why = if program.workspace.is_some() {
        "one image holds the whole workspace: run `prisma migrate deploy` as a service of its own that extends it"
    } else if has("devDependencies") {
        "`prisma` is only for development, and no image has it: move it to `dependencies` and write \
         `before-start = [\"npx prisma migrate deploy\"]`, or run that yourself"
    } else {
        "`prisma` is none of its dependencies: run `prisma migrate deploy` yourself, or add it and write \
         `before-start = [\"npx prisma migrate deploy\"]`"
    };
    program.remarks.push(format!("who applies the migrations in {directory}: {why}"));
}
