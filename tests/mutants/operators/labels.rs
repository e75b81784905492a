//! What is said to Traefik in its own words: labels, rules, middlewares, flags.

use super::Operator;
use super::routes::{routing, rules};
use crate::base::Base;
use crate::mutant::Mutant;
use crate::proof::Proof;

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "write a pattern of Traefik 2",
        rules: &["rule-v2-syntax"],
        proof: Proof::Test("routes", "patterns_of_version_2_are_taken_and_match_nothing"),
        apply: |base| {
            let mut made = routing(base, "rule = \"HostRegexp(`{sub:[a-z]+}.example.com`)\"");
            made.extend(rules(base, |rule| rule.replacen("PathPrefix(`/shop/`)", "Path(`/shop/{id:[0-9]+}`)", 1)));
            made
        },
    },
    Operator {
        name: "give a matcher two hosts",
        rules: &["rule-v2-syntax"],
        proof: Proof::Test("routes", "matchers_of_version_2_are_dropped"),
        apply: |base| {
            let mut made = routing(base, "rule = \"Host(`a.example.com`, `b.example.com`)\"");
            made.extend(rules(base, |rule| {
                rule.replacen("Host(`${DOMAIN}`)", "Host(`${DOMAIN}`,`www.example.com`)", 1)
            }));
            made
        },
    },
    Operator {
        name: "write a port into a host",
        rules: &["rule-never-matches", "rule-syntax"],
        proof: Proof::Test("routes", "what_no_request_has_matches_nothing"),
        apply: |base| {
            let mut made = routing(base, "rule = \"Host(`shop.example.com:443`)\"");
            made.extend(rules(base, |rule| rule.replacen("Host(`${DOMAIN}`)", "Host(`shop.example.com:443`)", 1)));
            made
        },
    },
    Operator {
        name: "ask for two hosts at once",
        rules: &["rule-never-matches"],
        proof: Proof::Test("routes", "what_no_request_has_matches_nothing"),
        apply: |base| routing(base, "rule = \"Host(`a.example.com`) && Host(`b.example.com`)\""),
    },
    Operator {
        name: "leave an expression open at its ends",
        rules: &["rule-too-broad"],
        proof: Proof::Test("routes", "expressions_and_prefixes_take_more_than_they_name"),
        apply: |base| routing(base, "rule = \"HostRegexp(`shop.example.org`)\""),
    },
    Operator {
        name: "end a prefix within a word",
        rules: &["prefix-too-greedy", "rule-too-broad"],
        proof: Proof::Test("routes", "expressions_and_prefixes_take_more_than_they_name"),
        apply: |base| {
            let mut made = routing(base, "rule = \"Host(`shop.example.com`) && PathPrefix(`/task`)\"");
            made.extend(rules(base, |rule| rule.replacen("PathPrefix(`/shop/`)", "PathPrefix(`/shop`)", 1)));
            made
        },
    },
    Operator {
        name: "forget TLS on an entry point with it",
        rules: &["tls-mismatch"],
        proof: Proof::Test("routes", "a_router_answers_with_tls_or_without_and_never_both"),
        apply: |base| {
            let tls = base.entries().filter(|line| line.key.contains(".tls"));
            tls.map(|line| {
                let router = line.key.split(".tls").next().unwrap_or_default();
                base.without(line).at(&format!("{router}.rule")).or_at(&format!("{router}.entrypoints"))
            })
            .collect()
        },
    },
    Operator {
        name: "give two entry points one port",
        rules: &["entrypoint-port", "host-port-conflict"],
        proof: Proof::Test("routes", "traefik_ends_where_it_cannot_listen"),
        apply: |base| {
            let mut made: Vec<Mutant> =
                base.entries().filter_map(|line| base.swap(line, "port = 443", "port = 80")).collect();
            made.extend(base.entries().filter_map(|line| base.swap(line, "port = 80,", "port = 443,")));
            made.into_iter().map(|mutant| mutant.or_at_each("port = 80").or_at_each("port = 443")).collect()
        },
    },
    Operator {
        name: "misspell a static option",
        rules: &["static-decode"],
        proof: Proof::Test("routes", "traefik_ends_at_a_flag_that_it_does_not_know"),
        apply: |base| {
            let texts = [
                "static.serversTransport = { insecureSkipVerfiy = true }",
                "static.api = { debug = \"yes\" }",
                "static.logs.level = \"INFO\"",
            ];
            let mut made = statics(base, &texts);
            made.extend(base.entries().filter_map(|line| base.swap(line, "insecureSkipVerify", "insecureSkipVerfiy")));
            made.extend(
                base.entries().filter_map(|line| base.swap(line, "readTimeout = \"60s\"", "readTimeout = \"soon\"")),
            );
            made
        },
    },
    Operator {
        name: "take a static option of Traefik 2",
        rules: &["deprecated-option"],
        proof: Proof::Test("routes", "traefik_ends_at_a_flag_of_version_2"),
        apply: |base| {
            statics(
                base,
                &[
                    "static.pilot.dashboard = true",
                    "static.experimental.http3 = true",
                    "static.providers.docker.swarmMode = true",
                ],
            )
        },
    },
    Operator {
        name: "open the dashboard of production",
        rules: &["dashboard-exposed"],
        proof: Proof::Test("routes", "the_dashboard_asks_for_no_password"),
        apply: |base| statics(base, &["static.api.insecure = true"]),
    },
    Operator {
        name: "ask for a certificate of a name that is not public",
        rules: &["acme"],
        proof: Proof::Test("routes", "certificates_need_a_place_that_can_be_written"),
        apply: |base| {
            if !base.text.contains("certificates") {
                return Vec::new();
            }
            routing(base, "host = \"nas.local\"\nroutes.more.path = \"/more\"")
                .into_iter()
                .map(|mutant| mutant.at("nas.local").or_at("more.path").or_at("routes.more"))
                .collect()
        },
    },
    Operator {
        name: "misspell a field of a label",
        rules: &["label-decode"],
        proof: Proof::Test("labels", "a_label_that_cannot_be_read_loses_the_container"),
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.is_in("labels")) {
                for (from, to) in [
                    (".entrypoints\"", ".entrypoint\""),
                    (".rule\"", ".rules\""),
                    (".middlewares\"", ".middleware\""),
                    (".prefixes\"", ".prefix\""),
                    (".average\"", ".avarage\""),
                    (".sourcerange\"", ".sourceranges\""),
                ] {
                    made.extend(base.swap(line, from, to));
                }
            }
            made
        },
    },
    Operator {
        name: "misspell a section of labels",
        rules: &["label-decode"],
        proof: Proof::Test("labels", "a_label_that_cannot_be_read_loses_the_container"),
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.is_in("labels")) {
                for (from, to) in [
                    ("traefik.http.", "traefik.htpp."),
                    (".routers.", ".router."),
                    (".middlewares.", ".middleware."),
                    (".loadbalancer.", ".loadblancer."),
                ] {
                    made.extend(base.swap(line, from, to).filter(|_| line.key.starts_with("\"traefik.http")));
                }
            }
            made
        },
    },
    Operator {
        name: "switch a label on with yes",
        rules: &["label-decode"],
        proof: Proof::Test("labels", "a_label_that_cannot_be_read_loses_the_container"),
        apply: |base| {
            let labels = base
                .entries()
                .filter(|line| line.is_in("labels") && (line.value == "\"true\"" || line.value == "true"));
            labels.map(|line| base.value(line, "\"yes\"")).collect()
        },
    },
    Operator {
        name: "give a middleware a value that it cannot use",
        rules: &["middleware-value"],
        proof: Proof::Test("labels", "a_middleware_that_cannot_be_made_takes_its_routes_along"),
        apply: |base| {
            let mut made = Vec::new();
            for (from, to) in
                [("10.0.0.0/8,192", "10.0.0.0/88,192"), ("api(/.*)?$\"", "api(/.*?$\""), ("\"${USERS}\"", "\"admin\"")]
            {
                made.extend(base.entries().filter_map(|line| base.swap(line, from, to)));
            }
            made
        },
    },
    Operator {
        name: "route to a port at which nobody listens",
        rules: &["service-port-mismatch"],
        proof: Proof::Test("labels", "a_container_without_a_port_or_with_two_services_is_not_routed"),
        apply: |base| {
            let labels = base.entries().filter(|line| line.key.ends_with(".server.port\""));
            labels.flat_map(|line| ["1234", "\"http\""].map(|port| base.value(line, port))).collect()
        },
    },
    Operator {
        name: "name the proxy's network without the project",
        rules: &["traefik-network"],
        proof: Proof::Test("labels", "a_network_that_is_not_there_is_replaced_by_any_other"),
        apply: |base| {
            let labels = base.entries().filter(|line| line.key == "\"traefik.docker.network\"");
            labels
                .flat_map(|line| ["\"edge\"", "\"${stack.project}_internal\""].map(|network| base.value(line, network)))
                .collect()
        },
    },
];

/// The proxies with each of these below their headers.
fn statics(base: &Base, texts: &[&str]) -> Vec<Mutant> {
    let proxies = base.services().filter(|(_, service)| service.proxy.is_some() && !base.says(&service.name, "static"));
    proxies.flat_map(|(header, _)| texts.iter().map(|text| base.below(header, *text)).collect::<Vec<_>>()).collect()
}
