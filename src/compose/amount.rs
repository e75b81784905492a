//! Durations and sizes, as Compose reads them.

/// Whether `text` is a duration: numbers with units, such as `1m30s` (compose-spec, "Specifying durations").
pub fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(after) = number(rest) else { return false };
        // Longer units first: `ms` is no `m`.
        let Some(next) = ["us", "µs", "ms", "s", "m", "h"].iter().find_map(|unit| after.strip_prefix(unit)) else {
            return false;
        };
        rest = next;
    }
    !text.is_empty()
}

/// Whether `text` is a size in bytes, such as `512m` or `1.5gb` (compose-spec, "Specifying byte values").
pub fn is_size(text: &str) -> bool {
    let Some(unit) = number(text) else { return false };
    matches!(unit.to_ascii_lowercase().as_str(), "" | "b" | "k" | "kb" | "m" | "mb" | "g" | "gb")
}

/// Whether `text` is a duration for Compose itself, which also takes days, weeks, a sign, and nothing at all as `0`.
pub(crate) fn is_engine_duration(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    unsigned == "0" || is_duration(&unsigned.replace(['d', 'w'], "h"))
}

/// Whether `text` is a size for Compose itself, which also takes `512MiB`, `1 gb`, and larger units.
pub(crate) fn is_engine_size(text: &str) -> bool {
    bytes(text).is_some()
}

/// How many bytes such a size is: units are powers of 1024 (docker/go-units, `RAMInBytes`).
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let unit = number(text)?;
    let number: f64 = text[..text.len() - unit.len()].parse().ok()?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let prefix = unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit);
    let power = match prefix {
        // `ib` is no unit.
        "" if unit.len() < 2 => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is more is the most")]
    let bytes = (number * 1024_f64.powi(power)) as u64;
    Some(bytes)
}

/// Whether `text` is a restart policy (compose-spec, `restart`).
pub fn is_restart(text: &str) -> bool {
    let retries = text.strip_prefix("on-failure:");
    matches!(text, "no" | "always" | "on-failure" | "unless-stopped")
        || retries.is_some_and(|retries| !retries.is_empty() && retries.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether `text` is a user that the engine could look up: a number or a name, perhaps with a group (Dockerfile reference,
/// `USER`). Numbers go up to 2147483647.
pub fn is_user(text: &str) -> bool {
    let is_number = |part: &str| part.parse::<u32>().is_ok_and(|number| number <= i32::MAX.unsigned_abs());
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.trim_end_matches('$').bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    let is_id =
        |part: &str| if part.starts_with(|c: char| c.is_ascii_digit()) { is_number(part) } else { is_name(part) };
    let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    is_id(user) && group.is_none_or(is_id)
}

/// What follows a decimal number at the start of `text`.
fn number(text: &str) -> Option<&str> {
    let whole = text.trim_start_matches(|c: char| c.is_ascii_digit());
    if whole.len() == text.len() {
        return None;
    }
    match whole.strip_prefix('.') {
        None => Some(whole),
        Some(fraction) => {
            let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (rest.len() < fraction.len()).then_some(rest)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_units() {
        assert!(["10s", "1m30s", "1.5h", "500ms", "10us"].iter().all(|text| is_duration(text)));
        assert!(!["", "10", "10 s", "s", "1.s", "-1s", "10d"].iter().any(|text| is_duration(text)));
    }

    #[test]
    fn sizes_may_have_units() {
        assert!(["512m", "2g", "1.5GB", "1024", "64k", "1b"].iter().all(|text| is_size(text)));
        assert!(!["", "lots", "m", "-1m", "1 m", "1x"].iter().any(|text| is_size(text)));
    }

    #[test]
    fn compose_takes_more_than_the_specification_says() {
        assert!(["1d", "2w3d", "-1s", "0", "1m30s", "1.5h"].iter().all(|text| is_engine_duration(text)));
        assert!(!["", "5", "ten", "1m 30s", "-", "d"].iter().any(|text| is_engine_duration(text)));
        assert!(["512MiB", "1 gb", "1t", "1p", "5", "64k", "1.5g"].iter().all(|text| is_engine_size(text)));
        assert!(!["", "lots", "-1", "512Mi", "1  g", "ib"].iter().any(|text| is_engine_size(text)));
    }

    #[test]
    fn units_of_sizes_are_powers_of_1024() {
        for (text, expected) in [("5", 5), ("64k", 65_536), ("1.5GB", 1_610_612_736), ("1 MiB", 1_048_576), ("0", 0)] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        assert_eq!(bytes("99999999999p"), Some(u64::MAX));
    }

    #[test]
    fn users_are_numbers_or_names() {
        assert!(["0", "1000:1000", "node", "www-data:33", "_apt", "2147483647"].iter().all(|text| is_user(text)));
        for text in ["", "-1", "-1:-1", "2147483648", "a b", "1000:", ":1000", "1:2:3", "1a", "node:gr oup"] {
            assert!(!is_user(text), "{text}");
        }
    }

    #[test]
    fn restart_policies_are_words() {
        assert!(["no", "always", "unless-stopped", "on-failure", "on-failure:3"].iter().all(|text| is_restart(text)));
        assert!(!["sometimes", "always:3", "on-failure:", "", "on-failure:x"].iter().any(|text| is_restart(text)));
    }
}
