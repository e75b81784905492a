//! `dockerfile-port`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::dockerfile::Keyword;

/// A Dockerfile that names another port than services.toml.
pub(super) static RULE: Rule = Rule {
    id: "dockerfile-port",
    severity: Severity::Warning,
    summary: "a Dockerfile that exposes another port than the service has",
    docs: "\
The `EXPOSE` of a Dockerfile that somebody wrote names ports, and the `port` of its service is not among them.

**Why it breaks.** One of the two is wrong. Routes, published ports and other services go to the `port` of services.toml;
the author of the Dockerfile says where the program listens. `EXPOSE` itself opens nothing, so nobody notices.

**How it shows.** Where the Dockerfile is right: `502 Bad Gateway` from Traefik, and `connection refused` from everybody
else. `docker compose ps` lists a port beside the published one.

```toml
[services.api]
source = \"api\"
dockerfile = \"Dockerfile\"        # EXPOSE 3000
port = 8080                      # bad

[services.api]
source = \"api\"
dockerfile = \"Dockerfile\"        # EXPOSE 3000 9229
port = 3000                      # good: further ports do no harm
```

**Fix.** Write the port on which the program listens in both places; a program that reads `PORT` gets it from services.toml.

**Source.** Dockerfile reference, \"EXPOSE\": it documents which port is meant to be published.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for built in context.written_dockerfiles() {
        let (plan, service, written) = built;
        let (Some(port), file) = (service.port, &written.file) else { continue };
        let target = service.build.as_ref().and_then(|build| build.target.as_deref());
        let Some(stage) = file.target(target) else { continue };
        let arguments = service.build_arguments();
        let inherited = file.inherited(stage, &arguments);
        let exposed = inherited.iter().filter(|instruction| instruction.keyword == Keyword::Expose);
        let words: Vec<_> = exposed.flat_map(|instruction| &instruction.arguments).collect();
        let Some(last) = words.first() else { continue };
        let values = file.values(stage, &arguments);
        let ranges: Option<Vec<_>> = words.iter().map(|word| range(&file.expand(&word.text, &values)?)).collect();
        // One that depends on something that nobody knows may be any.
        let Some(ranges) = ranges else { continue };
        let tcp: Vec<_> = ranges.into_iter().filter(|(.., is_tcp)| *is_tcp).collect();
        if tcp.is_empty() || tcp.iter().any(|(first, last, _)| (*first..=*last).contains(&port)) {
            continue;
        }
        let message = format!("the Dockerfile exposes another port than the {port} of services.toml");
        let here = Label::value(Some(&plan.environment), service.origin().key("port"), "everybody else goes here");
        let label = "says that it listens here";
        let mut finding = context.in_dockerfile(&RULE, RULE.severity, built, message, (last.span.clone(), label));
        finding.secondary.insert(0, here);
        findings.push(finding.help(format!("write `EXPOSE {port}`, or the other port in services.toml")));
    }
}

/// What a word of `EXPOSE` names: the first port, the last one, and whether they are those of TCP.
fn range(word: &str) -> Option<(u16, u16, bool)> {
    let (ports, protocol) = word.split_once('/').unwrap_or((word, "tcp"));
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    Some((first.parse().ok()?, last.parse().ok()?, protocol.eq_ignore_ascii_case("tcp")))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn a_word_names_ports_of_a_protocol() {
        assert_eq!(range("80"), Some((80, 80, true)));
        assert_eq!(range("80-90/TCP"), Some((80, 90, true)));
        assert_eq!(range("53/udp"), Some((53, 53, false)));
        assert_eq!(range(""), None);
        assert_eq!(range("web"), None);
    }
}
