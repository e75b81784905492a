//! `route-clash`: see [`RULE`].

use std::collections::BTreeSet;

use super::stack_clash::{Pair, label};
use super::{Context, Rule, router_shadowed};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::Plan;
use crate::routing::{self, Clash, MeetingKind, Place, Router, Routing};
use crate::source::KeyPath;

/// Two stacks on one proxy that are in each other's way.
pub(super) static RULE: Rule = Rule {
    id: "route-clash",
    severity: Severity::Error,
    summary: "another stack on the same proxy wants the same requests, or the same name in Traefik",
    docs: "\
Another stack, which `siblings` or the command line of `stackgen check` names, is on the same proxy (`edge`). Both have a router
that takes the same requests with the same priority, or one of them a router that leaves the other's nothing, which is a
warning. Or both give one name to two routers, services or middlewares that are not the same.

**Why it breaks.** One proxy has one list of routers, sorted by priority, whoever they come from, and one name stands for one
thing. A name with two contents is deleted in both stacks; services that are alike become one, and every other request reaches
the other stack.

**How it shows.** Requests reach one of the two stacks, and after a restart of the proxy perhaps the other; or one stack answers
404 since the other one was started. Each of them works alone.

```toml
[stack]
name = \"shop\"
host = \"example.com\"
siblings = [\"../blog/services.toml\"]     # which has `edge = \"shop\"`, and a route `/` on the same host

[services.web.routes]
main = { path = \"/\" }                    # bad: both

[services.web.routes]
main = { path = \"/shop\" }                # good, and so is another `host`
```

**Fix.** Give one of them another `path` or `host`.

**Source.** Traefik docs, \"Routers: priority\"; its `pkg/muxer/http/mux.go` and `pkg/provider/merge.go`. Tried with Traefik 3.7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for sibling in context.siblings {
        let Some(their) = sibling.context() else { continue };
        let pair = Pair { context, sibling, their: &their };
        let before = findings.len();
        for ours in context.plans {
            let plans = routing::on_one_proxy(ours, &[their.plans]);
            if plans.len() > 1 {
                let scene = Scene { pair: &pair, plans: &plans, routing: Routing::of(&plans, &|_, _| None) };
                scene.names(findings);
                scene.requests(findings);
            }
        }
        if findings.len() > before {
            pair.hide_secrets(&mut findings[before]);
        }
    }
}

/// The stacks on one proxy: the first one is ours.
struct Scene<'s> {
    pair: &'s Pair<'s>,
    plans: &'s [&'s Plan],
    routing: Routing,
}

impl Scene<'_> {
    fn ours(&self) -> &Plan {
        self.plans[0]
    }

    /// Names that both stacks give.
    fn names(&self, findings: &mut Vec<Finding>) {
        let both = |places: &[Place]| {
            let ours = places.iter().find(|place| place.plan == 0)?.clone();
            Some((ours, places.iter().find(|place| place.plan != 0)?.clone()))
        };
        for clash in self.routing.clashes() {
            let Some((ours, theirs)) = both(&clash.places) else { continue };
            let word = clash.kind.word();
            let message = format!(
                "the {word} `{}` is one thing in {} and another in {}, so that Traefik takes neither",
                clash.name, ours.stack, theirs.stack
            );
            findings.push(self.named(clash, &ours, &theirs, message));
        }
        for (clash, places) in self.routing.shared_services() {
            let Some((ours, theirs)) = both(&places) else { continue };
            let message = format!(
                "{} and {} both call a service `{}` in Traefik, which sends requests for the one to the other",
                ours.stack, theirs.stack, clash.name
            );
            findings.push(self.named(&clash, &ours, &theirs, message));
        }
    }

    fn named(&self, clash: &Clash, ours: &Place, theirs: &Place, message: String) -> Finding {
        let primary = label(self.pair.context, self.ours(), &clash.origin(ours, self.plans), "this one here");
        let other = self.plans[theirs.plan];
        let finding = Finding::new(RULE.id, RULE.severity, message, primary);
        let finding = finding.with(self.pair.theirs(other, &clash.origin(theirs, self.plans), "and this one there"));
        let help = format!("give the {} another name in one of the stacks", clash.kind.word());
        Finding { environment: Some(self.ours().environment.clone()), ..finding.help(help) }
    }

    /// Requests that routers of both stacks want.
    fn requests(&self, findings: &mut Vec<Finding>) {
        let is_ours = |router: &Router| router.places.iter().any(|place| place.plan == 0);
        let is_theirs = |router: &Router| router.places.iter().any(|place| place.plan != 0);
        let two_stacks = |a: &Router, b: &Router| {
            (is_ours(a) && !is_theirs(a) && is_theirs(b) && !is_ours(b))
                || (is_ours(b) && !is_theirs(b) && is_theirs(a) && !is_ours(a))
        };
        let mut told: BTreeSet<(String, String)> = BTreeSet::new();
        for meeting in self.routing.meetings(&two_stacks) {
            let (weaker, stronger) = (meeting.weaker, meeting.stronger);
            let (mine, other) = if is_ours(weaker) { (weaker, stronger) } else { (stronger, weaker) };
            let (Some(place), Some(origin)) = (&mine.origin, &other.origin) else { continue };
            let Some(theirs) = other.places.iter().find(|place| place.plan != 0) else { continue };
            // A route on several entry points meets another one on each of them.
            if !told.insert((place.to_string(), origin.to_string())) {
                continue;
            }
            let (weak, strong) = (called(weaker), called(stronger));
            let (severity, message) = match meeting.kind {
                MeetingKind::SameRule => {
                    (Severity::Error, format!("{weak} and {strong} take the same requests, with the same priority"))
                }
                MeetingKind::SamePriority => {
                    (Severity::Error, format!("{strong} takes everything that {weak} matches, with the same priority"))
                }
                MeetingKind::Shadowed => {
                    (Severity::Warning, format!("no request reaches {weak}: {strong} takes them first"))
                }
            };
            let text = if meeting.kind == MeetingKind::Shadowed {
                format!("has the priority {}, the other one {}", mine.priority, other.priority)
            } else {
                "which of the two is taken is not defined".to_owned()
            };
            let environment = self.ours().environment.clone();
            let primary = Label::key(Some(&environment), place.clone(), text);
            let finding = Finding::new(RULE.id, severity, message, primary)
                .with(self.pair.theirs(self.plans[theirs.plan], origin, "the other one"))
                .help("give one of them another `path` or `host`");
            findings.push(Finding { environment: Some(environment), ..finding });
        }
    }
}

/// What a reader calls a router.
fn called(router: &Router) -> String {
    let place = router.places.first();
    let stack = place.map_or("", |place| place.stack.as_str());
    let service = place.map_or("", |place| place.service.as_str());
    let known = router.origin.as_ref().map_or_else(
        || router.name.clone(),
        |origin: &KeyPath| router_shadowed::called_at(service, origin, &router.name),
    );
    format!("{known} in {stack}")
}
