//! From an image to the kind that stands for it, and from what a container is told to the options of that kind. All of it
//! is read backwards out of kind.toml: which image it makes of a version, which variable of an option, which argument.

use indexmap::IndexMap;

use crate::compose::image;
use crate::kinds::{EnvDef, Kind, Kinds, Output, Words};

/// The kind that stands for an image.
pub(super) fn kind_of<'k>(kinds: &'k Kinds, text: &str) -> Option<&'k Kind> {
    let reference = image::parse(text).ok()?;
    let name = bare(reference.name);
    kinds.iter().find(|kind| kind.traces.images.iter().any(|known| known == name))
}

/// The name without the registry that everybody means.
pub(super) fn bare(name: &str) -> &str {
    ["docker.io/library/", "index.docker.io/library/", "docker.io/", "library/"]
        .iter()
        .find_map(|start| name.strip_prefix(start))
        .unwrap_or(name)
}

/// The version that makes a kind run this image, and whether it is this very one.
pub(super) fn version_of(kind: &Kind, text: &str) -> Option<(String, bool)> {
    let reference = image::parse(text).ok()?;
    let tag = reference.tag?;
    let plain = format!("{}:{tag}", bare(reference.name));
    let templates: Vec<&str> = match kind.image.as_ref()? {
        Output::Text(text) => vec![text],
        Output::Cases(cases) => cases.iter().map(|case| case.value.as_str()).collect(),
    };
    // The shortest version says the least that is not meant.
    let fits = |template: &&str| {
        let (start, end) = template.split_once("${service.version}")?;
        let version = plain.strip_prefix(start)?.strip_suffix(end)?;
        (!version.is_empty()).then(|| version.to_owned())
    };
    let mut versions: Vec<String> = templates.iter().filter_map(fits).collect();
    versions.sort_by_key(String::len);
    let is_version = |text: &String| text.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    let version = versions.into_iter().find(is_version)?;
    let is_same = reference.digest.is_none() && made(kind, &version).as_deref() == Some(plain.as_str());
    Some((version, is_same))
}

/// The image that a kind makes of a version.
fn made(kind: &Kind, version: &str) -> Option<String> {
    let context = minijinja::context! { version => version };
    let template = match kind.image.as_ref()? {
        Output::Text(text) => text,
        Output::Cases(cases) => {
            &cases.iter().find(|case| case.when.as_ref().is_none_or(|when| when.holds(&context)))?.value
        }
    };
    Some(template.replace("${service.version}", version))
}

/// What a variable of a kind is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// An option: `POSTGRES_USER` of `user`.
    Option(String),
    /// Something that the kind says by itself.
    Itself,
}

/// What a variable is made of; none for one that the kind does not set.
pub(super) fn told_by(kind: &Kind, name: &str) -> Option<Told> {
    let of = |value: &str| {
        let inner = value.strip_prefix("${service.").and_then(|rest| rest.strip_suffix('}'));
        let option = inner.filter(|inner| kind.options.contains_key(*inner));
        option.map_or(Told::Itself, |option| Told::Option(option.to_owned()))
    };
    for (known, definition) in &kind.env {
        let (value, file) = match definition {
            EnvDef::Value(value) => (value, None),
            EnvDef::Case { value, file, .. } => (value, file.as_ref()),
        };
        if known == name || file.is_some_and(|file| file == name) {
            return Some(of(value));
        }
    }
    None
}

/// What the words of a command say of a kind's options, and the flags that it does not know.
pub(super) fn options_of_command(kind: &Kind, words: &[String]) -> (IndexMap<String, String>, Vec<String>) {
    let mut options = IndexMap::new();
    let mut unknown = Vec::new();
    let all: Vec<Vec<String>> = kind.command.iter().chain(&kind.argument).map(|command| split(&command.run)).collect();
    let flags: Vec<&str> = all
        .iter()
        .flatten()
        .filter(|word| word.starts_with('-'))
        .map(|word| word.split('=').next().unwrap_or(word))
        .collect();
    // Words that stand at a place of their own: `http ${service.forward}`.
    for known in kind.command.iter().map(|command| split(&command.run)) {
        let fits = known
            .iter()
            .zip(words)
            .all(|(known, word)| known.starts_with("${") || known == word || known.starts_with('-'));
        if fits && known.first() == words.first() {
            for (known, word) in known.iter().zip(words).filter(|(_, word)| !word.starts_with('-')) {
                if let Some(option) = known.strip_prefix("${service.").and_then(|rest| rest.strip_suffix('}'))
                    && kind.options.contains_key(option)
                {
                    options.insert(option.to_owned(), word.clone());
                }
            }
        }
    }
    // A file that it reads, where the kind has it read none: `redis-server /etc/redis.conf`.
    let starts = all.iter().find(|known| known.first() == words.first());
    if let (Some(known), Some(word)) = (starts, words.get(1).filter(|word| word.starts_with(['/', '.'])))
        && known.get(1).is_none_or(|known| known.starts_with('-'))
    {
        unknown.push(word.clone());
    }
    for (at, word) in words.iter().enumerate() {
        if !word.starts_with('-') {
            continue;
        }
        let (flag, glued) = word.split_once('=').map_or((word.as_str(), None), |(flag, value)| (flag, Some(value)));
        let value = glued.map(str::to_owned).or_else(|| words.get(at + 1).cloned());
        let option = all.iter().find_map(|known| {
            known.iter().enumerate().find_map(|(position, word)| {
                let (name, template) = match word.split_once('=') {
                    Some((name, template)) => (name, Some(template.to_owned())),
                    None => (word.as_str(), known.get(position + 1).cloned()),
                };
                let template = template.filter(|_| name == flag)?;
                template.strip_prefix("${service.")?.strip_suffix('}').map(str::to_owned)
            })
        });
        match (option, value) {
            (Some(option), Some(value)) => {
                options.insert(option, value);
            }
            _ if flags.contains(&flag) => {}
            // `-phunter2` and `--password:hunter2` are flags with their values.
            _ => {
                let name = flag.split(':').next().unwrap_or_default();
                let is_long = name.starts_with("--");
                unknown.push(if is_long { name.to_owned() } else { name.chars().take(2).collect() });
            }
        }
    }
    (options, unknown)
}

fn split(words: &Words) -> Vec<String> {
    match words {
        Words::Text(text) => shlex::split(text).unwrap_or_default(),
        Words::Words(words) => words.clone(),
    }
}

/// The option whose paths a kind mounts at this target.
pub(super) fn option_of_mount<'k>(kind: &'k Kind, target: &str) -> Option<&'k str> {
    kind.mounts.iter().find_map(|mount| {
        let each = mount.each.as_deref()?;
        let fits = match mount.target.split_once("${") {
            // Also the directory that they are in, as a whole.
            Some((start, _)) => {
                target.starts_with(start) || start.strip_suffix('/') == Some(target.trim_end_matches('/'))
            }
            None => mount.target.trim_end_matches('/') == target.trim_end_matches('/'),
        };
        fits.then_some(each)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::templates::Templates;

    #[test]
    fn an_image_is_read_backwards_into_kind_and_version() {
        let kinds = Kinds::all(&Templates::default()).unwrap();
        for (text, kind, version, is_same) in [
            ("redis:7-alpine", "redis", "7", true),
            ("redis:7", "redis", "7", false),
            ("docker.io/library/postgres:16-alpine", "postgres", "16", true),
            ("postgres:17-bookworm", "postgres", "17-bookworm", true),
            ("traefik:v3.6", "traefik", "3.6", true),
            ("prom/prometheus:v3.5.0", "prometheus", "3.5.0", true),
            ("grafana/grafana:12.1.0", "grafana", "12.1.0", true),
            ("jaegertracing/all-in-one:1.72.0", "jaeger", "1.72.0", true),
        ] {
            let found = kind_of(&kinds, text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.name, kind, "{text}");
            assert_eq!(version_of(found, text), Some((version.to_owned(), is_same)), "{text}");
        }
        assert!(kind_of(&kinds, "mysql:8").is_none());
        assert_eq!(version_of(kind_of(&kinds, "redis:latest").unwrap(), "redis:latest"), None);
    }

    #[test]
    fn variables_and_arguments_are_read_backwards_into_options() {
        let kinds = Kinds::all(&Templates::default()).unwrap();
        let postgres = kinds.get("postgres").unwrap();
        assert_eq!(told_by(postgres, "POSTGRES_DB"), Some(Told::Option("database".to_owned())));
        assert_eq!(told_by(postgres, "POSTGRES_PASSWORD_FILE"), Some(Told::Option("password".to_owned())));
        assert_eq!(told_by(postgres, "POSTGRES_INITDB_ARGS"), None);
        let words = |text: &str| shlex::split(text).unwrap();
        let redis = kinds.get("redis").unwrap();
        let (options, unknown) =
            options_of_command(redis, &words("redis-server --requirepass ${P} --appendonly yes --save 60"));
        assert_eq!(options.get("password").map(String::as_str), Some("${P}"));
        assert_eq!(unknown, ["--save"]);
        assert_eq!(option_of_mount(postgres, "/docker-entrypoint-initdb.d/a.sql"), Some("init"));
    }
}
