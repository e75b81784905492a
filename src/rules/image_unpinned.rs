//! `image-unpinned`: see [`RULE`].

use super::{Context, Rule, image_reference};
use crate::compose::image::{self, UNKNOWN};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Text};
use crate::source::KeyPath;

/// An image without a tag, or with `latest`.
pub(super) static RULE: Rule = Rule {
    id: "image-unpinned",
    severity: Severity::Warning,
    summary: "an image without a tag, or with `latest`",
    docs: "\
An image that is run without saying which one: no tag, which means `latest`, or `latest` itself. A digest says it, and
an image that is only built here is not meant. What a Dockerfile
that somebody wrote starts from (`FROM`) or copies from (`COPY --from`) is an image too. Where a variable without a default holds the tag, nothing is known.

**Why it breaks.** `latest` is not the newest version but a name that its publisher moves. Whoever pulls tomorrow runs
another program than whoever pulled today, with the same files in the repository.

**How it shows.** A redeployment or a new machine brings a new major version: a data directory that it refuses to open,
a setting that no longer exists. Going back is not possible, since nothing says what ran before.

```toml
[services.web]
image = \"nginx\"             # bad: whatever was pushed last

[services.web]
image = \"nginx:1.28\"        # good
```

**Fix.** Write the tag that you tested. A digest (`nginx:1.28@sha256:…`) is stricter still, and never demanded.

**Source.** Docker's reference of image names: the tag of a name without one is `latest`, and the colon of
`host:5000/name` is that of a port.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values().filter(|service| service.build.is_none()) {
            let Some(image) = &service.image else { continue };
            let place = image_reference::written(context, plan, service);
            let place = place.map_or_else(|| service.origin().key("image"), |(place, _)| place);
            let name = image.with_unknown(UNKNOWN);
            let (message, label) = match tag(&name) {
                Tag::Missing => (format!("the image {} has no tag", quoted(&name)), "this means `latest`"),
                Tag::Latest => (format!("the image {} is whatever was pushed last", quoted(&name)), "a moving tag"),
                Tag::Named => continue,
            };
            let label = Label::value(Some(&plan.environment), place, label);
            let mut finding = Finding::new(RULE.id, RULE.severity, message, label).help(help(&name));
            for origin in moving_defaults(plan, image) {
                finding = finding.with(Label::value(Some(&plan.environment), origin, "the tag comes from here"));
            }
            findings.push(finding);
        }
    }
    for built in context.written_dockerfiles() {
        for (image, range) in image_reference::images_of(built) {
            let (message, label) = match tag(&image) {
                Tag::Missing => (format!("the image {} has no tag", quoted(&image)), "this means `latest`"),
                Tag::Latest => (format!("the image {} is whatever was pushed last", quoted(&image)), "a moving tag"),
                Tag::Named => continue,
            };
            let finding = context.in_dockerfile(&RULE, RULE.severity, built, message, (range, label));
            findings.push(finding.help(help(&image)));
        }
    }
}

/// What the tag of an image says.
#[derive(Debug, PartialEq, Eq)]
enum Tag {
    Missing,
    Latest,
    /// A tag, a digest, or nothing that can be known or read.
    Named,
}

fn tag(image: &str) -> Tag {
    // One that cannot be read is another rule's.
    let Ok(reference) = image::parse(image) else { return Tag::Named };
    let is_known = !reference.name.rsplit('/').next().unwrap_or_default().contains(UNKNOWN);
    match (reference.tag, reference.digest) {
        (Some("latest"), None) => Tag::Latest,
        (None, None) if is_known => Tag::Missing,
        _ => Tag::Named,
    }
}

/// Declared variables of the image whose default is `latest`.
fn moving_defaults(plan: &Plan, image: &Text) -> Vec<KeyPath> {
    let declared = image.variables().into_iter().filter_map(|name| plan.variables.get(name));
    let moving = declared.filter(|variable| {
        variable.origin.key_at(0) == Some("variables")
            && variable.default.as_ref().and_then(Text::as_literal) == Some("latest")
    });
    moving.map(|variable| variable.origin.key("default")).collect()
}

fn quoted(image: &str) -> String {
    format!("`{}`", image.replace(UNKNOWN, "…"))
}

fn help(image: &str) -> String {
    let name = image.strip_suffix(":latest").unwrap_or(image).trim_end_matches(':').replace(UNKNOWN, "…");
    format!("name the version that you tested: `{name}:<version>`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colon_of_a_port_is_none_of_a_tag() {
        for (image, expected) in [
            ("nginx", Tag::Missing),
            ("nginx:", Tag::Named),
            ("nginx:latest", Tag::Latest),
            ("nginx:1.28", Tag::Named),
            ("localhost:5000/nginx", Tag::Missing),
            ("localhost:5000/nginx:1.28", Tag::Named),
            ("localhost:5000/library/nginx:latest", Tag::Latest),
            ("nginx@sha256:abc", Tag::Named),
            ("nginx:latest@sha256:abc", Tag::Named),
            ("\u{fffc}", Tag::Named),
            ("\u{fffc}:latest", Tag::Latest),
            ("\u{fffc}/nginx", Tag::Missing),
            ("nginx:\u{fffc}", Tag::Named),
            ("nginx\u{fffc}", Tag::Named),
        ] {
            assert_eq!(tag(image), expected, "{image}");
        }
    }
}
