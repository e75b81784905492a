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

/// What the image of a stage says of its health: that it is asked (`true`), that it is not (`false`), or nothing, so that
/// it is as with the image that the stage starts from. None for `target` is the last stage.
pub fn healthcheck(text: &str, target: Option<&str>) -> Option<bool> {
    struct Stage {
        name: Option<String>,
        base: String,
        health: Option<bool>,
    }
    let mut stages: Vec<Stage> = Vec::new();
    for line in text.lines().map(str::trim_start).filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [instruction, rest @ ..] = words.as_slice() else { continue };
        if instruction.eq_ignore_ascii_case("FROM") {
            let mut rest = rest.iter().skip_while(|word| word.starts_with("--"));
            let base = rest.next().map(|base| (*base).to_owned()).unwrap_or_default();
            let is_named = rest.next().is_some_and(|word| word.eq_ignore_ascii_case("AS"));
            let name = rest.next().filter(|_| is_named).map(|name| (*name).to_owned());
            stages.push(Stage { name, base, health: None });
        } else if instruction.eq_ignore_ascii_case("HEALTHCHECK")
            && let Some(stage) = stages.last_mut()
        {
            stage.health = Some(!rest.iter().any(|word| word.eq_ignore_ascii_case("NONE")));
        }
    }
    let is_called =
        |stage: &Stage, name: &str| stage.name.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(name));
    let mut at = match target {
        Some(target) => stages.iter().rposition(|stage| is_called(stage, target))?,
        None => stages.len().checked_sub(1)?,
    };
    loop {
        let stage = &stages[at];
        if stage.health.is_some() {
            return stage.health;
        }
        // A stage starts from one before it, or from an image of which nothing is known.
        at = stages[..at].iter().rposition(|other| is_called(other, &stage.base))?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_named_after_as() {
        let text = "# FROM a AS x\nFROM --platform=linux/amd64 node:22 AS base\nRUN echo as\nfrom base as Final\nFROM scratch\n";
        assert_eq!(stages(text), ["base", "Final"]);
    }

    #[test]
    fn a_stage_takes_over_the_probe_of_the_one_it_starts_from() {
        let text = "FROM --platform=x node:22 AS base\nHEALTHCHECK CMD node probe.js\nFROM base AS web\nCMD [\"x\"]\n\
                    FROM web AS worker\nhealthcheck none\nFROM scratch AS bare\n# HEALTHCHECK CMD x\nFROM node:22\n";
        assert_eq!(healthcheck(text, Some("Web")), Some(true));
        assert_eq!(healthcheck(text, Some("worker")), Some(false));
        assert_eq!(healthcheck(text, Some("bare")), None);
        assert_eq!(healthcheck(text, Some("other")), None);
        assert_eq!(healthcheck(text, None), None);
        assert_eq!(healthcheck("FROM a\nHEALTHCHECK --interval=5s CMD x", None), Some(true));
        assert_eq!(healthcheck("", None), None);
    }
}
