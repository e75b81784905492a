//! `middleware-value`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Severity};

mod checks;
mod instance;
mod users;

/// Options of a middleware that switch off the routes that use it, or make them answer nobody.
pub(super) static RULE: Rule = Rule {
    id: "middleware-value",
    severity: Severity::Error,
    summary: "an option of a middleware with which no request gets through",
    docs: "\
An option of a middleware, in `[middlewares]` or in a label, has a value that Traefik reads and cannot use: a regular
expression or an address that is none, a list that is empty, two options that exclude each other, a type that lacks the one
option it cannot do without. Or it can be used, and nobody gets through: a password in plain text, no requests at a time.

**Why it breaks.** Traefik makes a middleware when it builds the routes that use it. Where that fails, it switches those
routes off, all of them. Passwords of `basicAuth` are hashes: bcrypt (`$2y$…`), apr1 (`$apr1$…`) or `{SHA}…`; anything else
is compared in vain. `amount` of `inFlightReq` is 0 where it is not set, which lets nothing through. A `forwardAuth` without
`http://` has nobody to ask.

**How it shows.** `404 page not found` for every request of the route, and an error in Traefik's API: `error parsing
BasicUser: admin`, `invalid CIDR address`, `missing closing )`. A plain password: 401 for everybody, whatever they type. No
`amount`: 429. A wrong `address`: 500.

```toml
[middlewares]
log-in.basicAuth = { users = [\"admin:changeit\"] }               # bad: a password, not its hash
log-in.basicAuth = { users = [\"admin:${ADMIN_HASH}\"] }          # good: as `htpasswd -nB admin` writes it
inside.ipAllowList = { sourceRange = [\"10.0.0.0/33\"] }          # bad
inside.ipAllowList = { sourceRange = [\"10.0.0.0/8\"] }           # good
old.stripPrefixRegex = { regex = [\"^/v1(?!0)\"] }               # bad: cannot look ahead
again.retry = { initialInterval = \"100ms\" }                    # bad: without `attempts`
again.retry = { attempts = 3, initialInterval = \"100ms\" }      # good
```

**Fix.** Correct the value, or set the option that is missing.

**Source.** Traefik docs, \"HTTP Middlewares\"; every clause was tried with Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for instance in instance::all(context, plan) {
            for complaint in checks::of(&instance) {
                findings.push(instance.finding(complaint));
            }
        }
    }
}
