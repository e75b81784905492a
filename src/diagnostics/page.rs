//! Where the page of a rule can be read.

/// Where the project lives: Cargo.toml says it.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The address of the page of the rule `id`; none where nobody knows where the project lives.
pub fn address(id: &str) -> Option<String> {
    address_in(REPOSITORY, id)
}

fn address_in(repository: &str, id: &str) -> Option<String> {
    let repository = repository.trim_end_matches('/');
    (!repository.is_empty()).then(|| format!("{repository}/blob/HEAD/docs/rules/{id}.md"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_an_address_where_the_repository_is_known() {
        let page = "https://example.com/stackgen/blob/HEAD/docs/rules/unknown-key.md";
        assert_eq!(address_in("https://example.com/stackgen", "unknown-key").as_deref(), Some(page));
        assert_eq!(address_in("https://example.com/stackgen/", "unknown-key").as_deref(), Some(page));
        assert_eq!(address_in("", "unknown-key"), None);
        assert!(address("unknown-key").is_some_and(|page| page.starts_with("https://")));
    }
}
