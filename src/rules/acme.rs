//! `acme`: see [`RULE`].

use std::collections::BTreeSet;

use super::static_decode::flags::{Flag, Flags};
use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::Plan;
use crate::traefik::rule::UNKNOWN;

mod names;

/// A certificate resolver that gets no certificate, or loses it.
pub(super) static RULE: Rule = Rule {
    id: "acme",
    severity: Severity::Error,
    summary: "a certificate resolver that gets no certificate, or loses it",
    docs: "\
A certificate resolver has no challenge, or one that cannot be answered: an HTTP challenge without an entry point or with
one that does not exist, a DNS challenge without a provider. Or it keeps what it gets where it cannot write, or, as a
warning, where it is lost with the container. Also a warning: it is asked for a name that no public authority can vouch
for, such as `localhost`, an address, or a name that ends with `.local`.

**Why it breaks.** An authority gives a certificate to whoever proves that a name is theirs: by answering on port 80 or 443
of that name, or in its DNS. A name that only this network knows can prove nothing. What is not kept has to be asked for
again at every start, and the authority counts: five a week for one set of names.

**How it shows.** The router works, with a certificate that no browser trusts: `TRAEFIK DEFAULT CERT`. Without a challenge
nothing else is said. With a storage that cannot be written the log has `The ACME resolve is skipped`; for a local name
`Cannot issue for \"localhost\"`; after some restarts `too many certificates already issued`.

```toml
[services.traefik.static.certificatesResolvers.office.acme]
email = \"ops@example.com\"                     # bad: no challenge
storage = \"/office.json\"                      # bad: not on a volume

[services.traefik.static.certificatesResolvers.office.acme]
email = \"ops@example.com\"
storage = \"/certificates/office.json\"         # good: there the volume of the resolvers is mounted
tlsChallenge = {}                             # good

[services.traefik.entrypoints]
websecure = { port = 443, tls = \"letsencrypt\" }

[environments.dev.services.traefik.entrypoints]
websecure = { port = 443, tls = true }        # good: no authority is asked for `localhost`
```

**Fix.** Declare the resolver in `certificates` of the proxy, which says all of this. In an environment without a public
name write `tls = true`, or name another authority with `ca-server`.

**Source.** Traefik docs, \"ACME\"; Let's Encrypt docs, \"Challenge Types\" and \"Rate Limits\"; RFC 6761 and RFC 6762 on names
that are not public. What Traefik says of each was tried with 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        let Some(flags) = Flags::of(context, plan) else { continue };
        for name in flags.names("certificatesresolvers") {
            let resolver = Resolver { flags: &flags, base: format!("certificatesresolvers.{name}.acme"), name };
            // What the stack writes itself is whole.
            if resolver.is_written() {
                findings.extend(resolver.challenge());
                findings.extend(resolver.storage(plan));
            }
        }
        names::check(context, plan, &flags, findings);
    }
}

struct Resolver<'f> {
    flags: &'f Flags<'f>,
    name: String,
    /// The path of its options.
    base: String,
}

impl Resolver<'_> {
    fn is_written(&self) -> bool {
        self.flags.below(&self.base).any(|(_, flag)| flag.is_written())
    }

    /// A place of it: the first that somebody wrote.
    fn place(&self, text: &str) -> Option<Label> {
        let (_, flag) = self.flags.below(&self.base).find(|(_, flag)| flag.is_written())?;
        Some(self.flags.at_name(flag, text))
    }

    fn is_on(&self, challenge: &str) -> bool {
        self.flags.is_on(&format!("{}.{challenge}", self.base))
    }

    fn get(&self, option: &str) -> Option<&Flag> {
        self.flags.get(&format!("{}.{option}", self.base))
    }

    fn challenge(&self) -> Option<Finding> {
        let name = &self.name;
        let error = |message: String, label: Label, help: &str| {
            Some(Finding::new(RULE.id, RULE.severity, message, label).help(help))
        };
        if self.is_on("tlschallenge") {
            return None;
        }
        if self.is_on("dnschallenge") {
            let provider = self.get("dnschallenge.provider").map_or("", |flag| flag.value.as_str());
            if !provider.is_empty() {
                return None;
            }
            let message = format!("the DNS challenge of `{name}` has no provider, so it proves nothing");
            let label = self.place("no `dnsChallenge.provider`")?;
            return error(message, label, "name it as Traefik does: `dnsChallenge.provider = \"cloudflare\"`");
        }
        if !self.is_on("httpchallenge") {
            let message = format!("the certificate resolver `{name}` has no challenge, so it gets no certificate");
            let label = self.place("no challenge")?;
            return error(message, label, "add `httpChallenge.entryPoint`, `tlsChallenge` or `dnsChallenge.provider`");
        }
        let Some(flag) = self.get("httpchallenge.entrypoint").filter(|flag| !flag.value.is_empty()) else {
            let message = format!("the HTTP challenge of `{name}` has no entry point, so nobody answers it");
            let label = self.place("no `httpChallenge.entryPoint`")?;
            return error(message, label, "name the entry point on port 80: `httpChallenge.entryPoint = \"web\"`");
        };
        let known = self.flags.names("entrypoints");
        if flag.value.contains(UNKNOWN) || known.contains(&flag.value) || self.flags.has_unknown("entrypoints") {
            return None;
        }
        let message =
            format!("the HTTP challenge of `{name}` is answered on `{}`, which is no entry point", flag.value);
        let meant = words::nearest(&flag.value, known.iter().map(String::as_str));
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "name the entry point on port 80".to_owned(),
        };
        error(message, self.flags.at_value(flag, "no entry point"), &help)
    }

    /// Where it keeps what it gets.
    fn storage(&self, plan: &Plan) -> Option<Finding> {
        let flag = self.get("storage");
        let written = flag.map_or("acme.json", |flag| flag.value.as_str());
        if written.contains(UNKNOWN) {
            return None;
        }
        // The program runs in the root directory.
        let path = format!("/{}", written.trim_start_matches('/'));
        let service = plan.services.get(&self.flags.service.name)?;
        let is_below = |target: &str| {
            let target = target.trim_end_matches('/');
            path == target || path.strip_prefix(target).is_some_and(|rest| rest.starts_with('/'))
        };
        if service.volumes.iter().any(|mount| is_below(&mount.mount.target)) {
            return None;
        }
        let in_memory = service.tmpfs.iter().any(|target| is_below(target.split(':').next().unwrap_or_default()));
        let label = match flag {
            Some(flag) => self.flags.at_value(flag, "on no volume"),
            None => self.place("no `storage`: it is `acme.json`, on no volume")?,
        };
        let (severity, message) = if service.read_only && !in_memory {
            let message = format!("`{}` cannot write `{path}`, so Traefik leaves this resolver out", self.name);
            (RULE.severity, message)
        } else {
            let message =
                format!("`{}` loses its certificates with the container: `{path}` is on no volume", self.name);
            (Severity::Warning, message)
        };
        let targets: BTreeSet<&str> = service.volumes.iter().map(|mount| mount.mount.target.as_str()).collect();
        let help = if targets.contains("/certificates") {
            "write a file in `/certificates`, which is a volume"
        } else {
            "mount a volume, and write a file in it: `volumes = [\"...\", \"certificates:/certificates\"]`"
        };
        Some(Finding::new(RULE.id, severity, message, label).help(help))
    }
}
