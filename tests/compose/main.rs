//! The rendered Compose files, judged by Compose itself: `docker compose config` has to understand what the plan says,
//! key by key, and nothing else.
//!
//! [`expected`] says what the plan means, [`actual`] takes away what Compose adds of its own, and [`difference`] knows
//! no key that may differ. That this comparison is no empty one is proved by altering each entry of each file in turn.
//! Beside the committed voice stack there are the stacks in this folder, which use what the voice stack does not, and
//! stacks full of hostile text. Needs Docker Compose, but no Docker engine.

mod actual;
mod adversarial;
mod alteration;
mod difference;
mod expected;
#[path = "../support/mod.rs"]
mod support;
mod values;

use std::fs;
use std::path::{Path, PathBuf};

use adversarial::{for_texts, table, to_toml, written};
use alteration::{Alteration, Change, Choice, NewPlaces, alterations};
use difference::differences;
use serde_json::Value;
use stackgen::plan::Plan;
use stackgen::project::Project;
use support::rendered::{Rendered, fixtures};
use support::{compose, in_parallel, repository, say};
use values::{FILE_VARIABLE, Values};

/// Alterations that nobody can notice, each with the reason.
const UNNOTICED: [(&str, &str); 0] = [];

#[test]
fn the_committed_files_mean_what_their_plans_say() {
    if !compose::has_compose() {
        return;
    }
    for file in voice_stack() {
        file.means_what_its_plan_says();
    }
}

#[test]
fn files_with_every_other_option_mean_what_their_plans_say() {
    if !compose::has_compose() {
        return;
    }
    for stack in &fixtures() {
        for file in files(stack) {
            file.means_what_its_plan_says();
        }
    }
}

#[test]
fn a_required_variable_that_is_missing_is_named_and_explained() {
    if !compose::has_compose() {
        return;
    }
    let fixtures = fixtures();
    let mut count = 0;
    for file in voice_stack().into_iter().chain(fixtures.iter().flat_map(files)) {
        let asked = file.plan.variables.iter().filter(|(_, variable)| variable.required);
        for (name, variable) in asked.filter(|(_, variable)| !file.plan.needs_profile(variable)) {
            count += 1;
            let said = file.understood(None, &file.example.without(name)).expect_err("a missing variable");
            let help = variable.help.as_deref().unwrap_or_default();
            assert!(said.contains(name) && said.contains(help), "{}: {name}: {said}", file.name);
        }
        if !file.plan.is_default {
            let said = file.understood(None, &file.example.without(FILE_VARIABLE)).expect_err("another's values");
            let remedy = format!("use --env-file {}", file.plan.env_file());
            assert!(said.contains(&remedy), "{}: {said}", file.name);
        }
    }
    assert!(count > 0, "no variable is required");
}

#[test]
fn every_alteration_of_a_file_is_noticed() {
    if !compose::has_compose() {
        return;
    }
    let fixtures = fixtures();
    let mut choice = NewPlaces::default();
    let mut tally = Tally::default();
    for file in voice_stack() {
        tally.alter(&file, &mut choice);
    }
    for file in fixtures.iter().flat_map(files) {
        tally.alter(&file, &mut choice.forms);
    }
    tally.expect_all_noticed();
}

#[test]
fn any_text_of_a_plain_image_reaches_its_container_unchanged() {
    if !compose::has_compose() {
        return;
    }
    // The name of a label is text too, but YAML ends a key at 1024 characters.
    let label = |index: usize, text: &str| format!("{index}.{}", text.chars().take(200).collect::<String>());
    let check = |texts: &[String]| {
        let mut env = toml::Table::new();
        let mut labels = toml::Table::new();
        let mut command = vec![toml::Value::from("program")];
        for (index, text) in texts.iter().enumerate() {
            let written = toml::Value::from(written(text));
            env.insert(format!("V{index}"), written.clone());
            labels.insert(label(index, text), written.clone());
            command.push(written);
        }
        let model = understood_with([("env", env.into()), ("labels", labels.into()), ("command", command.into())])?;
        for (index, text) in texts.iter().enumerate() {
            expect_text("env", text, &model["environment"][format!("V{index}")])?;
            expect_text("label", text, &model["labels"][label(index, text)])?;
            expect_text("command", text, &model["command"][index + 1])?;
        }
        Ok(())
    };
    let tried = for_texts(4_000, |_| true, check);
    say(&format!("{tried} texts in each of env, labels and command"));
}

#[test]
fn any_default_reaches_the_container_unchanged() {
    if !compose::has_compose() {
        return;
    }
    // Compose loses count of braces in a default, and takes none with a line break.
    let keep = |text: &str| !text.contains(['{', '}', '\n']);
    let tried = for_texts(2_000, keep, |texts| each_variable(texts, "default", written));
    say(&format!("{tried} texts as defaults"));
}

#[test]
fn any_example_is_read_from_the_env_example_unchanged() {
    if !compose::has_compose() {
        return;
    }
    // A required variable has to have a value.
    let keep = |text: &str| !text.is_empty();
    let tried = for_texts(2_000, keep, |texts| each_variable(texts, "example", str::to_owned));
    say(&format!("{tried} texts as examples"));
}

/// Each text in one key of a variable, and then in the container's environment.
fn each_variable(texts: &[String], key: &str, write: impl Fn(&str) -> String) -> Result<(), String> {
    let declared = |text: &String| toml::Value::from(table([(key, write(text).into())]));
    let env: toml::Table = (0..).map(|index| format!("V{index}")).zip(texts.iter().map(declared)).collect();
    let model = understood_with([("env", env.into())])?;
    let mut each = texts.iter().enumerate();
    each.try_for_each(|(index, text)| expect_text(key, text, &model["environment"][format!("V{index}")]))
}

/// What Compose understands of a plain image with these keys, with the env example as it is.
fn understood_with<const N: usize>(keys: [(&str, toml::Value); N]) -> Result<Value, String> {
    let mut service = table(keys);
    service.insert("image".to_owned(), "example/program:1".into());
    let stack = table([("name", "adversary".into())]);
    let services = table([("service", service.into())]);
    let manifest = to_toml(&table([("stack", stack.into()), ("services", services.into())]));
    let rendered = Rendered::of("adversary", &manifest, None);
    let plan = &rendered.plans[0];
    if !plan.problems.is_empty() {
        return Err(format!("{:?}", plan.problems));
    }
    let folder = rendered.root();
    let json = compose::config_json(&folder.join(plan.compose_file()), folder, &folder.join(plan.env_example()))?;
    Ok(actual::plain(&json)["services"]["service"].clone())
}

fn expect_text(place: &str, meant: &str, understood: &Value) -> Result<(), String> {
    if understood.as_str() == Some(meant) { Ok(()) } else { Err(format!("{place}: {meant:?} became {understood}")) }
}

/// One rendered compose file.
struct File {
    name: String,
    plan: Plan,
    /// The folder of services.toml.
    root: PathBuf,
    path: PathBuf,
    /// The values of its env example.
    example: Values,
    /// Another value for every variable.
    everything: Values,
}

impl File {
    fn new(name: &str, root: &Path, plan: Plan) -> Self {
        let folder = root.join(&plan.output);
        let path = folder.join(plan.compose_file());
        let example = Values::of_example(&folder.join(plan.env_example()));
        if !plan.is_default {
            assert_eq!(example.get(FILE_VARIABLE), Some(plan.compose_file().as_str()), "{name}: the env example");
        }
        let everything = Values::of_everything(&plan);
        Self { name: format!("{name}, {}", plan.environment), plan, root: root.to_owned(), path, example, everything }
    }

    /// What Compose understands, of the file itself or of another in its place.
    fn understood(&self, instead: Option<&Value>, values: &Values) -> Result<Value, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let env_file = folder.path().join("env");
        fs::write(&env_file, values.to_env_file()).expect("a writable folder");
        let path = match instead {
            None => self.path.clone(),
            Some(text) => {
                // JSON is YAML in which nothing can be mistaken.
                let path = folder.path().join("altered.yml");
                fs::write(&path, text.to_string()).expect("a writable folder");
                path
            }
        };
        let home = self.path.parent().expect("a file in a folder");
        compose::config_json(&path, home, &env_file).map(|json| actual::plain(&json))
    }

    /// Where Compose understands something else than the plan says.
    fn differences(&self, instead: Option<&Value>, values: &Values) -> Result<Vec<String>, String> {
        let understood = self.understood(instead, values)?;
        Ok(differences(&expected::model(&self.plan, &self.root, values), &understood))
    }

    fn means_what_its_plan_says(&self) {
        let emptied = self.example.and_nothing_else(&self.plan);
        let each = [(&self.example, "the example"), (&self.everything, "everything set"), (&emptied, "the rest empty")];
        for (values, which) in each {
            let found = self.differences(None, values).unwrap_or_else(|said| panic!("{}, {which}: {said}", self.name));
            assert!(found.is_empty(), "{}, {which}:\n{}", self.name, found.join("\n"));
        }
        // The example itself, which above was read by this test.
        let example = self.path.with_file_name(self.plan.env_example());
        let home = self.path.parent().expect("a file in a folder");
        let understood = compose::config_json(&self.path, home, &example).map(|json| actual::plain(&json));
        assert_eq!(understood, self.understood(None, &self.example), "{}: the env example as it is", self.name);
    }
}

/// Whether alterations are noticed.
#[derive(Default)]
struct Tally {
    rejected: usize,
    different: usize,
    unnoticed: Vec<String>,
    excused: Vec<String>,
}

impl Tally {
    fn alter(&mut self, file: &File, choice: &mut dyn Choice) {
        let text = fs::read_to_string(&file.path).expect("a rendered file");
        let document: Value = serde_yaml::from_str(&text).expect("YAML");
        for values in [&file.example, &file.everything] {
            assert_eq!(file.differences(Some(&document), values), Ok(Vec::new()), "{}: unaltered", file.name);
        }
        let alterations = alterations(&document, &file.example.for_project(&file.plan), choice);
        let judge = |alteration: &Alteration| {
            let values = if alteration.change == Change::Frozen { &file.everything } else { &file.example };
            file.differences(Some(&alteration.file), values)
        };
        for (alteration, outcome) in alterations.iter().zip(in_parallel(&alterations, judge)) {
            match outcome {
                Err(_) => self.rejected += 1,
                Ok(found) if !found.is_empty() => self.different += 1,
                Ok(_) if UNNOTICED.iter().any(|(excused, _)| *excused == alteration.to_string()) => {
                    self.excused.push(alteration.to_string());
                }
                Ok(_) => self.unnoticed.push(format!("{}: {}", file.name, alteration.describe())),
            }
        }
        say(&format!("{}: {} alterations", file.name, alterations.len()));
    }

    fn expect_all_noticed(&self) {
        let (rejected, different) = (self.rejected, self.different);
        say(&format!("alterations: {different} seen in the comparison, {rejected} rejected by Compose"));
        assert_eq!(self.unnoticed, Vec::<String>::new(), "nobody noticed");
        for (excused, reason) in UNNOTICED {
            assert!(self.excused.iter().any(|found| found == excused), "{excused} is noticed, although {reason}");
        }
        assert!(different > 2 * rejected, "the comparison has to notice by itself, and has {different} of the changes");
    }
}

/// The committed files of the voice stack.
fn voice_stack() -> Vec<File> {
    let project = Project::open(&repository().join("services.toml")).expect("services.toml");
    let plans = project.analyse().expect("plans").plans;
    plans.into_iter().map(|plan| File::new("voice stack", repository(), plan)).collect()
}

/// The compose files of a rendered stack.
fn files(stack: &Rendered) -> Vec<File> {
    stack.plans.iter().map(|plan| File::new(&stack.name, stack.root(), plan.clone())).collect()
}
