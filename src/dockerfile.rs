//! Dockerfiles that people wrote, as far as a stack has to know them (Dockerfile reference).

/// The names of the stages, in their order.
pub fn stages(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let is_from = words.first().is_some_and(|word| word.eq_ignore_ascii_case("FROM"));
            let at = words.iter().position(|word| word.eq_ignore_ascii_case("AS")).filter(|_| is_from)?;
            Some((*words.get(at + 1)?).to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_named_after_as() {
        let text = "# FROM a AS x\nFROM --platform=linux/amd64 node:22 AS base\nRUN echo as\nfrom base as Final\nFROM scratch\n";
        assert_eq!(stages(text), ["base", "Final"]);
    }
}
