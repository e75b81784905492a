//! The names in env files. Values are taken from files that are made to be shown (`.env.example`), and from no other.

use super::code::dialect;
use super::{EnvName, Seen, is_part};
use crate::compose::dotenv::{EnvFile, Value};
use crate::init::judgement::{asked_of_database, is_shown, is_suspect};
use crate::init::snapshot::{Snapshot, file_name, is_env_file, parent};

/// Words in the name of a file that is made to be shown.
const SHOWN: [&str; 5] = ["example", "sample", "template", "dist", "defaults"];

pub(super) fn look(snapshot: &Snapshot, seen: &mut Seen) {
    let files = snapshot.texts_below("").filter(|(path, _)| is_env_file(file_name(path)) && is_part(path));
    for (path, text) in files {
        let is_example = file_name(path).split('.').any(|part| SHOWN.contains(&part.to_ascii_lowercase().as_str()));
        // One wrong line does not make the others unknown.
        let entries: Vec<_> = match EnvFile::parse(text) {
            Ok(file) => file.entries,
            Err(flaw) => {
                seen.troubles.push((path.to_owned(), format!("line {} is no line of an env file", flaw.line)));
                text.split_inclusive('\n')
                    .filter_map(|line| EnvFile::parse(line).ok())
                    .flat_map(|file| file.entries)
                    .collect()
            }
        };
        let names = seen.env_names.entry(parent(path).to_owned()).or_default();
        for entry in entries {
            let name = entry.name.clone();
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') || name.is_empty() {
                continue;
            }
            let value = match &entry.value {
                Value::Literal(value) => Some(value.clone()),
                Value::Template(value) => Some(value.clone()).filter(|value| !value.contains('$')),
                Value::Inherited => None,
            };
            if let (false, Some(value)) = (is_example, &value) {
                seen.hidden.hide(&name, value);
            }
            let is_set = value.as_deref().is_some_and(|value| !value.is_empty());
            let (scheme, number) = value.as_deref().and_then(dialect).unzip();
            let (query, unsaid) = value.as_deref().map(asked_of_database).unwrap_or_default();
            let is_secret = value.as_deref().is_some_and(|value| is_suspect(&name, value));
            let default = value.filter(|value| is_example && !value.is_empty() && is_shown(&name, value));
            let known = names.entry(name).or_insert_with(|| EnvName { from: path.to_owned(), ..EnvName::default() });
            known.is_secret |= is_secret;
            known.is_set |= is_set;
            if is_set && !is_example {
                known.set_in.push(path.to_owned());
            }
            known.scheme = known.scheme.take().or(scheme);
            known.number = known.number.or(number.flatten());
            if known.query.is_empty() && known.unsaid.is_empty() {
                (known.query, known.unsaid) = (query, unsaid);
            }
            if known.default.is_none() && default.is_some() {
                path.clone_into(&mut known.from);
                known.default = default;
            }
        }
    }
}
