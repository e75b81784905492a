//! `docs/kinds`: a page for each kind, as its `kind.toml` and its `about.md` say.

use std::fmt::Write as _;
use std::fs;

use indexmap::IndexMap;
use serde_json::Value;
use stackgen::kinds::{
    BUILT_IN, Class, Command, Data, Detected, EnvDef, File, Inputs, Inside, Kind, Kinds, Metrics, Mount, Notice,
    OptionDef, Output, Probe, Required, User, Watch, Words,
};
use stackgen::manifest::published_schema;
use stackgen::templates::Templates;

use super::{Reference, properties};
use crate::markdown::{alternatives, code, prose, table};
use crate::page;
use crate::support::{entries, repository};

const FOLDER: &str = "docs/kinds";

const INTRODUCTION: &str = "\
A kind knows how a certain program is built, run, probed and reached. Its options stand flat beside a service's own
[keys](../reference/manifest.md#servicesname). Without a kind, a service is a plain container on the image that it names.
";

const LIST: &str = "\
<!-- Generated from templates/kinds; `STACKGEN_BLESS=1 cargo test --test docs kinds` writes it anew. -->
# The kinds
";

const PAGE: &str = "\
<!-- Generated from kind.toml and about.md in templates/kinds; `STACKGEN_BLESS=1 cargo test --test docs kinds` writes it \
anew. -->
";

/// What the facts are told in.
const WORDS: &str = "`service.X` is X of the service itself; a condition speaks of its options and of what was found in \
the source.";

#[test]
fn every_kind_has_its_page() {
    for kind in all().iter() {
        page::agree(&format!("{FOLDER}/{}.md", kind.name), &of(kind));
    }
}

#[test]
fn the_list_of_kinds_is_up_to_date() {
    let row = |kind: &Kind| {
        let page = format!("[{}]({}.md)", code(&kind.name), kind.name);
        [page, class(kind.class).to_owned(), prose(&kind.help)]
    };
    let rows: Vec<[String; 3]> = all().iter().map(row).collect();
    let text = format!("{LIST}\n{INTRODUCTION}\n{}", table(["kind", "class", "what it is"], &rows));
    page::agree(&format!("{FOLDER}/README.md"), &text);
}

#[test]
fn no_page_is_left_of_a_kind_that_is_gone() {
    let kinds = all();
    for path in entries(&repository().join(FOLDER)) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let is_known = name == "README" || kinds.get(&name).is_some();
        if !is_known && page::blesses() {
            fs::remove_file(&path).expect("a page that can go");
        } else {
            assert!(is_known, "{FOLDER}/{name}.md belongs to no kind: delete it");
        }
    }
}

fn all() -> Kinds {
    Kinds::all(&Templates::default()).expect("the built-in kinds")
}

/// The list of kinds, for the page of all keys.
pub(super) fn describe(text: &mut String, kinds: &Kinds) {
    let links: Vec<String> =
        kinds.iter().map(|kind| format!("[{}](../kinds/{}.md)", code(&kind.name), kind.name)).collect();
    let _ = write!(text, "\n## The kinds\n\n{INTRODUCTION}\nEach has a page of its own: {}.\n", links.join(", "));
}

/// The page of a kind.
fn of(kind: &Kind) -> String {
    let mut text = format!("{PAGE}# Kind {}\n\n{}.\n\n{}", code(&kind.name), prose(&kind.help), example(kind));
    let _ = write!(text, "\n{}", about(kind));
    options(&mut text, kind);
    tables(&mut text, kind);
    outputs(&mut text, kind);
    let _ = write!(text, "\n## What it is\n\n{WORDS}\n\n");
    for (what, said) in facts(kind).into_iter().filter(|(_, said)| !said.is_empty()) {
        match said.as_slice() {
            [one] => {
                let _ = writeln!(text, "- {what}: {one}");
            }
            several => {
                let items: String = several.iter().flat_map(|one| ["  - ", one, "\n"]).collect();
                let _ = write!(text, "- {what}:\n{items}");
            }
        }
    }
    text
}

/// What somebody wrote about a kind: what it is for, what it does with which file, what to know when it runs.
fn about(kind: &Kind) -> String {
    let path = format!("templates/kinds/{}/about.md", kind.name);
    let text = fs::read_to_string(repository().join(&path)).unwrap_or_default();
    assert!(
        !text.trim().is_empty(),
        "{path} is missing: write a few paragraphs for whoever uses the kind, which its page begins with"
    );
    assert!(!text.contains("\n#") && !text.starts_with('#'), "{path}: headings are those of the page");
    text
}

fn class(class: Class) -> &'static str {
    match class {
        Class::App => "application",
        Class::Datastore => "data store",
        Class::Proxy => "proxy",
        Class::Tool => "tool",
        Class::Process => "process",
    }
}

fn example(kind: &Kind) -> String {
    let mut service = toml::Table::new();
    service.insert("kind".to_owned(), kind.name.clone().into());
    service.extend(kind.example.clone());
    let name = if kind.class == Class::App { "web" } else { &kind.name };
    let services = toml::Table::from_iter([(name.to_owned(), toml::Value::Table(service))]);
    let document = toml::Table::from_iter([("services".to_owned(), toml::Value::Table(services))]);
    format!("```toml\n{}```\n", toml::to_string(&document).expect("a table as TOML"))
}

fn options(text: &mut String, kind: &Kind) {
    if kind.options.is_empty() {
        return;
    }
    let schema =
        published_schema(kind.options.iter().map(|(name, option)| (kind.name.as_str(), name.as_str(), option)));
    let reference = Reference::new(&schema);
    let service = &schema["definitions"]["Service"];
    let row = |(name, option): (&String, &OptionDef)| {
        let (_, shape) = properties(service).find(|(key, _)| *key == name).expect("every option is a key");
        let words = written_type(kind, name).unwrap_or_else(|| reference.words(shape));
        let secret = if option.secret { ". A secret" } else { "" };
        let default = match &option.default {
            _ if option.required => "required".to_owned(),
            Some(default) => code(&default.to_string()),
            None => String::new(),
        };
        [code(name), words, prose(&format!("{}{secret}.", option.help)), default]
    };
    let rows: Vec<[String; 4]> = kind.options.iter().map(row).collect();
    let _ = write!(text, "\n## Options\n\n{}", table(["option", "type", "meaning", "default"], &rows));
}

/// The tables that options take.
fn tables(text: &mut String, kind: &Kind) {
    let schema = schema(kind);
    let reference = Reference::new(&schema);
    for name in kind.options.keys() {
        let place = format!("services.NAME.{name}");
        let is_its =
            |place_of: &str| place_of.strip_prefix(&place).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        for section in reference.sections().iter().filter(|section| is_its(&section.place)) {
            reference.describe(text, "###", section);
        }
    }
}

/// The schema with the options of this kind.
fn schema(kind: &Kind) -> Value {
    published_schema(kind.options.iter().map(|(name, option)| (kind.name.as_str(), name.as_str(), option)))
}

/// What `kind.toml` says more precisely than the schema, where it is all text.
fn written_type(kind: &Kind, option: &str) -> Option<String> {
    let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == kind.name)?;
    let written: toml::Table = toml::from_str(text).expect("a kind.toml");
    let words = match written.get("options")?.get(option)?.get("type")?.as_str()? {
        // An option may stand in the place of a key of every service, and the schema takes both.
        "string" => "text",
        "path" => "path",
        "path[]" => "array of paths",
        "duration" => "duration, such as `30s`",
        "service" => "name of a service",
        "service[]" => "array of names of services",
        "service{}" => "table of paths and names of services",
        _ => return None,
    };
    Some(words.to_owned())
}

fn outputs(text: &mut String, kind: &Kind) {
    let row = |(name, output): (&String, &Output)| [code(&format!("${{services.NAME.{name}}}")), cases(output)];
    let rows: Vec<[String; 2]> = kind.outputs.iter().map(row).collect();
    if !rows.is_empty() {
        let _ = write!(text, "\n## What others can refer to\n\n{}", table(["reference", "gives"], &rows));
    }
}

/// What is known of a kind beside its options and outputs, one by one; none where there is nothing to say.
fn facts(kind: &Kind) -> Vec<(&'static str, Vec<String>)> {
    let one = |said: Option<String>| said.into_iter().collect::<Vec<_>>();
    let list = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| code(word)).collect();
        one((!words.is_empty()).then(|| words.join(", ")))
    };
    let number = |port: u16| code(&port.to_string());
    let volume = |data: &Data| data_path(&data.path, data.volume.as_deref(), data.when.as_deref());
    let probes = |command: fn(&Probe) -> Option<&Vec<String>>| {
        let asked = |probe| Some(under(words(command(probe)?), probe.when.as_deref()));
        first_of(kind.probe.iter().filter_map(asked))
    };
    let watched = |files: fn(&Watch) -> &Vec<String>| {
        let some = kind.watch.iter().filter(|watch| !files(watch).is_empty());
        let list = |watch: &Watch| files(watch).iter().map(|file| code(file)).collect::<Vec<_>>().join(", ");
        first_of(some.map(|watch| under(list(watch), watch.when.as_deref())))
    };
    let restarts = kind.watch.iter().any(|watch| watch.restart).then(|| "yes".to_owned());
    let unnoticed = kind.notices.iter().filter(|(_, notice)| **notice != Notice::All);
    vec![
        ("Like", one(kind.like.as_deref().map(code))),
        ("Another process of", one(kind.built_on.as_deref().map(code))),
        ("Versions", list(&kind.versions)),
        ("Image", one(kind.image.as_ref().map(cases))),
        ("Built on", one(kind.base.as_deref().map(code))),
        ("Needs in its source", kind.requires.iter().map(needed).collect()),
        ("Reads from its source", kind.detect.iter().map(|(fact, files)| detected(fact, files)).collect()),
        ("Its installation reads", kind.install.iter().map(inputs).collect()),
        ("Build", first_of(kind.build.iter().map(command))),
        ("Command", first_of(kind.command.iter().map(command))),
        ("Further arguments", kind.argument.iter().map(command).collect()),
        ("Environment", kind.env.iter().map(|(name, value)| environment(name, value)).collect()),
        ("Port", one(kind.port.map(number))),
        ("Further ports", kind.ports.iter().map(|(name, port)| format!("{name} {}", number(*port))).collect()),
        ("Metrics", one(kind.metrics.as_ref().map(metrics))),
        ("Collects", one(kind.scrapes.then(|| "the metrics of every service that has some".to_owned()))),
        ("For development alone", one(kind.development_only.as_deref().map(prose))),
        ("Debugger on port", one(kind.debug.as_ref().map(|debug| number(debug.port)))),
        ("Probe of `health = \"/path\"`", probes(|probe| probe.http.as_ref())),
        ("Probe", probes(|probe| probe.command.as_ref())),
        ("Once only", one(kind.single.as_deref().map(|when| format!("if {}", code(when))))),
        ("Data", first_of(kind.data.iter().map(volume))),
        ("Mounts", kind.mounts.iter().map(mounted).collect()),
        ("User", one(kind.user.as_ref().map(user))),
        ("Root file system", one(kind.read_only.then(|| "read-only".to_owned()))),
        ("Lacks", list(&kind.lacks.keys().cloned().collect::<Vec<_>>())),
        ("In memory", list(&kind.tmpfs)),
        ("Capabilities", list(&kind.capabilities)),
        ("Time to stop", one(kind.stop_grace.as_deref().map(code))),
        ("`reload = \"watch\"` synchronises", watched(|watch| &watch.sync)),
        ("`reload = \"watch\"` restarts it", one(restarts)),
        (
            "`reload = \"watch\"` restarts it where its command begins with",
            unnoticed.map(|(start, _)| code(start)).collect(),
        ),
        ("Started anew by", one(kind.reloader.as_ref().map(|by| under(words(&by.run), Some(&by.when))))),
        ("`reload = \"watch\"` builds again after a change of", watched(|watch| &watch.rebuild)),
        ("Writes", kind.files.iter().map(written).collect()),
    ]
}

fn under(said: String, when: Option<&str>) -> String {
    match when {
        Some(when) => format!("{said} if {}", code(when)),
        None => said,
    }
}

/// Of these, the first whose condition holds.
fn first_of(all: impl Iterator<Item = String>) -> Vec<String> {
    all.enumerate().map(|(number, one)| if number == 0 { one } else { format!("else {one}") }).collect()
}

/// The first case that holds is the one that counts.
fn cases(output: &Output) -> String {
    match output {
        Output::Text(text) => code(text),
        Output::Cases(cases) => {
            cases.iter().map(|case| under(code(&case.value), case.when.as_deref())).collect::<Vec<_>>().join(", else ")
        }
    }
}

fn needed(required: &Required) -> String {
    let files = |names: &[String]| alternatives(&names.iter().map(|file| code(file)).collect::<Vec<_>>());
    let instead = if required.or_else.is_empty() { "" } else { ", else " };
    format!("{}{instead}{} ({})", files(&required.one_of), files(&required.or_else), prose(&required.help))
}

/// A fact and the files that say it; the first that does counts.
fn detected(fact: &str, files: &IndexMap<String, Detected>) -> String {
    let place = |(file, found): (&String, &Detected)| match found {
        Detected::Inside(Inside { json: Some(pointer), .. } | Inside { toml: Some(pointer), .. }) => {
            format!("{} of {}", code(pointer), code(file))
        }
        _ => code(file),
    };
    format!("{} from {}", fact.replace('-', " "), files.iter().map(place).collect::<Vec<_>>().join(", else "))
}

fn mounted(mount: &Mount) -> String {
    let source = mount.source.as_deref().map(code);
    let each = mount.each.as_deref().map(|option| format!("each of {}", code(option)));
    format!("{} at {}", source.or(each).unwrap_or_default(), code(&mount.target))
}

fn written(file: &File) -> String {
    let in_container = file.target.as_deref().map(|target| format!("what is mounted at {}", code(target)));
    let path = file.path.as_deref().map(code).or(in_container).unwrap_or_default();
    under(path, file.when.as_deref())
}

fn inputs(inputs: &Inputs) -> String {
    let files: Vec<String> = inputs.files.iter().map(|file| code(file)).collect();
    under(files.join(", "), inputs.when.as_deref())
}

fn command(command: &Command) -> String {
    let written = match &command.run {
        Words::Text(text) => code(text),
        Words::Words(all) => words(all),
    };
    under(written, command.when.as_deref())
}

fn words(words: &[String]) -> String {
    code(&words.join(" "))
}

fn environment(name: &str, value: &EnvDef) -> String {
    match value {
        EnvDef::Value(value) => code(&format!("{name}={value}")),
        EnvDef::Case { when, value, file } => {
            let said = under(code(&format!("{name}={value}")), when.as_deref());
            match file {
                Some(file) => format!("{said} ({} where a secret is a file)", code(file)),
                None => said,
            }
        }
    }
}

fn metrics(metrics: &Metrics) -> String {
    let port = metrics.port.map_or_else(String::new, |port| format!(" on port {}", code(&port.to_string())));
    let opt_in = if metrics.opt_in { ", where the service asks for them" } else { "" };
    format!("{}{port}{opt_in}", code(&metrics.path))
}

fn data_path(path: &str, volume: Option<&str>, when: Option<&str>) -> String {
    let volume = volume.unwrap_or("NAME-data");
    under(format!("{} on the volume {}", code(path), code(volume)), when)
}

fn user(user: &User) -> String {
    match user {
        User::Any(user) => code(user),
        User::Variant { alpine, debian } => format!("{} on Alpine, else {}", code(alpine), code(debian)),
    }
}
