//! `duplicate-traefik-name`: see [`RULE`].

use std::collections::HashMap;

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::types::RouteProtocol;
use crate::plan::{MiddlewareUse, Plan, Text};
use crate::source::KeyPath;

mod labels;

/// Two routers, middlewares or services of Traefik with one name.
pub(super) static RULE: Rule = Rule {
    id: "duplicate-traefik-name",
    severity: Severity::Error,
    summary: "two routes, middlewares or services that get the same name in Traefik",
    docs: "\
Two routers, two middlewares or two services get the same name in Traefik, although they are not the same. Names are put
together from stack, service and route with hyphens, so `b-c` of the service `a` and `c` of the service `a-b` meet. Labels give
names themselves, and all containers share them.

**Why it breaks.** Traefik keeps neither: a name with two contents is deleted, and both routes are gone. On one container
the second label replaces the first. Services are worse where they do not differ: Traefik takes both containers for copies of
one program, and sends every other request to the wrong one.

**How it shows.** 404 for both routes, and one line in Traefik's log: `Router defined multiple times with different
configurations`. With services that are alike: each other answer is another program's, and no log says so.

```toml
[services.a]
image = \"app:1.4\"
port = 8000
routes.b-c = { path = \"/one\" }

[services.a-b]
image = \"app:1.4\"
port = 8000
routes.c = { path = \"/two\" }     # bad: both routers are called `shop-a-b-c`

[services.a-b]
image = \"app:1.4\"
port = 8000
routes.two = { path = \"/two\" }   # good

[services.a.labels]
\"traefik.http.services.app.loadbalancer.server.port\" = \"8000\"

[services.a-b.labels]
\"traefik.http.services.app.loadbalancer.server.port\" = \"8000\"     # bad: requests for `a` reach `a-b` too
\"traefik.http.services.a-b.loadbalancer.server.port\" = \"8000\"     # good
```

**Fix.** Rename one of the routes, middlewares or services.

**Source.** Traefik's `pkg/provider/merge.go`, and its docs, \"Docker\", on routers of one name; tried with
Traefik 3.7.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// The option of the middleware that `strip-prefix` makes.
const STRIP: &str = "stripprefix.prefixes";

/// What a name stands for: where it is declared, and everything that must be equal.
type Meaning = (KeyPath, Vec<(String, Text)>);

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let before = findings.len();
    // The names of the two protocols are apart.
    let protocols = [RouteProtocol::Http, RouteProtocol::Tcp];
    for (plan, protocol) in context.plans.iter().flat_map(|plan| protocols.map(|protocol| (plan, protocol))) {
        let mut routers: HashMap<&str, Meaning> = HashMap::new();
        let mut middlewares: HashMap<&str, Meaning> = HashMap::new();
        let mut services: HashMap<&str, Meaning> = HashMap::new();
        for service in plan.services.values() {
            for router in service.routers.iter().filter(|router| router.protocol == protocol) {
                let unique = vec![(format!("{}/{}", service.name, router.origin), router.rule.clone())];
                meet(plan, "router", &mut routers, &router.name, (router.origin.clone(), unique), findings);
                let port = vec![(service.name.clone(), Text::literal(router.port.to_string()))];
                meet(plan, "service", &mut services, &router.service, (router.origin.clone(), port), findings);
                for middleware in &router.middlewares {
                    if let MiddlewareUse::Own { name, options, .. } = middleware {
                        // Two middlewares of the file that become one name are `invalid-service-name`'s.
                        let is_strip = |options: &[(String, Text)]| options.iter().any(|(key, _)| key == STRIP);
                        let known = middlewares.get(name.as_str());
                        if known.is_some_and(|(_, known)| !is_strip(known) && !is_strip(options)) {
                            continue;
                        }
                        let meaning = (router.origin.clone(), options.clone());
                        meet(plan, "middleware", &mut middlewares, name, meaning, findings);
                    }
                }
            }
        }
    }
    labels::check(context, before, findings);
}

fn meet<'p>(
    plan: &'p Plan,
    what: &str,
    known: &mut HashMap<&'p str, Meaning>,
    name: &'p str,
    meaning: Meaning,
    findings: &mut Vec<Finding>,
) {
    let Some((origin, content)) = known.get(name) else {
        known.insert(name, meaning);
        return;
    };
    if *content == meaning.1 {
        return;
    }
    let environment = Some(plan.environment.as_str());
    let message = format!("two different things would be Traefik's {what} `{name}`");
    let finding = Finding::new(RULE.id, RULE.severity, message, Label::key(environment, meaning.0, "this one"));
    let finding = finding.with(Label::key(environment, origin.clone(), "and this one"));
    findings.push(finding.help("rename one of the routes, or the middleware that is used there"));
}
