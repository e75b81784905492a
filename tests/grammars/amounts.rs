//! Durations and sizes: what we read is as long or as large as what Compose reads.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use stackgen::compose::amount;

use crate::judge::{Judge, cases, count, mutilated};
use crate::oracle::{self, Shell};
use crate::support::compose::has_compose;

/// What Compose makes of a key of a service, one service per value; nothing where it prints nothing.
fn understood(key: &str, values: &[&String]) -> Result<Vec<Option<String>>, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let services: Map<String, Value> = values
        .iter()
        .enumerate()
        .map(|(position, value)| (format!("s{position}"), json!({ "image": "none", key: value })))
        .collect();
    oracle::write(folder.path(), "compose.yml", &json!({ "name": "amounts", "services": services }).to_string());
    let output = oracle::config(folder.path(), &Shell::new(), &["--file", "compose.yml"]);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON from docker compose config");
    let value = |position| document["services"][format!("s{position}")][key].as_str().map(str::to_owned);
    Ok((0..values.len()).map(value).collect())
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0..5000_u32).prop_map(|number| number.to_string()),
        4 => (0..100_u32, 0..1000_u32).prop_map(|(whole, part)| format!("{whole}.{part}")),
        1 => any::<u64>().prop_map(|number| number.to_string()),
        1 => "[0-9]{0,3}[.][0-9]{0,25}",
        1 => select(vec!["", ".", "1.", ".5", "007", "1.5.5", "-1", "+1", "1,5", "٣", "1e3", " 1", "-0"]).prop_map(str::to_owned),
    ]
}

fn duration() -> impl Strategy<Value = String> {
    let unit = prop_oneof![
        12 => select(vec!["s", "s", "m", "h", "ms", "us", "ns", "d", "w", "µs", "μs"]),
        1 => select(vec!["", "M", "min", "S", "sec", " s", "s ", "y", "ds", "mss"]),
    ];
    let part = (number(), unit).prop_map(|(number, unit)| number + unit);
    let parts = prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat());
    let sign = select(vec!["", "", "", "", "", "", "-", "+", "--"]);
    let signed = (sign, parts).prop_map(|(sign, parts)| format!("{sign}{parts}"));
    let odd = select(vec![
        "0",
        "-0",
        "+0",
        "00",
        "0s",
        "",
        "9223372036s",
        "9223372037s",
        "106751d",
        "106752d",
        "15250w",
        "15251w",
        "2562047h47m16.854775807s",
        "2562047h47m16.854775808s",
    ]);
    mutilated(
        prop_oneof![30 => signed, 1 => odd.prop_map(str::to_owned)],
        &[" ", "-", ".", "0", "s", "h", "e", "\n", "é", "d"],
    )
}

fn size() -> impl Strategy<Value = String> {
    let exponent = select(vec!["", "", "", "", "", "", "e1", "e+2", "e-1", "E3"]);
    let unit = prop_oneof![
        12 => select(vec!["", "", "b", "k", "kb", "m", "M", "mb", "MB", "MiB", "g", "G", "gb", "GiB", "t", "tib", "p", "KIB", "\u{212a}"]),
        2 => select(vec![" m", " ", " gb", " b", "  k"]),
        1 => select(vec!["ib", "ki", "bb", "mbb", "x", "e", "eb", "mi", "kbi", "m b", "kilo", "bytes", "k5", "ſ"]),
    ];
    let whole = (number(), exponent, unit).prop_map(|(number, exponent, unit)| format!("{number}{exponent}{unit}"));
    mutilated(whole, &[" ", "-", ".", "0", "i", "b", "e", "\n", "é", "+", "inf"])
}

#[test]
fn compose_measures_durations_as_stackgen_does() {
    if !has_compose() {
        return;
    }
    let judge = Judge {
        what: "durations",
        ours: |text: &String| amount::nanoseconds(text).ok_or(()),
        theirs: |texts: &[&String]| {
            let printed = understood("stop_grace_period", texts)?;
            // Which is a duration again, with whole numbers of the usual units.
            Ok(printed.iter().map(|text| amount::nanoseconds(text.as_deref().unwrap_or("?")).unwrap_or(-7)).collect())
        },
        is_same_error: |(): &(), said: &str| said.contains("stop_grace_period"),
        is_quirk: |_: &String, (): &()| false,
        shares: (40, 10),
    };
    let cases = cases(&duration(), count());
    judge.compare(&cases);
    for text in &cases {
        assert!(!amount::is_duration(text) || amount::nanoseconds(text).is_some(), "{text:?}");
    }
}

#[test]
fn compose_measures_sizes_as_stackgen_does() {
    if !has_compose() {
        return;
    }
    let judge = Judge {
        what: "sizes",
        ours: |text: &String| amount::bytes(text).map(|bytes| bytes.to_string()).ok_or(()),
        // Compose leaves out a limit of nothing.
        theirs: |texts: &[&String]| {
            let printed = understood("mem_limit", texts)?;
            Ok(printed.into_iter().map(|text| text.unwrap_or_else(|| "0".to_owned())).collect())
        },
        is_same_error: |(): &(), said: &str| said.contains("mem_limit"),
        // What is too large becomes a negative number.
        is_quirk: |text: &String, (): &()| {
            understood("mem_limit", &[text]).is_ok_and(|printed| printed[0].as_deref() == Some("-9223372036854775808"))
        },
        shares: (40, 10),
    };
    let cases = cases(&size(), count());
    judge.compare(&cases);
    for text in &cases {
        assert!(!amount::is_size(text) || amount::bytes(text).is_some(), "{text:?}");
    }
}
