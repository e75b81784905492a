//! Durations and sizes, as Compose reads them; `tests/grammars` compares with `docker compose config` 2.40.
//!
//! ```text
//! duration = [ "+" | "-" ] ( "0" | 1*( number unit ) )                    Go, `time.ParseDuration`, and days and weeks
//! unit     = "ns" | "us" | "µs" | "ms" | "s" | "m" | "h" | "d" | "w"      at most 2562047h47m16.854775807s in all
//! number   = digits [ "." [ digits ] ] | "." digits
//! size     = [ "+" ] number [ "e" integer ] [ " " ] [ "k" | "m" | "g" | "t" | "p" ] [ [ "i" ] "b" ]
//! ```
//!
//! Units of a size are powers of 1024 in any case of letters, `ib` alone is none (docker/go-units, `RAMInBytes`). What
//! services.toml has words for is narrower, as the specification is: no sign, no `ns`, days or weeks, no space, and no
//! unit past `gb`.
//!
//! Two things differ. Numbers such as `1_000` and `0x1p10`, which Go's `strconv.ParseFloat` takes, are none here. And 8 EiB
//! or more is no size, since Compose makes a negative number of it without a word.

/// The nanoseconds of each unit of a duration; longer units before those that they begin with.
const UNITS: [(&str, u64); 10] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
];

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
    !text.is_empty() && nanoseconds(text).is_some()
}

/// Whether `text` is a size in bytes, such as `512m` or `1.5gb` (compose-spec, "Specifying byte values").
pub fn is_size(text: &str) -> bool {
    let Some(unit) = number(text) else { return false };
    matches!(unit.to_ascii_lowercase().as_str(), "" | "b" | "k" | "kb" | "m" | "mb" | "g" | "gb")
        && bytes(text).is_some()
}

/// Whether `text` is a duration for Compose itself, which also takes days, weeks, a sign, and nothing at all as `0`.
pub(crate) fn is_engine_duration(text: &str) -> bool {
    nanoseconds(text).is_some()
}

/// How long such a duration is, in nanoseconds. What is smaller than one is dropped.
pub fn nanoseconds(text: &str) -> Option<i64> {
    /// The most of a negative duration; of a positive one it is one less.
    const MOST: u64 = 1 << 63;
    let is_negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    let mut sum = 0_u64;
    let mut is_empty = true;
    while !rest.is_empty() {
        let whole = digits(rest);
        rest = &rest[whole.len()..];
        let fraction = rest.strip_prefix('.').map_or("", digits);
        rest = rest.strip_prefix('.').map_or(rest, |after| &after[fraction.len()..]);
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let name = rest.find(|c: char| c == '.' || c.is_ascii_digit()).map_or(rest, |end| &rest[..end]);
        let (_, unit) = UNITS.iter().find(|(known, _)| *known == name)?;
        rest = &rest[name.len()..];
        let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
        let part = whole.checked_mul(*unit)?.checked_add(part_of(fraction, *unit))?;
        sum = sum.checked_add(part).filter(|sum| *sum <= MOST)?;
        is_empty = false;
    }
    let sum = i128::from(sum);
    i64::try_from(if is_negative { -sum } else { sum }).ok().filter(|_| !is_empty)
}

/// What the digits behind a point are of a unit, as Go counts: digits beyond what 63 bits hold say nothing.
fn part_of(fraction: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1_f64);
    for digit in fraction.bytes().map(|byte| u64::from(byte - b'0')) {
        match value.checked_mul(10).and_then(|value| value.checked_add(digit)).filter(|value| *value <= 1 << 63) {
            Some(more) if value <= (i64::MAX.unsigned_abs()) / 10 => {
                value = more;
                scale *= 10.0;
            }
            _ => break,
        }
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "as in Go"
    )]
    let part = (value as f64 * (unit as f64 / scale)) as u64;
    part
}

/// The digits that a text begins with.
fn digits(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}

/// Whether `text` is a size for Compose itself, which also takes `512MiB`, `1 gb`, and larger units.
pub(crate) fn is_engine_size(text: &str) -> bool {
    bytes(text).is_some()
}

/// How many bytes such a size is; a part of one is dropped.
pub fn bytes(text: &str) -> Option<u64> {
    let last = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' '))?;
    let number = &text[..last + usize::from(!text[last..].starts_with(' '))];
    let unit = text[last + 1..].to_lowercase();
    // Rust knows words for numbers, too.
    if !number.trim_start_matches(['+', '-']).starts_with(|c: char| c == '.' || c.is_ascii_digit()) {
        return None;
    }
    let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
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
    let bytes = number * 1024_f64.powi(power);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number from 0 to 2^63")]
    let whole = bytes as u64;
    (whole < 1 << 63).then_some(whole)
}

/// Whether `text` is a restart policy (compose-spec, `restart`); a number may be missing behind the colon (tried with 2.40).
pub fn is_restart(text: &str) -> bool {
    let retries = text.strip_prefix("on-failure:");
    matches!(text, "no" | "always" | "on-failure" | "unless-stopped")
        || retries.is_some_and(|retries| retries.bytes().all(|b| b.is_ascii_digit()))
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
        assert!(["1d", "2w3d", "-1s", "0", "1m30s", "1.5h", ".5s", "5.s"].iter().all(|text| is_engine_duration(text)));
        assert!(!["", "5", "ten", "1m 30s", "-", "d", ".s"].iter().any(|text| is_engine_duration(text)));
        for text in ["512MiB", "1 gb", "1t", "1p", "5", "64k", "1.5g", "5 ", "1e3", ".5m", "+5", "-0"] {
            assert!(is_engine_size(text), "{text}");
        }
        for text in ["", "lots", "-1", "512Mi", "1  g", "ib", "inf", "1.5.5m", "1e400", "1_000", "m5"] {
            assert!(!is_engine_size(text), "{text}");
        }
    }

    #[test]
    fn durations_are_counted_in_nanoseconds() {
        for (text, expected) in [
            ("1m30s", 90_000_000_000),
            ("-1.5h", -5_400_000_000_000),
            ("1w2d", 777_600_000_000_000),
            ("1us1\u{b5}s1\u{3bc}s", 3_000),
            ("1.0000000001s", 1_000_000_000),
            ("9223372036.854775807s", i64::MAX),
            ("-9223372036.854775808s", i64::MIN),
        ] {
            assert_eq!(nanoseconds(text), Some(expected), "{text}");
        }
        assert_eq!(nanoseconds("9223372036.854775808s"), None);
        assert!(!is_duration("9223372037s") && !is_duration("99999999999999999999s"));
    }

    #[test]
    fn units_of_sizes_are_powers_of_1024() {
        for (text, expected) in [("5", 5), ("64k", 65_536), ("1.5GB", 1_610_612_736), ("1 MiB", 1_048_576), ("0", 0)] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        assert_eq!((bytes("8191p"), bytes("8192p")), (Some(8191 << 50), None));
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
        assert!(
            ["no", "always", "unless-stopped", "on-failure", "on-failure:3", "on-failure:"]
                .iter()
                .all(|text| is_restart(text))
        );
        assert!(!["sometimes", "always:3", "", "on-failure:x"].iter().any(|text| is_restart(text)));
    }
}
