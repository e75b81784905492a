//! `image-reference`: see [`RULE`].

use std::ops::Range;

use super::{Context, Rule, trace};
use crate::compose::image::{self, ImageFlaw, ImageFlawKind, UNKNOWN};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::dockerfile;
use crate::plan::{Plan, Service};
use crate::source::{KeyPath, Part};
use crate::sources::Written;

/// A name that no image can have.
pub(super) static RULE: Rule = Rule {
    id: "image-reference",
    severity: Severity::Error,
    summary: "a name that no image can have",
    docs: "\
An `image` that is no reference to one: `[registry/]name[:tag][@digest]`. Names are in small letters, digits, and single
`.`, `-` or `_` between them; a tag begins with a letter, a digit or `_` and has at most 128 characters. The same holds for
what a Dockerfile that somebody wrote starts from (`FROM`) or copies from (`COPY --from`), with the values of its arguments.

**Why it breaks.** The engine parses the reference before it asks any registry, and refuses it. A tag that comes from a
variable is part of that: where the operator sets nothing, `nginx:${TAG:-}` is `nginx:`.

**How it shows.** `docker compose config` takes it. `docker compose up` ends with `invalid reference format`, or with
`repository name (library/Nginx) must be lowercase`, and so does `docker compose build` where the service is built.

```toml
[services.web]
image = \"Nginx:1.28\"             # bad: a large letter

[services.api]
image = \"acme/api:${TAG:-}\"      # bad: no tag, unless the operator sets one

[services.web]
image = \"nginx:1.28\"             # good

[services.api]
image = \"acme/api:${TAG:-1.4}\"   # good
```

**Fix.** Write the name as the registry shows it, without `https://`, and give a variable that holds the tag a default, or
let the operator have to set it.

**Source.** distribution, `reference/reference.go`; the OCI distribution specification. Tried with Docker 28.5.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(judge(context, plan, service));
        }
    }
    for built in context.written_dockerfiles() {
        for (image, range) in images_of(built) {
            let Err(flaw) = image::parse(&image) else { continue };
            let (message, label, help) = words(&flaw, &image);
            let finding = context.in_dockerfile(&RULE, RULE.severity, built, message, (range, label));
            findings.push(finding.help(help));
        }
    }
}

/// The images that a Dockerfile starts from or copies from, and where it names them; those that are known, and that the
/// build needs.
pub(super) fn images_of((_, service, written): (&Plan, &Service, &Written)) -> Vec<(String, Range<usize>)> {
    let file = &written.file;
    let mut found = Vec::new();
    let arguments = service.build_arguments();
    let target = service.build.as_ref().and_then(|build| build.target.as_deref());
    let Some(last) = file.target(target).filter(|_| file.flaws.is_empty()) else { return found };
    let values = file.global_arguments(&arguments);
    let contexts = service.build_contexts();
    let is_image = |name: &str, index: usize| {
        !name.is_empty()
            && name != "scratch"
            && file.named(name, file.stages.len()).is_none()
            && file.source(name, index).is_none()
            && !contexts.iter().any(|known| known == name)
            && file.meant(name, index).is_none()
            && !name.bytes().all(|byte| byte.is_ascii_digit())
    };
    for (index, _) in file.needed(last, &arguments).into_iter().enumerate().filter(|(_, needed)| *needed) {
        let stage = &file.stages[index];
        let used = dockerfile::variables(&stage.base.text, file.escape);
        // A hole in it is told by itself.
        let is_whole = used.iter().all(|one| one.has_default || values.get(&one.name).is_some_and(Option::is_some));
        let base = file.base(stage, &values).filter(|base| is_whole && is_image(base, index));
        found.extend(base.map(|base| (base, stage.base.span.clone())));
        for instruction in &file.instructions[stage.body.clone()] {
            let origins = instruction.origins().into_iter();
            found.extend(origins.filter(|(name, _)| !name.contains('$') && is_image(name, index)));
        }
    }
    found
}

fn judge(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let (path, written) = written(context, plan, service)?;
    if Context::has_flaw(plan, &path) {
        return None;
    }
    let known = service.image.as_ref()?.with_unknown(UNKNOWN);
    // That nothing is there is another rule's.
    let flaw = image::parse(&known).err().filter(|_| !known.is_empty())?;
    let environment = Some(plan.environment.as_str());
    let (part, defaults) = trace(plan, &written, &known, &flaw.range);
    let (message, label, help) = words(&flaw, &known);
    let fix = match &part {
        Part::Inside(_) if flaw.kind == ImageFlawKind::UpperCase && defaults.is_empty() && !written.contains('$') => {
            // All of the name: with a large letter left, its first part would be the host of a registry.
            let end = written.rfind('/').unwrap_or_default();
            let end = written[end..].find([':', '@']).map_or(written.len(), |at| end + at);
            let lower = written[..end].to_lowercase();
            Some(Fix::new(format!("write `{lower}`")).replace(environment, path.clone(), 0..end, lower))
        }
        _ => None,
    };
    let label = Label::entry(environment, path, part, label);
    let finding = Finding::new(RULE.id, RULE.severity, message, label).help(help).fix(fix);
    Some(finding.with_all(defaults))
}

/// The image as somebody wrote it, and where; what stands in `compose` wins.
pub(super) fn written(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<(KeyPath, String)> {
    let written = context.manifest(plan)?.services.get(&service.name)?;
    match written.compose.get("image") {
        Some(image) => Some((service.origin().key("compose").key("image"), image.as_str()?.to_owned())),
        None => Some((service.origin().key("image"), written.image.clone()?)),
    }
}

fn words(flaw: &ImageFlaw, known: &str) -> (String, &'static str, String) {
    let found = known.get(flaw.range.clone()).unwrap_or_default().replace(UNKNOWN, "…");
    let say = |message: String, label, help: &str| (message, label, help.to_owned());
    match flaw.kind {
        ImageFlawKind::Scheme => say(
            "an image has no URL".to_owned(),
            "not part of its name",
            "write the registry alone: `ghcr.io/acme/api:1.4`",
        ),
        ImageFlawKind::UpperCase => (
            "the name of an image has no large letters".to_owned(),
            "large letters",
            format!("write `{}`", found.to_lowercase()),
        ),
        ImageFlawKind::Character(found) => say(
            format!("the name of an image cannot hold {found:?}"),
            "not part of a name",
            "names have small letters, digits, and `.`, `-` or `_` between them",
        ),
        ImageFlawKind::EmptyName => say(
            "a part of the name of an image is empty".to_owned(),
            "nothing beside this",
            "write `name:tag`, or `registry/name:tag`",
        ),
        ImageFlawKind::Separators => say(
            format!("`{found}` cannot be part of the name of an image"),
            "`.`, `-` or `_` where they cannot stand",
            "write letters or digits before and after each of them",
        ),
        ImageFlawKind::Registry => say(
            format!("`{found}` is no address of a registry"),
            "no host",
            "write a host name, perhaps with a port: `registry.example.com:5000/name`",
        ),
        ImageFlawKind::EmptyTag => say(
            "the tag of the image is empty".to_owned(),
            "nothing behind the colon",
            "write the version that you tested; where a variable holds it, give that a default, or require it",
        ),
        ImageFlawKind::Tag => say(
            format!("`{found}` cannot be the tag of an image"),
            "no tag",
            "tags have letters, digits, `.`, `-` and `_`, and begin with a letter, a digit or `_`",
        ),
        ImageFlawKind::LongTag => {
            say("the tag of the image is too long".to_owned(), "more than 128 characters", "shorten it")
        }
        ImageFlawKind::LongName => {
            say("the name of the image is too long".to_owned(), "more than 255 characters", "shorten it")
        }
        ImageFlawKind::Digest => say(
            "this is no digest of an image".to_owned(),
            "no digest",
            "write `sha256:` and its 64 digits in small letters, as the registry shows them",
        ),
        ImageFlawKind::Id => say(
            "this is the id of an image, and none of its names".to_owned(),
            "an id",
            "give the image a name: `docker tag <id> name:tag`",
        ),
    }
}
