//! Images, and what they are built from.

use super::{Operator, misspelt};
use crate::base::Base;
use crate::mutant::{Mutant, Spot};
use crate::proof::Proof;

const INPUTS: Proof = Proof::Test("earlier/engine", "a_build_lacks_what_is_not_there");
const TAG: Proof = Proof::Test("earlier/files", "linters_ask_for_the_tag_of_an_image");
const REFERENCE: Proof =
    Proof::Test("earlier/engine", "an_image_has_a_name_in_small_letters_and_a_tag_behind_its_colon");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "leave the tag of an image out",
        rules: &["image-unpinned"],
        proof: TAG,
        apply: |base| images(base, |name, _| name.to_owned()),
    },
    Operator {
        name: "take the latest image",
        rules: &["image-unpinned"],
        proof: TAG,
        apply: |base| images(base, |name, _| format!("{name}:latest")),
    },
    Operator {
        name: "begin the name of an image with a capital letter",
        rules: &["image-reference"],
        proof: REFERENCE,
        apply: |base| {
            images(base, |name, tag| {
                let (path, last) = name.rsplit_once('/').map_or(("", name), |(path, last)| (path, last));
                let slash = if path.is_empty() { "" } else { "/" };
                format!("{path}{slash}{}{}:{tag}", last[..1].to_uppercase(), &last[1..])
            })
        },
    },
    Operator {
        name: "paste the address of an image",
        rules: &["image-reference"],
        proof: REFERENCE,
        apply: |base| images(base, |name, tag| format!("https://{name}:{tag}")),
    },
    Operator {
        name: "let the tag of an image be empty",
        rules: &["image-reference"],
        proof: REFERENCE,
        apply: |base| images(base, |name, _| format!("{name}:${{IMAGE_TAG:-}}")),
    },
    Operator {
        name: "misspell the directory of a source",
        rules: &["build-inputs"],
        proof: INPUTS,
        apply: |base| {
            let sources = base.entries().filter(|line| line.key == "source");
            sources.map(|line| base.value(line, format!("\"{}\"", misspelt(line.value.trim_matches('"'))))).collect()
        },
    },
    Operator {
        name: "misspell a Dockerfile",
        rules: &["build-inputs"],
        proof: INPUTS,
        apply: |base| {
            base.entries()
                .filter(|line| line.key == "dockerfile")
                .map(|line| base.value(line, "\"Dockerfile.prod\""))
                .collect()
        },
    },
    Operator {
        name: "include what is not there",
        rules: &["build-inputs"],
        proof: INPUTS,
        apply: |base| {
            let built = base.services().filter(|(_, service)| {
                service.build.is_some()
                    && !base.says(&service.name, "dockerfile")
                    && !base.says(&service.name, "include")
                    && service.extends.is_none()
            });
            built.map(|(header, _)| base.below(header, "include = [\"confg\"]")).collect()
        },
    },
    Operator {
        name: "forget the lock file",
        rules: &["build-inputs"],
        proof: INPUTS,
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.key == "source") {
                let source = line.value.trim_matches('"');
                for lock in ["package-lock.json", "uv.lock", "requirements.txt", "pyproject.toml", "package.json"] {
                    let path = format!("{source}/{lock}");
                    if base.content(&path).is_some() {
                        let mut mutant = base.file(&path, None, "is gone");
                        let dockerfile = format!("{source}/Dockerfile");
                        let named =
                            base.content(&dockerfile).into_iter().flat_map(|_| [Spot::File(dockerfile.clone())]);
                        mutant.spots = [Spot::Line(line.number)].into_iter().chain(named).collect();
                        made.push(mutant);
                    }
                }
            }
            made
        },
    },
    Operator {
        name: "keep two lock files",
        rules: &["build-inputs"],
        proof: Proof::Test("earlier/engine", "a_build_lacks_what_is_not_there"),
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.key == "source") {
                let source = line.value.trim_matches('"');
                if base.content(&format!("{source}/package-lock.json")).is_some()
                    && line.service().is_some_and(|name| !base.says(name, "dockerfile"))
                {
                    let mut mutant = base.file(
                        &format!("{source}/yarn.lock"),
                        Some("# yarn lockfile v1\n".to_owned()),
                        "a second lock file",
                    );
                    mutant.spots = vec![Spot::Line(line.number)];
                    made.push(mutant);
                }
            }
            made
        },
    },
    Operator {
        name: "forget the version of a kind",
        rules: &["incomplete-service"],
        proof: Proof::Test("earlier/read", "a_service_without_image_and_build_is_rejected"),
        apply: |base| {
            let versions = base.entries().filter(|line| line.key == "version" && line.service().is_some());
            versions.map(|line| base.without(line).at(&format!("[{}]", line.table))).collect()
        },
    },
    Operator {
        name: "forget the source of a service",
        rules: &["incomplete-service"],
        proof: Proof::Test("earlier/read", "a_service_without_image_and_build_is_rejected"),
        apply: |base| {
            let sources = base
                .entries()
                .filter(|line| line.key == "source" && line.service().is_some_and(|name| base.says(name, "kind")));
            sources.map(|line| base.without(line).at(&format!("[{}]", line.table))).collect()
        },
    },
    Operator {
        name: "leave a password that an image needs out",
        rules: &["incomplete-service", "image-required-env"],
        proof: Proof::Test("variables", "a_database_does_not_start_without_a_password"),
        apply: |base| {
            let passwords = base.entries().filter(|line| {
                line.service()
                    .and_then(|name| base.service(name))
                    .is_some_and(|service| service.kind.as_deref() == Some("postgres"))
                    && line.key == "password"
            });
            passwords.map(|line| base.without(line).at(&format!("[{}]", line.table))).collect()
        },
    },
];

/// Every written image in turn, with another name.
fn images(base: &Base, change: impl Fn(&str, &str) -> String) -> Vec<Mutant> {
    let images = base.entries().filter(|line| line.key == "image");
    images
        .filter_map(|line| {
            let (name, tag) = line.value.trim_matches('"').rsplit_once(':')?;
            Some(base.value(line, format!("\"{}\"", change(name, tag))))
        })
        .collect()
}
