//! A kind that is like another one: `like = "node"` in its `kind.toml`.
//!
//! It has every word of that kind, beside its own and behind them: tables are merged key by key, in lists of tables its
//! own come first, and anything else it says replaces what the other one says. `false` removes a table or a list. A file
//! for the same path takes the place of the other's; a template that it does not bring itself is the other's.

use toml::{Table, Value};

use super::Kind;
use crate::templates::Templates;

/// What is nobody's but the other kind's.
const OWN: [&str; 4] = ["help", "example", "like", "traces"];

/// The kind that a `kind.toml` describes.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn read(templates: &Templates, name: &str, text: &str) -> Result<Kind, String> {
    let plain = |error: toml::de::Error| error.to_string().trim_end().to_owned();
    let table: Table = toml::from_str(text).map_err(plain)?;
    // Where nothing is inherited, an error says in which line it is.
    if !table.contains_key("like") {
        return toml::from_str(text).map_err(plain);
    }
    completed(templates, table, &mut vec![name.to_owned()])?.try_into().map_err(plain)
}

/// The words of a kind, and behind them those of the kind that it is like.
fn completed(templates: &Templates, own: Table, seen: &mut Vec<String>) -> Result<Table, String> {
    let Some(like) = own.get("like") else { return Ok(own) };
    let like = like.as_str().ok_or("`like` is the name of a kind")?.to_owned();
    if seen.contains(&like) {
        return Err(format!("it is like `{like}`, which is like it"));
    }
    let (text, _) = templates.kind(&like).ok_or_else(|| format!("it is like `{like}`, and there is no such kind"))?;
    let other: Table = toml::from_str(text).map_err(|error| format!("of `{like}`: {}", error.message()))?;
    seen.push(like.clone());
    let mut other = completed(templates, other, seen)?;
    for key in OWN {
        other.remove(key);
    }
    for file in tables(other.get_mut("files")) {
        if let Some(Value::String(template)) = file.get_mut("template")
            && !template.contains('/')
        {
            *template = format!("{like}/{template}");
        }
    }
    if let Some(Value::Array(own)) = own.get("files") {
        let place = |file: &Value| ["path", "target"].map(|key| file.get(key).cloned());
        let replaced: Vec<_> = own.iter().map(place).collect();
        if let Some(Value::Array(files)) = other.get_mut("files") {
            files.retain(|file| !replaced.contains(&place(file)));
        }
    }
    Ok(merged(other, own))
}

fn tables(value: Option<&mut Value>) -> impl Iterator<Item = &mut Table> {
    value.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_table_mut)
}

fn merged(mut under: Table, over: Table) -> Table {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(_) | Value::Array(_)), Value::Boolean(false)) => {
                under.remove(&key);
            }
            (Some(Value::Table(known)), Value::Table(value)) => *known = merged(std::mem::take(known), value),
            (Some(Value::Array(known)), Value::Array(own)) if own.first().is_some_and(Value::is_table) => {
                known.splice(0..0, own);
            }
            (Some(known), value) => *known = value,
            (None, value) => {
                under.insert(key, value);
            }
        }
    }
    under
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Words;

    fn read(text: &str) -> Result<Kind, String> {
        super::read(&Templates::default(), "web", text)
    }

    #[test]
    fn a_kind_has_what_the_one_has_that_it_is_like() {
        let node = super::read(&Templates::default(), "node", Templates::default().kind("node").unwrap().0).unwrap();
        let text = "help = 'h'\nlike = 'node'\nversions = ['22']\n[options]\nbuild-output = false\nextra = { type = 'int', help = 'h' }
[[command]]\nrun = ['serve']\n[probe]\nstart-period = '1m'\n[[files]]\ntemplate = 'Own.j2'\npath = '${service.source}/Dockerfile'";
        let kind = read(text).unwrap();
        assert_eq!(kind.help, "h");
        assert_eq!(kind.versions, ["22"], "replaced");
        assert!(kind.example.is_empty(), "an example is its own");
        assert_eq!(kind.options.keys().collect::<Vec<_>>(), ["package-manager", "extra"], "one removed, one added");
        assert_eq!(kind.command.len(), node.command.len() + 1);
        assert_eq!(kind.command[0].run, Words::Words(vec!["serve".to_owned()]), "its own come first");
        assert_eq!(kind.probe[0].start_period.as_deref(), Some("1m"));
        assert_eq!(kind.probe[0].http, node.probe[0].http);
        let templates: Vec<&str> = kind.files.iter().map(|file| file.template.as_str()).collect();
        assert_eq!(templates, ["Own.j2", "node/dockerignore.j2", "shared/entrypoint.sh.j2"]);
    }

    #[test]
    fn a_kind_is_like_one_that_there_is_and_not_like_itself() {
        assert_eq!(read("help = 'h'\nlike = 'nodd'").unwrap_err(), "it is like `nodd`, and there is no such kind");
        assert_eq!(read("help = 'h'\nlike = 'web'").unwrap_err(), "it is like `web`, which is like it");
        assert!(read("help = 'h'\nlike = 'node'\nno-word = 1").unwrap_err().contains("no-word"));
    }
}
