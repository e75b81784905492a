//! What Traefik drops, or serves otherwise than it was meant.

use serde_json::{Map, Value, json};

use crate::support::oracle::{self, Verdict, request};

/// The rules whose mistakes are made here.
pub(super) const PROVED: &[&str] =
    &["duplicate-traefik-name", "local-domain-in-prod", "route-overlap", "rule-syntax", "undefined-routing-reference"];

/// A project with a proxy and the services `a` and `b`, each with its labels.
fn project(a: &[(&str, &str)], b: &[(&str, &str)]) -> Value {
    let service = |name: &str, labels: &[(&str, &str)]| {
        let mut all: Map<String, Value> = Map::new();
        all.insert("traefik.enable".to_owned(), "true".into());
        all.insert(format!("traefik.http.services.{name}.loadbalancer.server.port"), "80".into());
        all.extend(labels.iter().map(|(key, value)| ((*key).to_owned(), value.replace('$', "$$").into())));
        json!({ "image": "app", "networks": { "edge": null }, "labels": all })
    };
    json!({
        "name": "proof",
        "services": {
            "proxy": {
                "image": "traefik:v3.6",
                "command": ["--providers.docker=true", "--entrypoints.web.address=:80"],
                "ports": [{ "target": 80, "published": "80" }],
                "networks": { "edge": null },
                "labels": { "traefik.enable": "false" },
            },
            "a": service("a", a),
            "b": service("b", b),
        },
        "networks": { "edge": { "name": "proof_edge" } },
    })
}

#[test]
fn a_name_with_two_contents_is_deleted() {
    if !oracle::available() {
        return;
    }
    let one = ("traefik.http.routers.r.rule", "PathPrefix(`/one`)");
    let two = ("traefik.http.routers.r.rule", "PathPrefix(`/two`)");
    let project = project(&[one], &[two]);
    let verdict = Verdict::on(&[&project], &[]);
    let proxy = verdict.proxy(&project);
    assert!(!proxy.routers().contains(&"r@docker"), "{:?}", proxy.routers());
    let log = proxy.log().join("\n");
    assert!(log.contains("HTTP router defined multiple times with different configurations"), "{log}");
}

#[test]
fn a_route_for_localhost_answers_nobody_else() {
    if !oracle::available() {
        return;
    }
    let project = project(&[("traefik.http.routers.a.rule", "Host(`localhost`)")], &[]);
    let urls = ["http://localhost/", "http://shop.example.org/"];
    let verdict = Verdict::on(&[&project], &urls.map(|url| request("GET", url)));
    let answers: Vec<_> = verdict.proxy(&project).answers().iter().map(|answer| answer.status()).collect();
    assert_eq!(answers, [Some(200), Some(404)]);
}

#[test]
fn of_two_equal_routers_one_gets_everything() {
    if !oracle::available() {
        return;
    }
    let one = ("traefik.http.routers.one.rule", "PathPrefix(`/api`)");
    let two = ("traefik.http.routers.two.rule", "PathPrefix(`/api`)");
    let project = project(&[one], &[two]);
    let requests: Vec<Value> =
        (0..12).map(|number| request("GET", &format!("http://localhost/api/{number}"))).collect();
    let verdict = Verdict::on(&[&project], &requests);
    let mut services: Vec<_> = verdict.proxy(&project).answers().iter().map(|answer| answer.service()).collect();
    services.dedup();
    assert_eq!(services.len(), 1, "{services:?}");
    assert!(services[0].is_some(), "nobody answers");
    assert_eq!(verdict.proxy(&project).broken(), [""; 0]);
}

#[test]
fn a_rule_that_cannot_be_read_disables_its_router() {
    if !oracle::available() {
        return;
    }
    for rule in [
        "Host('a.example.org')",
        "Host(`a.example.org`) and PathPrefix(`/`)",
        "Host(`a.example.org`) & PathPrefix(`/`)",
        "pathPrefix(`/api`)",
        "PathPrefix(`/api`",
        "PathPrefix(``)",
        "PathPrefix(`api`)",
        "PathRegexp(`(`)",
        "PathRegexp(`^(?!/api)`)",
        "ClientIP(`10.0.0.0/33`)",
        "HostSNI(`a.example.org`)",
        "Host(`größe.example.org`)",
    ] {
        let project = project(&[("traefik.http.routers.a.rule", rule)], &[]);
        let verdict = Verdict::on(&[&project], &[]);
        let broken = verdict.proxy(&project).broken();
        assert!(broken.iter().any(|broken| broken.starts_with("a@docker")), "{rule}: {broken:?}");
    }
    // A host with a scheme or port, and a path with a star, is taken and never matches.
    for rule in ["Host(`https://localhost`)", "Host(`localhost:80`)", "PathPrefix(`/shop/*`)"] {
        let project = project(&[("traefik.http.routers.a.rule", rule)], &[]);
        let verdict = Verdict::on(&[&project], &[request("GET", "http://localhost/shop/cart")]);
        assert_eq!(verdict.proxy(&project).broken(), [""; 0]);
        assert_eq!(verdict.proxy(&project).answers()[0].status(), Some(404), "{rule}");
    }
}

#[test]
fn a_router_with_an_unknown_name_is_disabled() {
    if !oracle::available() {
        return;
    }
    let rule = ("traefik.http.routers.a.rule", "Host(`localhost`)");
    for (key, value, complaint) in [
        ("traefik.http.routers.a.middlewares", "auth", "middleware \\\"auth@docker\\\" does not exist"),
        ("traefik.http.routers.a.middlewares", "auth@file", "middleware \\\"auth@file\\\" does not exist"),
        ("traefik.http.routers.a.service", "other", "the service \\\"other@docker\\\" does not exist"),
        ("traefik.http.routers.a.entrypoints", "webscure", "doesn't exist"),
        ("traefik.http.middlewares.c.chain.middlewares", "auth", "middleware \\\"auth@docker\\\" does not exist"),
    ] {
        let mut labels = vec![rule, (key, value)];
        if key.contains("chain") {
            labels.push(("traefik.http.routers.a.middlewares", "c"));
        }
        let project = project(&labels, &[]);
        let verdict = Verdict::on(&[&project], &[request("GET", "http://localhost/")]);
        let said = [verdict.proxy(&project).broken(), verdict.proxy(&project).log()].concat().join("\n");
        assert!(said.contains(complaint), "{key}={value}: {said}");
        assert_eq!(verdict.proxy(&project).answers()[0].status(), Some(404), "{key}={value}");
    }
    // An unknown resolver leaves the router as it is, with Traefik's own certificate.
    let project = project(&[rule, ("traefik.http.routers.a.tls.certresolver", "letsencrpt")], &[]);
    let verdict = Verdict::on(&[&project], &[]);
    let log = verdict.proxy(&project).log().join("\n");
    assert!(log.contains("nonexistent certificate resolver"), "{log}");
}
