//! The scalars of Go, as Traefik reads them from labels (Go, `strconv` and `time`).

use super::Kind;

/// Whether Traefik reads `text` as what `kind` says.
pub fn fits(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Bool => boolean(text).is_some(),
        Kind::Int => integer(text).is_some(),
        Kind::Duration => duration(text).is_some(),
        _ => true,
    }
}

/// A truth value (`strconv.ParseBool`).
pub fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// A whole number of 64 bits (`strconv.ParseInt`, base 10).
pub fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let are_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    are_digits.then(|| text.parse().ok())?
}

/// A duration in nanoseconds: a number of seconds, or what `time.ParseDuration` reads.
pub fn duration(text: &str) -> Option<i128> {
    const SECOND: i128 = 1_000_000_000;
    if let Some(seconds) = integer(text) {
        return Some(i128::from(seconds) * SECOND);
    }
    let (is_negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return None;
    }
    let limit = 1i128 << 63;
    let mut sum = 0i128;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let length = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(length);
        let unit = unit_of(unit)?;
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        sum = sum.checked_add(whole.checked_mul(unit)?)?.checked_add(part_of(fraction, unit))?;
        if sum > limit {
            return None;
        }
        rest = next;
    }
    // One more fits below zero than above.
    (sum < limit || is_negative).then_some(if is_negative { -sum } else { sum })
}

fn unit_of(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The part of a unit behind the point. Digits beyond those that matter are cut.
fn part_of(fraction: &str, unit: i128) -> i128 {
    let digits = fraction.get(..fraction.len().min(18)).unwrap_or_default();
    let scale = digits.bytes().fold(1i128, |scale, _| scale * 10);
    digits.parse::<i128>().map_or(0, |part| part * unit / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_values_and_numbers_are_those_of_go() {
        assert_eq!(
            [boolean("T"), boolean("False"), boolean("yes"), boolean(" true")],
            [Some(true), Some(false), None, None]
        );
        assert_eq!(
            [integer("+5"), integer("-05"), integer("1_000"), integer("0x1"), integer("")],
            [Some(5), Some(-5), None, None, None]
        );
        assert_eq!((integer("9223372036854775807"), integer("9223372036854775808")), (Some(i64::MAX), None));
    }

    #[test]
    fn durations_are_those_of_go() {
        for (text, nanoseconds) in [
            ("10", Some(10_000_000_000)),
            ("1m30s", Some(90_000_000_000)),
            ("-1.5h.5s", Some(-5_400_500_000_000)),
            ("+1.s", Some(1_000_000_000)),
            ("1µs1μs1us", Some(3_000)),
            ("-9223372036854775808ns", Some(-(1i128 << 63))),
            ("9223372036854775808ns", None),
            ("9999999h", None),
            ("", None),
            ("-", None),
            (".s", None),
            ("1d", None),
            ("1 m", None),
            ("1.2.3s", None),
            ("s", None),
        ] {
            assert_eq!(duration(text), nanoseconds, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9.+\\-smhunµ]{0,40}") {
            let _ = (duration(&text), integer(&text), boolean(&text));
        }
    }
}
