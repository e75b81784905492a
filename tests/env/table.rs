//! Every way to declare and to use a variable, with every state of the shell and of the env file, in all combinations:
//! what stackgen says of each is what Compose makes of it, or refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;
use stackgen::compose::dotenv::EnvFile;
use stackgen::project::Project;

use crate::oracle::{self, Shell};
use crate::support::compose::has_compose;
use crate::support::in_parallel;
use crate::support::tree::{Ran, Tree};

/// What the shell says of a variable.
const SHELL: [(&str, Option<&str>); 3] = [("UNSET", None), ("EMPTY", Some("")), ("SET", Some("shell"))];

/// What the env file says of it.
const FILE: [(&str, Option<&str>); 4] =
    [("UNSET", None), ("EMPTY", Some("=")), ("SET", Some("=file")), ("INHERITED", Some(""))];

/// How it is declared, and how it is used; `@` is its name, and `d` its default.
const WAYS: [(&str, &str, &str); 21] = [
    ("PLAIN", "{}", "${@}"),
    ("REQUIRED", "{ required = true }", "${@}"),
    ("OPTIONAL", "{ required = false }", "${@}"),
    ("D", "{ default = 'd' }", "${@}"),
    ("D_REQUIRED", "{ default = 'd', required = true }", "${@}"),
    ("D_OPTIONAL", "{ default = 'd', required = false }", "${@}"),
    ("E", "{ default = '' }", "${@}"),
    ("E_REQUIRED", "{ default = '', required = true }", "${@}"),
    ("E_OPTIONAL", "{ default = '', required = false }", "${@}"),
    ("COLON_MINUS", "", "${@:-d}"),
    ("MINUS", "", "${@-d}"),
    ("COLON_ASK", "", "${@:?d}"),
    ("ASK", "", "${@?d}"),
    ("COLON_PLUS", "", "${@:+d}"),
    ("PLUS", "", "${@+d}"),
    ("COLON_MINUS_E", "", "${@:-}"),
    ("MINUS_E", "", "${@-}"),
    ("COLON_ASK_E", "", "${@:?}"),
    ("ASK_E", "", "${@?}"),
    ("COLON_PLUS_E", "", "${@:+}"),
    ("PLUS_E", "", "${@+}"),
];

/// One combination.
#[derive(Debug, Clone)]
struct Case {
    name: String,
    declaration: &'static str,
    used: String,
    shell: Option<&'static str>,
    file: Option<&'static str>,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (way, declaration, used) in WAYS {
        for (in_shell, shell) in SHELL {
            for (in_file, file) in FILE {
                let name = format!("{way}_{in_shell}_{in_file}");
                cases.push(Case { used: used.replace('@', &name), name, declaration, shell, file });
            }
        }
    }
    cases
}

/// A rendered stack of these cases, its env file, and its shell.
fn stack(cases: &[Case]) -> (Tree, Shell) {
    let mut variables = String::new();
    let mut environment = String::new();
    let mut file = String::new();
    for Case { name, declaration, used, file: line, .. } in cases {
        if !declaration.is_empty() {
            writeln!(variables, "{name} = {declaration}").expect("writing to a string");
        }
        writeln!(environment, "OF_{name} = '<{used}>'").expect("writing to a string");
        if let Some(line) = line {
            writeln!(file, "{name}{line}").expect("writing to a string");
        }
    }
    let manifest = format!(
        "[stack]\nname = 'table'\n\n[variables]\n{variables}\n[services.s]\nimage = 'none:1'\n\n[services.s.env]\n{environment}"
    );
    let tree = Tree::rendered(&manifest);
    tree.write(".env", file);
    let shell = cases.iter().filter_map(|case| Some((case.name.clone(), case.shell?.to_owned())));
    (tree, shell.collect())
}

/// What Compose has for each case; what it says where it refuses.
fn resolved(cases: &[Case]) -> Result<BTreeMap<String, String>, String> {
    let (tree, shell) = stack(cases);
    let environment =
        oracle::environments(&oracle::config(tree.root(), &shell, &[]))?.remove("s").expect("the service");
    let name = |name: &String| name.strip_prefix("OF_").expect("a name of ours").to_owned();
    Ok(environment.iter().map(|(key, value)| (name(key), value.clone())).collect())
}

/// What the plan has for each case.
fn evaluated(cases: &[Case]) -> BTreeMap<String, String> {
    let (tree, shell) = stack(cases);
    let plan = Project::open(&tree.path("services.toml")).expect("a file").analyse().expect("plans").plans.remove(0);
    let file = EnvFile::parse(&tree.read(".env")).expect("an env file");
    let values = file.values(&oracle::lookup(&shell)).expect("values");
    let value = |name: &str| shell.get(name).cloned().or_else(|| Some(values.get(name)?.value.clone()));
    let of =
        |case: &Case| plan.services["s"].environment[&format!("OF_{}", case.name)].evaluate(&value).expect("a value");
    cases.iter().map(|case| (case.name.clone(), of(case))).collect()
}

/// What `stackgen env` says of each variable.
fn said(cases: &[Case]) -> BTreeMap<String, Value> {
    let (tree, shell) = stack(cases);
    let ran = Ran::of(tree.command(&["env", "--format", "json"]).env_clear().envs(&shell));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let rows = document["environments"][0]["variables"].as_array().expect("variables");
    rows.iter().map(|row| (row["name"].as_str().expect("a name").to_owned(), row.clone())).collect()
}

#[test]
fn every_combination_is_what_compose_makes_of_it() {
    if !has_compose() {
        return;
    }
    let cases = cases();
    let said = said(&cases);
    assert_eq!(said.len(), cases.len());
    let is_missing = |case: &&Case| said[&case.name]["state"] == "missing";
    let (missing, fine): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(is_missing);
    assert!(missing.len() > 40 && fine.len() > 150, "{} missing, {} fine", missing.len(), fine.len());

    // Compose names the first one that it misses, so each is on its own.
    let verdicts = in_parallel(&missing, |case| resolved(&[(*case).clone()]));
    for (case, verdict) in missing.iter().zip(verdicts) {
        let refusal = verdict.expect_err(&format!("{case:?} is missing, and Compose takes it"));
        assert!(refusal.contains(&format!("required variable {} is missing a value", case.name)), "{refusal}");
        assert_eq!(said[&case.name]["required"], true, "{case:?}");
    }

    let fine: Vec<Case> = fine.into_iter().cloned().collect();
    let resolved = resolved(&fine).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(evaluated(&fine), resolved);
    for case in &fine {
        let row = &said[&case.name];
        let value = resolved[&case.name].as_str();
        let is_set = case.shell.is_some() || matches!(case.file, Some("=" | "=file"));
        let expected = match value {
            "<shell>" => "shell",
            "<file>" => "env-file",
            // An alternative is no default: what it stands in for is set.
            "<d>" | "<>" if case.used.contains('+') && is_set => row["from"].as_str().expect("a word"),
            "<d>" => "default",
            // Nothing, because somebody set it to nothing and no default takes its place, or because nobody set it.
            "<>" if is_set && !case.used.contains(":-") && case.declaration.is_empty() => match case.shell {
                Some(_) => "shell",
                None => "env-file",
            },
            "<>" => "empty",
            other => panic!("{case:?}: Compose has {other}"),
        };
        assert_eq!(row["from"], expected, "{case:?}: Compose has {value}, we say {row}");
        assert_eq!(row["state"], "ok", "{case:?}");
        let counts = case.shell.or(case.file.and_then(|line| line.strip_prefix('=')));
        assert_eq!(row["empty"], counts == Some(""), "{case:?}");
    }
}

/// Compose loads an env file once for its own variables, and then once more.
#[test]
fn variables_of_compose_itself_are_known_before_the_others() {
    if !has_compose() {
        return;
    }
    let manifest = "[stack]\nname = 'twice'\n\n[variables]\nA = { type = 'port', required = false }\nB = { type = 'port', required = false }\n\n[services.s]\nimage = 'none:1'\nenv.A = '<${A}>'\nenv.B = '<${B}>'\n";
    let tree = Tree::rendered(manifest);
    tree.write(".env", "A=${COMPOSE_BAKE}\nB=${LATER}\nCOMPOSE_BAKE=0\nLATER=0\n");
    let output = oracle::config(tree.root(), &Shell::new(), &[]);
    assert_eq!(oracle::environments(&output).expect("an environment")["s"]["A"], "<0>");
    assert_eq!(oracle::environments(&output).expect("an environment")["s"]["B"], "<>");
    // A port of 0 is none; what is empty is not looked at.
    let ran = tree.run(&["env", "-q"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), "error[invalid]: .env:1: `A` is no port from 1 to 65535\n"));
}

/// What the env file of the table says is what its parser reads.
#[test]
fn the_table_has_every_state_of_an_env_file() {
    let (tree, _) = stack(&cases());
    let file = EnvFile::parse(&tree.read(".env")).expect("an env file");
    let kinds: BTreeSet<String> = file.entries.iter().map(|entry| format!("{:?}", entry.value)).collect();
    assert_eq!(kinds, ["Inherited", "Template(\"\")", "Template(\"file\")"].map(str::to_owned).into());
}

/// Names and values.
type Pairs = &'static [(&'static str, &'static str)];

/// What the env file of `prod` says of Compose's own variables, what the shell says, and what `stackgen env` makes of it.
const OWN: [(&str, Pairs, &str); 14] = [
    ("", &[], "missing"),
    ("COMPOSE_FILE=\n", &[], "missing"),
    ("COMPOSE_FILE=docker-compose.prod.yml\n", &[], "ok"),
    ("COMPOSE_FILE='./docker-compose.prod.yml'\n", &[], "ok"),
    ("COMPOSE_FILE=docker-compose.yml\n", &[], "invalid"),
    ("COMPOSE_FILE=docker-compose.prod.yml:more.yml\n", &[], "ok"),
    ("COMPOSE_FILE=docker-compose.prod.yml,more.yml\nCOMPOSE_PATH_SEPARATOR=,\n", &[], "ok"),
    ("COMPOSE_FILE=docker-compose.prod.yml,more.yml\n", &[], "invalid"),
    ("", &[("COMPOSE_FILE", "docker-compose.prod.yml")], "ok"),
    ("COMPOSE_FILE=docker-compose.prod.yml\n", &[("COMPOSE_FILE", "docker-compose.yml")], "invalid"),
    ("COMPOSE_FILE=docker-compose.prod.yml\nCOMPOSE_PROJECT_NAME=other-1\n", &[], "ok"),
    ("COMPOSE_FILE=docker-compose.prod.yml\nCOMPOSE_PROJECT_NAME=\n", &[], "ok"),
    ("COMPOSE_FILE=docker-compose.prod.yml\nCOMPOSE_PROJECT_NAME=Other\n", &[], "invalid"),
    ("COMPOSE_FILE=docker-compose.prod.yml\n", &[("COMPOSE_PROJECT_NAME", "-other")], "invalid"),
];

#[test]
fn the_file_and_the_project_are_those_that_compose_takes() {
    if !has_compose() {
        return;
    }
    let manifest = "[stack]\nname = 'own'\nenvironments = ['dev', 'prod']\n\n[services.s]\nimage = 'none:1'\n\n[environments.prod.services.s]\nenv.HERE = 'prod'\n";
    let tree = Tree::rendered(manifest);
    tree.write("more.yml", "services: {}\n");
    for (text, shell, state) in OWN {
        tree.write(".env.prod", text);
        let shell: Shell = shell.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let environments = oracle::environments(&oracle::config(tree.root(), &shell, &["--env-file", ".env.prod"]));
        let is_prod = environments.is_ok_and(|services| services["s"].contains_key("HERE"));
        let ran = Ran::of(tree.command(&["env", "-e", "prod", "--format", "json"]).env_clear().envs(&shell));
        let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        let rows = document["environments"][0]["variables"].as_array().expect("variables");
        let states: Vec<&str> =
            rows.iter().filter_map(|row| row["state"].as_str()).filter(|state| *state != "ok").collect();
        assert_eq!(states, if state == "ok" { vec![] } else { vec![state] }, "{text:?} {shell:?}");
        assert_eq!(is_prod, state == "ok", "{text:?} {shell:?}");
        assert_eq!(ran.code, Some(i32::from(state != "ok")), "{text:?} {shell:?}");
    }
}

/// Secrets that reach containers as files, and variables of services that Compose does not start by itself.
#[test]
fn files_and_profiles_are_asked_for_too() {
    if !has_compose() {
        return;
    }
    let manifest = r#"[stack]
name = "asked"

[variables]
AS_FILE  = { secret = true, file = true }
BY_JOB   = { secret = true }
OPTIONAL = { secret = true, file = true, required = false }

[services.s]
image = "none:1"
env.AS_FILE = "${AS_FILE}"
env.OPTIONAL = "${OPTIONAL}"

[services.job]
image = "none:1"
profiles = ["jobs"]
env.BY_JOB = "${BY_JOB}"
"#;
    let tree = Tree::rendered(manifest);
    for (text, missing, is_taken) in [
        ("", &["AS_FILE", "BY_JOB"][..], false),
        ("AS_FILE=\nBY_JOB=\n", &["AS_FILE", "BY_JOB"], false),
        ("AS_FILE=x\n", &["BY_JOB"], true),
        ("AS_FILE=x\nBY_JOB=x\n", &[], true),
    ] {
        tree.write(".env", text);
        let output = oracle::config(tree.root(), &Shell::new(), &[]);
        assert_eq!(output.status.success(), is_taken, "{text:?}: {output:?}");
        let ran = Ran::of(tree.command(&["env", "--format", "json"]).env_clear());
        let document: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
        let rows = document["environments"][0]["variables"].as_array().expect("variables");
        let named = |state: &str| -> Vec<&str> {
            rows.iter().filter(|row| row["state"] == state).filter_map(|row| row["name"].as_str()).collect()
        };
        assert_eq!(named("missing"), missing, "{text:?}");
        assert_eq!(rows.len(), 3, "{ran:?}");
        assert_eq!(ran.code, Some(i32::from(!missing.is_empty())), "{text:?}");
    }
}
