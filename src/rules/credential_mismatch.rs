//! `credential-mismatch`: see [`RULE`].

use super::{Context, Rule, Told, finds, told};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{Part, Plan, Service, Text};

mod stores;
mod urls;

use stores::Asked;
use urls::Url;

/// A URL that does not open what it leads to.
pub(super) static RULE: Rule = Rule {
    id: "credential-mismatch",
    severity: Severity::Error,
    summary: "a URL whose scheme, user, password or database is not that of the service",
    docs: "\
A URL in a variable or the command of a container leads to a data store or queue of the stack, and names another user, password
or database than the store is told, or the scheme of another program; or its password has a character in it that ends a
password: `@`, `/`, `?`, `#`, or a `%` that begins no escape. Where only the defaults of operator variables say so, or two
variables have to be set to the same, it is a warning. Postgres, MySQL, MariaDB, MongoDB, Redis, Valkey and RabbitMQ are known
by their images. Another database alone is a warning: something else may make it. Where the rest of the URL refers to the store,
or another URL of the container names the database that the store makes, it is meant so, and so is a user whose password is a
variable of its own. A script in `/docker-entrypoint-initdb.d` may make any user, so users and databases are left alone then.

**Why it breaks.** The store makes one user, one password and one database, from its own variables, at its first start. A
password is part of the URL's syntax: what stands behind its first `/` is taken for a path, and the rest for a host.

**How it shows.** `password authentication failed for user \"app\"`, `database \"shop\" does not exist`, `WRONGPASS`, `could not
translate host name \"ss@db\" to address`, `Invalid URL`. The store itself is healthy.

```toml
[services.db]
image = \"postgres:17\"
env = { POSTGRES_USER = \"app\", POSTGRES_PASSWORD = \"${DB_PASSWORD}\", POSTGRES_DB = \"shop\" }

[services.api]
image = \"api:1.4\"
env.DATABASE_URL = \"postgres://api:${DB_PASSWORD}@db:5432/app\"       # bad: another user and another database

[services.api]
image = \"api:1.4\"
env.DATABASE_URL = \"postgres://app:${DB_PASSWORD}@db:5432/shop\"      # good; with a kind: \"${services.db.url}\"
depends-on = [\"db\"]
```

**Fix.** Let a kind make the URL: `${services.db.url}`. Else write what the store is told. `type = \"url-safe\"` of a variable
keeps an operator from passwords that would break it; a fixed one is escaped, `%2F` for `/`.

**Source.** RFC 3986, \"User Information\" and \"Percent-Encoding\"; the images' pages on Docker Hub, \"Environment Variables\". Tried
with psql 17, Python's and Node's own parsers: a `:` in a password does no harm.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            for told in told(service) {
                let (found, is_default) = urls::urls(told.text);
                for url in found {
                    let search = Search { context, plan, service, told: &told, url: &url, is_default };
                    findings.extend(search.broken().or_else(|| search.mismatch()));
                }
            }
        }
    }
}

/// Looks at one URL.
struct Search<'s, 'c> {
    context: &'s Context<'c>,
    plan: &'s Plan,
    service: &'s Service,
    told: &'s Told<'s>,
    url: &'s Url,
    /// Whether the whole URL is the default of an operator's variable.
    is_default: bool,
}

/// How two texts that should be the same differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Difference {
    /// Whatever an operator does.
    Certain,
    /// Unless an operator sets them.
    Defaults,
}

impl Search<'_, '_> {
    /// A password in whose middle the URL ends.
    fn broken(&self) -> Option<Finding> {
        let of_default = |text: &Text| {
            text.parts().iter().find_map(|part| match part {
                Part::Variable { form: Some((form, default)), .. } if urls::is_default(*form) => {
                    urls::breaks(default.as_literal()?)
                }
                _ => None,
            })
        };
        let (character, difference) = match self.url.broken {
            Some(character) => (character, Difference::Certain),
            None => (self.url.password.as_ref().and_then(of_default)?, Difference::Defaults),
        };
        let message = format!("the password in {} has a `{character}` in it, and breaks the URL", self.told.source);
        let escaped = format!("%{:02X}", u32::from(character));
        let help = format!(
            "write `{escaped}` for it, or a password of letters, digits, `-` and `_`; `type = \"url-safe\"` of its variable asks operators for one"
        );
        Some(self.finding(difference, message, "not where it should be").help(help))
    }

    fn mismatch(&self) -> Option<Finding> {
        let target = self.plan.services.get(&self.url.host).filter(|target| finds(self.service, target))?;
        let asked = Asked::by(self.plan, target)?;
        let name = &target.name;
        let scheme = &self.url.scheme;
        if stores::is_of_stores(scheme) && !asked.store.schemes.contains(&scheme.as_str()) {
            let message = format!("{} speaks `{scheme}` with `{name}`, which does not know it", self.told.source);
            let finding = self.finding(Difference::Certain, message, "another program's scheme");
            let right = asked.store.schemes.first().copied().unwrap_or_default();
            return Some(finding.with(self.store(target, "no such server")).help(self.advice(target, right)));
        }
        let wrong = self.wrong(target, &asked);
        let difference = wrong.iter().map(|(_, difference)| *difference).min()?;
        let parts: Vec<&str> = wrong.iter().map(|(part, _)| *part).collect();
        let message = format!("{} names another {} than `{name}` is told", self.told.source, words::and(&parts));
        let finding = if difference == Difference::Certain && parts == ["database"] {
            // Programs and people make databases too.
            let message = format!("{message}, unless something else makes it");
            Finding { severity: Severity::Warning, ..self.finding(difference, message, "does not open it") }
        } else {
            self.finding(difference, message, "does not open it")
        };
        Some(finding.with(self.store(target, "made with its own")).help(self.advice(target, scheme)))
    }

    /// What differs, in words.
    fn wrong(&self, target: &Service, asked: &Asked) -> Vec<(&'static str, Difference)> {
        let mut wrong = Vec::new();
        let url = self.url;
        let literal = |text: &Option<Text>| text.as_ref().and_then(Text::with_defaults);
        let user = literal(&url.user);
        let administrator = asked
            .administrator
            .as_ref()
            .filter(|(name, _)| user.as_deref() == Some(*name))
            .map(|(_, password)| password);
        let compare = |own: &Option<Text>, other: &Option<Text>| difference(own.as_ref()?, other.as_ref()?);
        if administrator.is_none() {
            // A user with a variable of its own for its password is another one, made elsewhere, with its databases.
            let has_own_password = |password: &Text| {
                let own: Vec<&str> = password.variables();
                let others = asked.password.as_ref().map_or_else(Vec::new, Text::variables);
                !own.is_empty() && asked.password.is_some() && own.iter().all(|name| !others.contains(name))
            };
            let user = compare(&url.user, &asked.user);
            if user.is_some() && url.password.as_ref().is_some_and(has_own_password) {
                return Vec::new();
            }
            wrong.extend(user.map(|found| ("user", found)));
        }
        // Somebody else's password is another one.
        if wrong.is_empty() {
            let password = administrator.unwrap_or(&asked.password);
            wrong.extend(compare(&url.password, password).map(|found| ("password", found)));
        }
        let database = literal(&url.database);
        let is_meant = database.is_some_and(|database| asked.databases.contains(&database));
        if !is_meant && !self.is_deliberate(target, asked) {
            wrong.extend(compare(&url.database, &asked.database).map(|found| ("database", found)));
        }
        wrong
    }

    /// Whether who wrote the URL knows the database that the store makes, and means another one: the rest of it refers to
    /// the store, or another URL of the service leads there.
    fn is_deliberate(&self, target: &Service, asked: &Asked) -> bool {
        let place = self.context.origin_of_told(self.plan, self.service, self.told);
        let refers = self
            .service
            .references
            .iter()
            .any(|reference| reference.service == target.name && reference.origin == place);
        let leads_there = |url: &Url| {
            let same = url.database.as_ref().zip(asked.database.as_ref());
            url.host == self.url.host && same.is_some_and(|(own, other)| difference(own, other).is_none())
        };
        let named = self.url.database.as_ref().zip(asked.database.as_ref());
        let names = named.and_then(|(own, other)| own.with_defaults().zip(other.with_defaults()));
        // Somebody mistyped it.
        if names.is_some_and(|(own, other)| words::nearest(&own, [other.as_str()]).is_some()) {
            return false;
        }
        refers || told(self.service).any(|told| urls::urls(told.text).0.iter().any(leads_there))
    }

    fn finding(&self, difference: Difference, message: String, label: &str) -> Finding {
        let Self { context, plan, service, told, .. } = self;
        let (severity, message) = if difference == Difference::Certain && !self.is_default {
            (RULE.severity, message)
        } else {
            (Severity::Warning, format!("{message}, unless the operator sets it"))
        };
        let place = context.origin_of_told(plan, service, told);
        let primary = Label::value(Some(&plan.environment), place.clone(), label);
        // A literal password stands there, and the rule for those may not see it where the URL is broken.
        let is_literal = self.url.password.as_ref().is_some_and(|password| password.as_literal().is_some());
        let primary = if is_literal { primary.redacted() } else { primary };
        let is_taken = difference == Difference::Defaults || self.is_default;
        let default = super::declared_default(plan, told.text, &place).filter(|_| is_taken);
        Finding::new(RULE.id, severity, message, primary).with_all(default)
    }

    fn store(&self, target: &Service, text: &str) -> Label {
        self.context.key_of(self.plan, &target.origin(), text)
    }

    fn advice(&self, target: &Service, scheme: &str) -> String {
        let kind = target.kind.as_ref().and_then(|kind| self.context.read.kinds.get(kind));
        let name = &target.name;
        if kind.is_some_and(|kind| kind.outputs.contains_key("url")) {
            format!("write a reference: `${{services.{name}.url}}`")
        } else {
            format!("write `{scheme}://`, and the user, password and database that `{name}` has in its `env`")
        }
    }
}

/// How two texts differ that should be the same; none where they do not, or where nobody can know.
fn difference(own: &Text, other: &Text) -> Option<Difference> {
    if let (Some(own), Some(other)) = (own.as_literal(), other.as_literal()) {
        return (own != other).then_some(Difference::Certain);
    }
    match (own.as_variable(), other.as_variable()) {
        (Some(own), Some(other)) if own == other => return None,
        (Some(_), Some(_)) if own.with_defaults().is_none() && other.with_defaults().is_none() => {
            return Some(Difference::Defaults);
        }
        _ => {}
    }
    let (own, other) = (own.with_defaults()?, other.with_defaults()?);
    (own != other).then_some(Difference::Defaults)
}
