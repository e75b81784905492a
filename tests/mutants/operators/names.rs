//! Names that are none, or that two things have.

use super::Operator;
use crate::base::Base;
use crate::mutant::Mutant;
use crate::proof::Proof;

const NAMES: Proof = Proof::Test("earlier/engine", "names_stand_in_names_of_others");
const CONTAINERS: Proof = Proof::Test("earlier/engine", "a_container_name_belongs_to_one_container");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "begin a service's name with a capital letter",
        rules: &["invalid-service-name"],
        proof: NAMES,
        apply: |base| renamed(base, |name| name[..1].to_uppercase() + &name[1..]),
    },
    Operator {
        name: "join the words of a service's name with an underscore",
        rules: &["invalid-service-name"],
        proof: NAMES,
        apply: |base| {
            renamed(base, |name| if name.contains('-') { name.replace('-', "_") } else { format!("{name}_1") })
        },
    },
    Operator {
        name: "begin the stack's name with a capital letter",
        rules: &["invalid-service-name"],
        proof: NAMES,
        apply: |base| {
            let name = base.entry("stack", "name").into_iter();
            name.map(|line| base.value(line, format!("\"{}{}", line.value[1..2].to_uppercase(), &line.value[2..])))
                .collect()
        },
    },
    Operator {
        name: "give a volume one letter",
        rules: &["invalid-service-name"],
        proof: NAMES,
        apply: |base| super::storage::mounting(base, "d:/data-of-it"),
    },
    Operator {
        name: "put a space into a container's name",
        rules: &["container-name"],
        proof: CONTAINERS,
        apply: |base| with_container_name(base, |_| "my app".to_owned()),
    },
    Operator {
        name: "call a container as Compose calls another",
        rules: &["container-name"],
        proof: CONTAINERS,
        apply: |base| {
            let other = |name: &str| {
                let others = base.plans.iter().flat_map(|plan| plan.services.values());
                others
                    .map(|service| service.name.clone())
                    .find(|other| other != name && !base.says(other, "container-name"))
            };
            if base.entry("defaults", "container-name").is_some() {
                return Vec::new();
            }
            with_container_name(base, |name| format!("${{stack.project}}-{}-1", other(name).unwrap_or_default()))
        },
    },
    Operator {
        name: "call all containers alike",
        rules: &["container-name"],
        proof: CONTAINERS,
        apply: |base| {
            if base.entry("defaults", "container-name").is_some()
                || base.lines.iter().any(|line| line.table == "defaults")
            {
                return Vec::new();
            }
            vec![base.end("\n[defaults]\ncontainer-name = \"the-app\"").at("container-name = \"the-app\"")]
        },
    },
];

/// Every service with another name, where it is declared and nowhere else.
fn renamed(base: &Base, change: impl Fn(&str) -> String) -> Vec<Mutant> {
    let services = base.services();
    services
        .map(|(header, service)| {
            let (old, new) = (format!("services.{}", service.name), format!("services.{}", change(&service.name)));
            let tables = ["]", "."].map(|end| (format!("[{old}{end}"), format!("[{new}{end}")));
            let text = tables.iter().fold(base.text.clone(), |text, (old, new)| text.replace(old, new));
            base.text(text, &header.text.replace(&old, &new))
        })
        .collect()
}

fn with_container_name(base: &Base, name: impl Fn(&str) -> String) -> Vec<Mutant> {
    let services = base.services().filter(|(_, service)| service.container_name.is_none());
    services
        .map(|(header, service)| base.below(header, format!("container-name = \"{}\"", name(&service.name))))
        .collect()
}
