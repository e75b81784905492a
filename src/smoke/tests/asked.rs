//! What is asked.

use super::*;

#[test]
fn every_route_redirect_and_port_is_asked_where_it_is_published() {
    let asked = asked(&plan(), &containers(), &[]);
    let lines: Vec<String> = asked.checks.iter().map(line).collect();
    let secure = "@ 127.0.0.1:10443";
    for expected in [
        format!("api GET https://shop.example.com:10443/api/health {secure}"),
        format!("api GET https://www.example.com:10443/api/health {secure}"),
        format!("api OPTIONS https://shop.example.com:10443/hooks {secure}"),
        format!("web GET https://shop.example.com:10443/ {secure}"),
        "api the route silent on websecure @ skipped".to_owned(),
        "api POST https://localhost:10443/posts @ unproved".to_owned(),
        "api the route numbers on websecure @ unproved".to_owned(),
        "broker tcp 127.0.0.1:15671 @ 127.0.0.1:15671".to_owned(),
        // What has to be answered with 200 before what may be anything.
        "api GET http://shop.example.com:10080/api/health @ 127.0.0.1:10080".to_owned(),
        "api GET http://www.example.com:10080/api/health @ 127.0.0.1:10080".to_owned(),
        // Through the route that leads to it, without the prefix.
        format!("api GET https://shop.example.com:10443/api/ready {secure}"),
        "api GET http://localhost:18000/ready @ 127.0.0.1:18000".to_owned(),
        "redis tcp 127.0.0.1:16379 @ 127.0.0.1:16379".to_owned(),
    ] {
        assert!(lines.contains(&expected), "{expected} is not among\n{}", lines.join("\n"));
    }
    assert_eq!(lines.len(), 15, "{}", lines.join("\n"));
}

#[test]
fn a_base_url_stands_for_the_entry_points_of_its_scheme() {
    let asked = asked(&plan(), &[], &["https://edge.example.net:8443"]);
    let lines: Vec<String> = asked.checks.iter().map(line).collect();
    assert!(lines.contains(&"api GET https://www.example.com:8443/api/health @ edge.example.net:8443".to_owned()));
    assert!(lines.contains(&"api the redirect of web @ skipped".to_owned()), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("redis")), "{lines:?}");
}

#[test]
fn a_host_without_a_value_is_that_of_the_url() {
    let manifest = SHOP.replace("DOMAIN = { default = \"shop.example.com\" }", "DOMAIN = { required = true }");
    let plan = plans(&manifest).remove(0);
    let lines = |urls: &[&str], containers: &[Container]| -> Vec<String> {
        asked(&plan, containers, urls).checks.iter().map(line).collect()
    };
    let with = lines(&["https://edge.example.net"], &[]);
    assert!(
        with.contains(&"api GET https://edge.example.net/api/health @ edge.example.net:443".to_owned()),
        "{with:?}"
    );
    // The other host is known.
    let without = lines(&[], &containers());
    assert!(without.contains(&"api GET https://www.example.com:10443/api/health @ 127.0.0.1:10443".to_owned()));
}

#[test]
fn a_rule_that_wants_a_secret_is_not_asked_and_the_env_file_is_not_blamed() {
    let manifest = SHOP.replace("rule = \"PathRegexp(`^/[a-f]{3}x`)\"", "rule = \"Header(`X-Token`, `${TOKEN}`)\"");
    let asked = asked(&plans(&manifest).remove(0), &containers(), &[]);
    let found = asked.checks.iter().find_map(|check| match &check.ask {
        Ask::Nothing { shown, reason, help, .. } if shown.contains("numbers") => Some((reason, help)),
        _ => None,
    });
    let (reason, help) = found.unwrap();
    assert_eq!(reason, "its rule wants the value of `TOKEN`, and secrets are not sent");
    assert!(help.as_ref().unwrap().contains("`smoke = false`"));
}
