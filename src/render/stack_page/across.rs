//! What differs between environments, in one cell.

use super::markdown;

/// One value where all environments agree, else each value with those that have it. None where it does not exist.
pub(super) fn across(values: &[(&str, Option<String>)]) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (environment, value) in values {
        let Some(value) = value else { continue };
        match groups.iter_mut().find(|(known, _)| known == value) {
            Some((_, environments)) => environments.push(environment),
            None => groups.push((value, vec![environment])),
        }
    }
    if let [(only, _)] = groups.as_slice() {
        return (*only).to_owned();
    }
    let line = |(value, environments): &(&str, Vec<&str>)| {
        let value = if value.is_empty() { "none" } else { value };
        format!("{value} ({})", environments.join(", "))
    };
    markdown::lines(&groups.iter().map(line).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_names_environments() {
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(across(&[("dev", value("a")), ("test", None), ("prod", value("a"))]), "a");
        assert_eq!(
            across(&[("dev", value("a")), ("test", value("")), ("prod", value("a"))]),
            "a (dev, prod)<br>none (test)"
        );
        assert_eq!(across(&[("dev", None)]), "");
    }
}
