//! What the labels of one container define, by name.

use indexmap::IndexMap;

/// A router, service or middleware that labels define.
#[derive(Debug, Default)]
pub(crate) struct Named<'l> {
    /// Its name, as the first label spells it.
    pub(crate) name: &'l str,
    /// Its options in lower case, and the label of each.
    pub(crate) options: IndexMap<String, &'l str>,
}

impl Named<'_> {
    /// Whether an option of this name is set, in lower case.
    pub(crate) fn has(&self, option: &str) -> bool {
        self.options.contains_key(option)
    }
}

/// The names below `traefik.<section>.<group>.`. Within a container they do not depend on case.
pub(crate) fn named<'l>(
    labels: impl IntoIterator<Item = &'l str>,
    section: &str,
    group: &str,
) -> IndexMap<String, Named<'l>> {
    let mut found: IndexMap<String, Named<'l>> = IndexMap::new();
    for label in labels {
        let mut parts = label.splitn(5, '.');
        let is_head = |part: Option<&str>, word: &str| part.is_some_and(|part| part.eq_ignore_ascii_case(word));
        let is_there =
            parts.next() == Some("traefik") && is_head(parts.next(), section) && is_head(parts.next(), group);
        let (Some(name), Some(option)) = (parts.next().filter(|_| is_there), parts.next()) else { continue };
        let named = found.entry(name.to_lowercase()).or_insert_with(|| Named { name, options: IndexMap::new() });
        named.options.insert(option.to_lowercase(), label);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_depend_on_case() {
        let labels =
            ["traefik.HTTP.Routers.A.Rule", "traefik.http.routers.a.tls", "traefik.tcp.routers.a.rule", "other"];
        let found = named(labels, "http", "routers");
        assert_eq!(found.len(), 1);
        assert!(found["a"].name == "A" && found["a"].has("rule") && found["a"].has("tls"));
    }
}
