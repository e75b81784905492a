//! Routes, middlewares, and what is said to Traefik in its own words.

use super::{Operator, misspelt};
use crate::base::{Base, Line};
use crate::mutant::Mutant;
use crate::proof::Proof;

const RULE: Proof = Proof::Test("earlier/proxy", "a_rule_that_cannot_be_read_disables_its_router");
const UNKNOWN: Proof = Proof::Test("earlier/proxy", "a_router_with_an_unknown_name_is_disabled");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "begin a path without its slash",
        rules: &["rule-syntax"],
        proof: RULE,
        apply: |base| {
            let mut made: Vec<Mutant> = base
                .entries()
                .filter(|line| line.text.contains("path = \"/"))
                .filter_map(|line| base.swap(line, "path = \"/", "path = \""))
                .collect();
            made.extend(base.entries().filter_map(|line| base.swap(line, "path = [\"/", "path = [\"")));
            made.extend(base.entries().filter_map(|line| base.swap(line, "Prefix(`/", "Prefix(`")));
            made
        },
    },
    Operator {
        name: "end a path with a star",
        rules: &["rule-syntax", "rule-never-matches"],
        proof: Proof::Test("earlier/proxy", "a_rule_that_cannot_be_read_disables_its_router"),
        apply: |base| {
            let routes = base.entries().filter(|line| line.text.contains("path = \"/"));
            routes
                .filter_map(|line| {
                    let path = line.text.split("path = \"").nth(1)?.split('"').next()?;
                    base.swap(
                        line,
                        &format!("path = \"{path}\""),
                        &format!("path = \"{}/*\"", path.trim_end_matches('/')),
                    )
                })
                .collect()
        },
    },
    Operator {
        name: "quote a rule as a text",
        rules: &["rule-syntax"],
        proof: RULE,
        apply: |base| {
            let mut made = routing(base, "rule = \"Host('shop.example.com')\"");
            made.extend(rules(base, |rule| rule.replace('`', "'")));
            made
        },
    },
    Operator {
        name: "join the parts of a rule with a word",
        rules: &["rule-syntax"],
        proof: RULE,
        apply: |base| {
            let mut made = routing(base, "rule = \"Host(`shop.example.com`) and PathPrefix(`/cart`)\"");
            made.extend(rules(base, |rule| rule.replacen("&&", "and", 1)));
            made
        },
    },
    Operator {
        name: "forget a parenthesis",
        rules: &["rule-syntax"],
        proof: RULE,
        apply: |base| {
            let mut made =
                routing(base, "rule = \"Host(`shop.example.com`) && (PathPrefix(`/a`) || PathPrefix(`/b`)\"");
            made.extend(rules(base, |rule| rule.trim_end_matches(')').to_owned()));
            made
        },
    },
    Operator {
        name: "misspell a matcher",
        rules: &["rule-syntax", "rule-v2-syntax"],
        proof: RULE,
        apply: |base| {
            let mut made = routing(base, "rule = \"Hots(`shop.example.com`)\"");
            made.extend(rules(base, |rule| rule.replacen("Path", "path", 1)));
            made.extend(rules(base, |rule| rule.replacen("Host", "Hsot", 1)));
            made
        },
    },
    Operator {
        name: "use a regular expression that Go does not have",
        rules: &["rule-syntax"],
        proof: RULE,
        apply: |base| {
            let mut made = routing(base, "rule = \"PathRegexp(`^/(?!admin)`)\"");
            made.extend(rules(base, |rule| rule.replacen("`^/admin(/.*)?$`", "`^/admin(?=/)`", 1)));
            made
        },
    },
    Operator {
        name: "give a route a host with its scheme",
        rules: &["rule-syntax", "rule-never-matches"],
        proof: RULE,
        apply: |base| {
            let mut made = routing(base, "host = \"https://shop.example.com\"\nroutes.more.path = \"/more\"");
            made = made.into_iter().map(|mutant| mutant.at("host = \"https")).collect();
            made.extend(rules(base, |rule| rule.replacen("Host(`", "Host(`https://", 1)));
            made
        },
    },
    Operator {
        name: "misspell a middleware",
        rules: &["undefined-routing-reference"],
        proof: UNKNOWN,
        apply: |base| {
            let mut made = Vec::new();
            for line in
                base.entries().filter(|line| line.text.contains("middlewares") && !line.text.contains("middlewares."))
            {
                for name in ["security-headers", "agent-api", "shop-limit", "admin-auth", "admin-allow"] {
                    made.extend(base.swap(line, name, &misspelt(name)));
                }
            }
            made.extend(
                routing(base, "path = \"/more\"\nroutes.more.middlewares = [\"autth\"]")
                    .into_iter()
                    .map(|mutant| mutant.at("autth")),
            );
            made
        },
    },
    Operator {
        name: "misspell an entry point",
        rules: &["undefined-routing-reference"],
        proof: UNKNOWN,
        apply: |base| {
            let mut made: Vec<Mutant> = routing(base, "path = \"/more\"\nroutes.more.entrypoints = [\"webscure\"]")
                .into_iter()
                .map(|mutant| mutant.at("webscure"))
                .collect();
            for line in base.entries().filter(|line| line.text.contains("redirect-to") || line.key.contains("routers."))
            {
                made.extend(base.swap(line, "\"websecure\"", "\"webscure\""));
                made.extend(base.swap(line, "\"postgres\"", "\"postgre\""));
            }
            made
        },
    },
    Operator {
        name: "misspell a certificate resolver",
        rules: &["undefined-routing-reference", "tls-mismatch"],
        proof: UNKNOWN,
        apply: |base| {
            let uses = base.entries().filter(|line| line.text.contains("\"letsencrypt\""));
            uses.filter_map(|line| base.swap(line, "\"letsencrypt\"", "\"letsencrpyt\"")).collect()
        },
    },
    Operator {
        name: "give two services one path",
        rules: &["route-overlap"],
        proof: Proof::Test("earlier/proxy", "of_two_equal_routers_one_gets_everything"),
        apply: |base| {
            let mut made = Vec::new();
            for line in
                base.entries().filter(|line| line.text.contains("path = \"/") && !line.text.contains("routes.more"))
            {
                let path =
                    line.text.split("path = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
                let others = routable(base).into_iter().filter(|header| {
                    line.table != header.table && !line.table.starts_with(&format!("{}.", header.table))
                });
                made.extend(
                    others.map(|header| with_route(base, header, &format!("path = \"{path}\"")).or_at_each(&line.text)),
                );
            }
            made
        },
    },
    Operator {
        name: "name a service in a label that is none",
        rules: &["undefined-routing-reference"],
        proof: UNKNOWN,
        apply: |base| {
            base.entries()
                .filter(|line| line.key.ends_with(".service\""))
                .map(|line| base.value(line, format!("\"{}\"", misspelt(line.value.trim_matches('"')))))
                .collect()
        },
    },
    Operator {
        name: "give two routers one name",
        rules: &["duplicate-traefik-name"],
        proof: Proof::Test("earlier/proxy", "a_name_with_two_contents_is_deleted"),
        apply: |base| {
            let mut made = Vec::new();
            for (from, to) in [("routers.shop", "routers.admin"), ("routers.admin", "routers.shop")] {
                if base.text.contains(&format!("\"traefik.http.{from}")) {
                    let text = base.text.replace(&format!("\"traefik.http.{from}"), &format!("\"traefik.http.{to}"));
                    made.push(base.text(text, to).or_at_each(to));
                }
            }
            made
        },
    },
    Operator {
        name: "paste the line of htpasswd",
        rules: &["unescaped-dollar"],
        proof: Proof::Test("earlier/read", "a_hash_with_single_dollars_loses_its_parts"),
        apply: |base| {
            let services = base.services().filter(|(_, service)| !base.says(&service.name, "labels"));
            services
                .map(|(header, _)| {
                    base.below(header, "labels.\"com.example.users\" = \"test:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/\"")
                })
                .collect()
        },
    },
    Operator {
        name: "take the port of a routed service away",
        rules: &["incomplete-service"],
        proof: Proof::Test("earlier/read", "a_service_without_image_and_build_is_rejected"),
        apply: |base| {
            // A kind may know its port.
            let routed = |name: &str| {
                base.says(name, "routes")
                    && matches!(base.service(name).and_then(|service| service.kind.as_deref()), Some("node"))
            };
            let ports = base.entries().filter(|line| line.key == "port" && line.service().is_some_and(routed));
            ports
                .map(|line| {
                    let routes = base.entries().filter(|route| route.table == format!("{}.routes", line.table));
                    routes.fold(base.without(line).at(&format!("[{}]", line.table)), |mutant, route| {
                        mutant.or_at_each(&route.text)
                    })
                })
                .collect()
        },
    },
    Operator {
        name: "take the services out of the proxy's network",
        rules: &["unreachable-reference", "traefik-network"],
        proof: Proof::Test("earlier/running", "without_a_common_network_a_name_is_unknown"),
        apply: |base| {
            let services = base.services().filter(|(_, service)| {
                !service.routers.is_empty() && !base.says(&service.name, "networks") && service.proxy.is_none()
            });
            services.map(|(header, _)| base.below(header, "networks = [\"internal\"]").or_at_each("routes")).collect()
        },
    },
];

/// Services that could have a route, by their headers.
fn routable(base: &Base) -> Vec<&Line> {
    let has_proxy = base.plans.iter().all(|plan| plan.services.values().any(|service| service.proxy.is_some()));
    let services = base.services().filter(|(_, service)| {
        has_proxy && service.port.is_some() && service.proxy.is_none() && service.build.is_some()
    });
    services.filter(|(_, service)| !base.says(&service.name, "labels")).map(|(header, _)| header).collect()
}

/// Another route with this in it, of every service that could have one.
pub(super) fn routing(base: &Base, text: &str) -> Vec<Mutant> {
    routable(base).into_iter().map(|header| with_route(base, header, text)).collect()
}

/// A service with another route: in the table of its routes, where it has one.
fn with_route(base: &Base, header: &Line, text: &str) -> Mutant {
    let routes = base.lines.iter().find(|line| line.is_header() && line.table == format!("{}.routes", header.table));
    match routes {
        Some(routes) => base.below(routes, format!("more.{}", text.replace("routes.more.", "more."))),
        None => base.below(header, format!("routes.more.{text}")),
    }
}

/// Every rule in a label, changed.
pub(super) fn rules(base: &Base, change: impl Fn(&str) -> String) -> Vec<Mutant> {
    let labels = base.entries().filter(|line| line.key.ends_with(".rule\""));
    labels
        .filter_map(|line| base.swap(line, &line.value, &format!("\"{}\"", change(line.value.trim_matches('"')))))
        .collect()
}
