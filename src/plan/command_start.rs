//! What a kind says of commands, by the words with which they begin.

use indexmap::IndexMap;

use super::Text;

/// The entry whose words the command begins with: the longest, where several are.
pub(super) fn longest<'k, T>(known: &'k IndexMap<String, T>, words: &[Text]) -> Option<(&'k str, &'k T)> {
    let first = |length: usize| -> Option<Vec<&str>> { words.get(..length)?.iter().map(Text::as_literal).collect() };
    let matching = known.iter().filter(|(start, _)| {
        let start: Vec<&str> = start.split(' ').collect();
        first(start.len()).is_some_and(|words| words == start)
    });
    matching.map(|(start, value)| (start.as_str(), value)).max_by_key(|(start, _)| start.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_start_is_meant_word_by_word() {
        let known = IndexMap::from([("tsx".to_owned(), 1), ("tsx watch".to_owned(), 2), ("node".to_owned(), 3)]);
        let found = |command: &str| {
            let words: Vec<Text> = command.split(' ').map(Text::literal).collect();
            longest(&known, &words).map(|(_, value)| *value)
        };
        assert_eq!(found("tsx src/index.ts"), Some(1));
        assert_eq!(found("tsx watch src/index.ts"), Some(2));
        assert_eq!(found("tsx"), Some(1));
        assert_eq!(found("nodemon src/index.js"), None);
        assert_eq!(found("npm run node"), None);
    }
}
