//! Subnets: we take what Docker takes for a network, and mean the same where an address is not the first one. `host` is a
//! network that there is once, so that Docker reads the subnet and makes none.

use proptest::prelude::*;
use proptest::sample::select;
use stackgen::compose::subnet::{self, SubnetError};

use crate::judge::{Judge, cases, count, mutilated};
use crate::support::compose::{docker, has_engine};

fn judged(subnet: &str) -> Result<(), String> {
    let mut command = docker();
    command.args(["network", "create", "--driver", "host", "--ipv6", "--subnet", subnet, "grammars"]);
    let said = String::from_utf8_lossy(&command.output().expect("docker starts").stderr).into_owned();
    if said.contains("only one instance") { Ok(()) } else { Err(said) }
}

fn text() -> impl Strategy<Value = String> {
    let v4 = (any::<u32>(), 0..=32_u32, any::<bool>()).prop_map(|(bits, prefix, is_first)| {
        let bits = if is_first { bits & u32::MAX.checked_shl(32 - prefix).unwrap_or(0) } else { bits };
        format!("{}/{prefix}", std::net::Ipv4Addr::from(bits))
    });
    let v6 = (any::<u128>(), 0..=128_u32, any::<bool>()).prop_map(|(bits, prefix, is_first)| {
        let bits = if is_first { bits & u128::MAX.checked_shl(128 - prefix).unwrap_or(0) } else { bits };
        format!("{}/{prefix}", std::net::Ipv6Addr::from(bits))
    });
    let odd = select(vec![
        "10.0.0.0/08",
        "010.0.0.0/8",
        "10.0.0.0/33",
        "10.0.0.0",
        "10.0.0/8",
        "::ffff:10.0.0.0/104",
        "::ffff:10.0.0.0/8",
        "fe80::%eth0/64",
        "::/0",
        "0.0.0.0/0",
        "::/129",
        "10.0.0.0/+8",
        "10.0.0.0/-1",
        "10.0.0.0/",
        "/8",
        "::1/128",
        "0.0.0.0/00",
        "FD00::/8",
        "fd00:0:0::/48",
        "[::]/0",
        "10.0.0.0/8/8",
        "٣.0.0.0/8",
        "1.2.3.4/0x8",
        "::10.0.0.0/104",
    ]);
    let even = prop_oneof![
        (0..=255_u32, 0..=255_u32).prop_map(|(a, b)| format!("10.{a}.{b}.0/24")),
        (0..=0xffff_u32).prop_map(|a| format!("fd00:{a:x}::/64")),
    ];
    let whole = prop_oneof![4 => v4, 4 => v6, 2 => odd.prop_map(str::to_owned), 4 => even];
    mutilated(whole, &[".", ":", "/", "0", "f", "%", " ", "-", "1", "::", "é"])
}

#[test]
fn docker_takes_the_subnets_that_stackgen_does() {
    if !has_engine() {
        return;
    }
    let judge = Judge {
        what: "subnets",
        ours: |text: &String| subnet::parse(text).map(|_| ()),
        theirs: |texts: &[&String]| texts.iter().map(|text| judged(text)).collect(),
        is_same_error: |error: &SubnetError, said: &str| match error {
            SubnetError::Form(_) => said.contains("invalid CIDR block notation"),
            SubnetError::Inside(_, meant) => said.contains(&format!("it should be {meant}\n")),
        },
        is_quirk: |_: &String, _: &SubnetError| false,
        shares: (30, 20),
    };
    // One process for each.
    judge.compare(&cases(&text(), count().min(2000)));
}
