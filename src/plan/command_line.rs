//! Commands as text: the words that they are without a shell.

use super::CommandFlaw;
use crate::manifest::unions::OneOrMany;

/// Splits a command into words.
///
/// # Errors
/// Where it cannot be split, or only a shell could run it.
pub(super) fn split(text: &str) -> Result<Vec<String>, CommandFlaw> {
    let words = shlex::split(text).ok_or(CommandFlaw::OpenQuote)?;
    if words.is_empty() {
        return Err(CommandFlaw::Empty);
    }
    let operator = words.iter().find(|word| matches!(word.as_str(), "&&" | "||" | "|" | ";" | "&" | ">" | ">>" | "<"));
    if let Some(operator) = operator {
        return Err(CommandFlaw::Operator(operator.clone()));
    }
    if let Some((name, _)) = words[0].split_once('=')
        && crate::manifest::is_variable(name)
    {
        return Err(CommandFlaw::Assignment(name.to_owned()));
    }
    Ok(words)
}

/// Why a step of the build, which a shell runs, cannot stand in a Dockerfile.
pub(super) fn flaw_of_step(text: &str) -> Option<CommandFlaw> {
    // A backslash at the end of a line means the same to a Dockerfile as to the shell.
    if text.replace("\\\n", "").contains(['\n', '\r']) {
        return Some(CommandFlaw::Lines);
    }
    match shlex::split(text) {
        None => Some(CommandFlaw::OpenQuote),
        Some(words) => words.is_empty().then_some(CommandFlaw::Empty),
    }
}

/// The words of a `command` as written, before they are resolved.
pub(super) fn written_words(command: &OneOrMany) -> Result<Vec<String>, CommandFlaw> {
    match command {
        OneOrMany::One(text) => split(text),
        OneOrMany::Many(words) if words.is_empty() => Err(CommandFlaw::Empty),
        OneOrMany::Many(words) => Ok(words.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_the_build_is_one_line_for_a_shell() {
        for text in ["npm run build", "a && b | c > d", "X=1 a", "echo \"it's\"", "a ; b", "a \\\n  --b"] {
            assert_eq!(flaw_of_step(text), None, "{text}");
        }
        assert_eq!(flaw_of_step(" "), Some(CommandFlaw::Empty));
        assert_eq!(flaw_of_step("# nothing"), Some(CommandFlaw::Empty));
        assert_eq!(flaw_of_step("npm run 'x"), Some(CommandFlaw::OpenQuote));
        assert_eq!(flaw_of_step("npm run x \\"), Some(CommandFlaw::OpenQuote));
        assert_eq!(flaw_of_step("a\nb"), Some(CommandFlaw::Lines));
        assert_eq!(flaw_of_step("a\n"), Some(CommandFlaw::Lines));
    }

    #[test]
    fn a_command_is_words_and_no_shell() {
        assert_eq!(split("node 'a b.js' --x").unwrap(), ["node", "a b.js", "--x"]);
        for text in ["a && b", "X=1 a", "a 'b", "", "a | b"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
