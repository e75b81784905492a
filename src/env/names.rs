//! Names that stand in an env file and that this stack does not know.
//!
//! A line of a secret that was pasted over several lines (a private key) can look like a name, and `=` ends many a
//! base64 text. What nobody would take for a name is not shown.

/// The longest name without `_` that is shown.
const SHORT: usize = 16;
/// The longest name that is shown.
const LONG: usize = 64;

/// Whether a name is one beyond doubt: words in one case, joined with `_`.
pub(super) fn is_showable(name: &str) -> bool {
    let is_word = |word: &str| {
        let upper = word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let lower = word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        !word.is_empty() && (upper || lower)
    };
    let most = if name.contains('_') { LONG } else { SHORT };
    let mixes_case = name.contains(|c: char| c.is_ascii_uppercase()) && name.contains(|c: char| c.is_ascii_lowercase());
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    name.len() <= most
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.trim_matches('_').split('_').all(is_word)
        && !mixes_case
        && digits * 3 <= name.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_pieces_of_secrets_are_not() {
        for name in ["PORT", "API_TOKEN", "AWS_S3_BUCKET", "http_proxy", "_JAVA_OPTIONS", "NEXT_PUBLIC_URL_2"] {
            assert!(is_showable(name), "{name}");
        }
        for name in [
            "",
            "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7",
            "JBSWY3DPEHPK3PXPJBSWY3DP",
            "d41d8cd98f00b204",
            "correcthorsebatterystaple",
            "hunter2Hunter",
            "sk_live_51H8mYqLw0ZtR3vXc7",
            "a-b",
            "a[0]",
            "é",
        ] {
            assert!(!is_showable(name), "{name}");
        }
    }
}
