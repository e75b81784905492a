//! Labels in Traefik's own words.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::support::oracle::{self, Answer, Verdict, request};

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[
    "deprecated-option",
    "duplicate-traefik-name",
    "label-decode",
    "middleware-value",
    "service-port-mismatch",
    "service-port-unresolved",
    "traefik-network",
];

/// A project with a proxy on `edge`, and these containers.
fn project(name: &str, containers: &[(&str, Value)]) -> Value {
    let flags = ["--providers.docker=true", "--entrypoints.web.address=:80", "--entrypoints.websecure.address=:443"];
    let proxy = json!({
        "image": "traefik:v3.7",
        "command": flags,
        "networks": { "edge": null },
        "labels": { "traefik.enable": "false" },
    });
    let mut services = Map::new();
    services.insert("proxy".to_owned(), proxy);
    for (name, container) in containers {
        services.insert((*name).to_owned(), container.clone());
    }
    let networks = json!({ "edge": { "name": format!("{name}_edge") }, "inner": { "name": format!("{name}_inner") } });
    json!({ "name": name, "services": services, "networks": networks })
}

/// A container on `edge` that exposes a port.
fn container(labels: &[(&str, &str)]) -> Value {
    on(&["edge"], &["80"], labels)
}

/// A container on these networks that exposes these ports.
fn on(networks: &[&str], ports: &[&str], labels: &[(&str, &str)]) -> Value {
    let labels: Map<String, Value> =
        labels.iter().map(|(name, value)| ((*name).to_owned(), value.replace('$', "$$").into())).collect();
    let networks: Map<String, Value> = networks.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    json!({ "image": "app", "networks": networks, "labels": labels, "expose": ports })
}

fn get(path: &str) -> Value {
    request("GET", &format!("http://shop.example{path}"))
}

#[test]
fn a_label_that_cannot_be_read_loses_the_container() {
    if !oracle::available() {
        return;
    }
    let with = |router: &str, name: &str, value: &str| {
        let rule = format!("traefik.http.routers.{router}.rule");
        container(&[(rule.as_str(), &format!("Path(`/{router}`)")), (name, value)])
    };
    let project = project(
        "labels",
        &[
            ("right", with("right", "traefik.http.routers.right.entrypoints", "web")),
            ("typo", with("typo", "traefik.http.routers.typo.entrypoint", "web")),
            ("dot", with("dot", "traefik.http.routers.my.dot.rule", "Path(`/`)")),
            ("yes", with("yes", "traefik.enable", "yes")),
            ("word", with("word", "traefik.http.routers.word.priority", "high")),
            ("alone", with("alone", "traefik.http.middlewares.alone.headers", "true")),
            ("none", with("none", "traefik.http.services.none.weighted.services[0].name", "right")),
            // What is ignored.
            ("section", container(&[("traefik.htpp.routers.section.rule", "Path(`/section`)")])),
            ("list", with("list", "traefik.http.routers.list.entrypoints[0]", "websecure")),
            ("off", with("off", "traefik.http.routers.off.tls", "yes")),
        ],
    );
    let verdict = Verdict::on(&[&project], &["/list", "/off", "/section", "/typo"].map(get));
    let proxy = verdict.proxy(&project);
    let routers: BTreeSet<&str> = proxy.routers().into_iter().collect();
    let expected = ["right", "list", "off", "section-labels"].map(|name| format!("{name}@docker"));
    assert_eq!(routers, expected.iter().map(String::as_str).collect(), "{:#?}", proxy.log());
    assert_eq!(proxy.broken(), Vec::<String>::new(), "the API shows none of it");
    let log = proxy.log().join("\n");
    for said in [
        "field not found, node: entrypoint",
        "field not found, node: dot",
        "strconv.ParseBool: parsing",
        "strconv.ParseInt: parsing",
        "headers cannot be a standalone element",
        "load-balancer is not defined",
    ] {
        assert!(log.contains(said), "{said} is not in {log}");
    }
    let answers: Vec<_> = proxy.answers().into_iter().map(Answer::status).collect();
    // The entry points of `list` are all of them, and `off` speaks no TLS.
    assert_eq!(answers, [Some(200), Some(200), Some(404), Some(404)]);
}

#[test]
fn a_middleware_that_cannot_be_made_takes_its_routes_along() {
    if !oracle::available() {
        return;
    }
    // A middleware's options, and what its route answers.
    let cases: [(&[(&str, &str)], u64); 30] = [
        (&[("ipallowlist.sourcerange", "10.0.0.1,127.0.0.0/8,::1/128")], 200),
        (&[("stripprefixregex.regex", "/a,(")], 404),
        (&[("replacepathregex.regex", "(?!a)")], 404),
        (&[("redirectregex.regex", "[")], 404),
        (&[("headers.accesscontrolalloworiginlistregex", "(")], 404),
        (&[("redirectscheme.permanent", "true")], 404),
        (&[("redirectscheme.scheme", "htps")], 302),
        (&[("ipallowlist.sourcerange", "10.0.0.0/33")], 404),
        (&[("ipallowlist.sourcerange", "")], 404),
        (&[("ipallowlist.sourcerange", "127.0.0.0/8"), ("ipallowlist.rejectstatuscode", "299")], 404),
        (&[("ipallowlist.sourcerange", "127.0.0.0/8"), ("ipallowlist.ipstrategy.excludedips", "proxy")], 404),
        (&[("basicauth.users", "admin")], 404),
        (&[("basicauth.realm", "shop")], 404),
        (&[("basicauth.users", "admin:changeit")], 401),
        (&[("digestauth.users", "admin:shop")], 404),
        (&[("forwardauth.address", "auth:9000")], 500),
        (&[("forwardauth.address", "http://auth"), ("forwardauth.authresponseheadersregex", "(")], 404),
        (&[("errors.status", "5xx"), ("errors.service", "s")], 404),
        (&[("errors.status", "502")], 404),
        (&[("ratelimit.average", "5"), ("ratelimit.period", "-1s")], 404),
        (
            &[
                ("inflightreq.amount", "5"),
                ("inflightreq.sourcecriterion.requesthost", "true"),
                ("inflightreq.sourcecriterion.requestheadername", "X"),
            ],
            404,
        ),
        (&[("inflightreq.sourcecriterion.requesthost", "true")], 429),
        (&[("buffering.maxrequestbodybytes", "-1")], 404),
        (&[("circuitbreaker.checkperiod", "5s")], 404),
        (&[("compress.encodings", "gzip,lzma")], 404),
        (&[("compress.includedcontenttypes", "text/html"), ("compress.excludedcontenttypes", "text/css")], 404),
        (&[("retry.initialinterval", "1s")], 404),
        (&[("addprefix.prefix", "")], 404),
        (&[("plugin.guard.level", "5")], 404),
        (&[("stripprefix.prefixes", "/a"), ("addprefix.prefix", "/b")], 404),
    ];
    let mut labels = vec![("traefik.http.services.s.loadbalancer.server.port".to_owned(), "80".to_owned())];
    for (number, (options, _)) in cases.iter().enumerate() {
        let router = format!("traefik.http.routers.r{number}");
        labels.push((format!("{router}.rule"), format!("Path(`/{number}`)")));
        labels.push((format!("{router}.entrypoints"), "web".to_owned()));
        labels.push((format!("{router}.service"), "s".to_owned()));
        labels.push((format!("{router}.middlewares"), format!("m{number}")));
        for (option, value) in *options {
            labels.push((format!("traefik.http.middlewares.m{number}.{option}"), (*value).to_owned()));
        }
    }
    let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let project = project("middlewares", &[("app", container(&labels))]);
    let requests: Vec<Value> = (0..cases.len())
        .map(|number| {
            let mut request = get(&format!("/{number}"));
            // `admin:changeit`
            request["headers"] = json!({ "Authorization": "Basic YWRtaW46Y2hhbmdlaXQ=" });
            request
        })
        .collect();
    let verdict = Verdict::on(&[&project], &requests);
    let proxy = verdict.proxy(&project);
    let broken = proxy.broken();
    for (number, ((options, status), answer)) in cases.iter().zip(proxy.answers()).enumerate() {
        assert_eq!(answer.status(), Some(*status), "{options:?}: {broken:#?}");
        let is_broken = broken.iter().any(|line| line.starts_with(&format!("r{number}@")));
        assert_eq!(is_broken, *status == 404, "{options:?}: {broken:#?}");
    }
}

#[test]
fn a_container_without_a_port_or_with_two_services_is_not_routed() {
    if !oracle::available() {
        return;
    }
    let project = project(
        "ports",
        &[
            ("closed", on(&["edge"], &[], &[("traefik.http.routers.closed.rule", "Path(`/closed`)")])),
            ("mid", on(&["edge"], &[], &[("traefik.http.middlewares.mid.compress", "true")])),
            ("many", on(&["edge"], &["9000", "53", "8000"], &[("traefik.http.routers.many.rule", "Path(`/many`)")])),
            (
                "two",
                container(&[
                    ("traefik.http.routers.two.rule", "Path(`/two`)"),
                    ("traefik.http.services.a.loadbalancer.server.port", "80"),
                    ("traefik.http.services.b.loadbalancer.server.port", "81"),
                ]),
            ),
            (
                "word",
                container(&[
                    ("traefik.http.routers.word.rule", "Path(`/word`)"),
                    ("traefik.http.services.word.loadbalancer.server.port", "http"),
                ]),
            ),
            // Where nobody listens.
            (
                "deaf",
                container(&[
                    ("traefik.http.routers.deaf.rule", "Path(`/deaf`)"),
                    ("traefik.http.services.deaf.loadbalancer.server.url", "http://127.0.0.1:1"),
                ]),
            ),
        ],
    );
    let requests = ["/closed", "/many", "/two", "/word", "/deaf"].map(get);
    let verdict = Verdict::on(&[&project], &requests);
    let proxy = verdict.proxy(&project);
    let answers = proxy.answers();
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status()).collect();
    assert_eq!(statuses, [Some(404), Some(200), Some(404), Some(404), Some(502)], "{:#?}", proxy.log());
    assert_eq!(answers[1].port(), Some(53), "the lowest port: {:#?}", answers[1]);
    let log = proxy.log().join("\n");
    assert_eq!(log.matches("port is missing").count(), 2, "{log}");
    assert!(log.contains("cannot be linked automatically with multiple Services"), "{log}");
    let broken = proxy.broken();
    assert!(broken.iter().any(|line| line.starts_with("word@docker") && line.contains("invalid port")), "{broken:#?}");
}

#[test]
fn a_network_that_is_not_there_is_replaced_by_any_other() {
    if !oracle::available() {
        return;
    }
    let on = |name: &str, networks: &[&str], chosen: Option<&str>| {
        let rule = (format!("traefik.http.routers.{name}.rule"), format!("Path(`/{name}`)"));
        let mut labels = vec![(rule.0.as_str(), rule.1.as_str())];
        labels.extend(chosen.map(|chosen| ("traefik.docker.network", chosen)));
        on(networks, &["80"], &labels)
    };
    let project = project(
        "nets",
        &[
            ("right", on("right", &["edge", "inner"], Some("nets_edge"))),
            ("short", on("short", &["edge"], Some("edge"))),
            ("inner", on("inner", &["edge", "inner"], Some("nets_inner"))),
            ("none", on("none", &[], None)),
        ],
    );
    let verdict = Verdict::on(&[&project], &["/right", "/short", "/inner", "/none"].map(get));
    let proxy = verdict.proxy(&project);
    let answers = proxy.answers();
    assert_eq!(answers[0].error(), None, "{:#?}", answers[0]);
    assert_eq!(answers[1].error(), None, "{:#?}", answers[1]);
    let unreachable = answers[2].error().expect("nobody reaches `inner`");
    assert!(unreachable.contains("not attached to nets_inner"), "{unreachable}");
    assert_eq!(answers[3].status(), Some(404), "{:#?}", answers[3]);
    let log = proxy.log().join("\n");
    assert!(log.contains("Could not find network named") && log.contains("missing the project's prefix"), "{log}");
    assert!(log.contains("Defaulting to first available network"), "{log}");
}

#[test]
fn services_of_one_name_are_mixed_and_what_differs_is_deleted() {
    if !oracle::available() {
        return;
    }
    let one = |name: &str, service: &str, extra: &[(&str, &str)]| {
        let label = |rest: &str| format!("traefik.http.{rest}");
        let mut labels = vec![
            (label(&format!("routers.{name}.rule")), format!("PathPrefix(`/{name}`)")),
            (label(&format!("routers.{name}.service")), service.to_owned()),
            (label(&format!("services.{service}.loadbalancer.server.port")), "80".to_owned()),
        ];
        labels.extend(extra.iter().map(|(name, value)| (label(name), (*value).to_owned())));
        let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        container(&labels)
    };
    let project = project(
        "names",
        &[
            ("web", one("web", "app", &[("middlewares.m.addprefix.prefix", "/a")])),
            ("shop", one("shop", "app", &[("middlewares.m.addprefix.prefix", "/b")])),
            ("left", one("left", "other", &[])),
            ("right", one("right", "other", &[("services.other.loadbalancer.passhostheader", "false")])),
            ("user", one("user", "user", &[("routers.user.middlewares", "m")])),
        ],
    );
    let mut paths = vec!["/web"; 8];
    paths.extend(["/left", "/right", "/user"]);
    let requests: Vec<Value> = paths.into_iter().map(get).collect();
    let verdict = Verdict::on(&[&project], &requests);
    let proxy = verdict.proxy(&project);
    let answers = proxy.answers();
    let served: BTreeSet<Option<&str>> = answers[..8].iter().map(|answer| answer.service()).collect();
    assert_eq!(served, BTreeSet::from([Some("web"), Some("shop")]), "both programs answer for one");
    let statuses: Vec<_> = answers[8..].iter().map(|answer| answer.status()).collect();
    assert_eq!(statuses, [Some(404); 3], "{:#?}", proxy.log());
    let log = proxy.log().join("\n");
    assert!(log.contains("HTTP service defined multiple times with different configurations"), "{log}");
    assert!(log.contains("HTTP middleware defined multiple times with different configurations"), "{log}");
    assert!(!log.contains("app"), "of what is alike nothing is said: {log}");
}

#[test]
fn options_of_version_2_are_read_without_effect() {
    if !oracle::available() {
        return;
    }
    let router = |name: &str| {
        [
            (format!("traefik.http.routers.{name}.rule"), format!("Path(`/{name}`)")),
            (format!("traefik.http.routers.{name}.middlewares"), name.to_owned()),
        ]
    };
    let mut labels: Vec<(String, String)> = ["ssl", "policy", "list"].into_iter().flat_map(router).collect();
    for (option, value) in [
        ("ssl.headers.sslredirect", "true"),
        ("ssl.headers.sslforcehost", "true"),
        ("ssl.headers.sslhost", "shop.example"),
        ("policy.headers.featurepolicy", "camera 'none'"),
        ("list.ipwhitelist.sourcerange", "192.0.2.1"),
    ] {
        labels.push((format!("traefik.http.middlewares.{option}"), value.to_owned()));
    }
    labels.push(("traefik.http.routers.list.rulesyntax".to_owned(), "v3".to_owned()));
    let labels: Vec<(&str, &str)> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let project = project("old", &[("app", container(&labels))]);
    let verdict = Verdict::on(&[&project], &["/ssl", "/policy", "/list"].map(get));
    let proxy = verdict.proxy(&project);
    let answers = proxy.answers();
    assert_eq!((answers[0].status(), answers[0].location()), (Some(200), None), "nobody is redirected");
    assert_eq!((answers[1].status(), answers[1].header("feature-policy")), (Some(200), None));
    assert_eq!(answers[2].status(), Some(403), "what is deprecated works");
    assert_eq!(proxy.broken(), Vec::<String>::new());
    let log = proxy.log().join("\n");
    assert!(log.contains("IPWhiteList is deprecated") && log.contains("`ruleSyntax` option is deprecated"), "{log}");
}
