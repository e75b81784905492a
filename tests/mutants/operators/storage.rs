//! Mounts and volumes.

use super::Operator;
use super::ports::is_store;
use crate::base::Base;
use crate::mutant::Mutant;
use crate::proof::Proof;

const TARGET: Proof = Proof::Test("earlier/engine", "a_mount_has_an_absolute_target");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "mount onto a relative path",
        rules: &["mount-target"],
        proof: TARGET,
        apply: |base| mounting(base, "more-data:var/more"),
    },
    Operator {
        name: "mount onto the root",
        rules: &["mount-target"],
        proof: TARGET,
        apply: |base| mounting(base, "more-data:/"),
    },
    Operator {
        name: "mount a file that is not there",
        rules: &["bind-source-missing"],
        proof: Proof::Test("earlier/running", "a_mount_of_nothing_is_an_empty_directory"),
        apply: |base| mounting(base, "./setings.toml:/etc/settings.toml:ro"),
    },
    Operator {
        name: "mount two volumes onto one directory",
        rules: &["invalid-value", "mount-target"],
        proof: Proof::Test("containers", "two_mounts_at_one_place"),
        apply: |base| mounting(base, "one:/srv/data\", \"two:/srv/data"),
    },
    Operator {
        name: "keep the data of a store in its container",
        rules: &["datastore-without-volume"],
        proof: Proof::Test("earlier/running", "data_without_a_named_volume_is_gone_after_down"),
        apply: |base| {
            let mut made = Vec::new();
            for (header, service) in base.services().filter(|(_, service)| is_store(service)) {
                if service.kind.is_some() {
                    made.push(base.below(header, "persist = false"));
                } else {
                    let volumes = base.entry(&header.table, "volumes").into_iter();
                    made.extend(volumes.map(|line| {
                        base.without(line).at(&header.text).or_at_each(&format!(
                            "image = \"{}",
                            if base.text.contains("redis") { "" } else { "postgres" }
                        ))
                    }));
                }
            }
            made
        },
    },
    Operator {
        name: "mount the data of a store elsewhere",
        rules: &["datastore-without-volume"],
        proof: Proof::Test("earlier/running", "data_without_a_named_volume_is_gone_after_down"),
        apply: |base| {
            let volumes = base.entries().filter(|line| {
                line.key == "volumes" && line.service().and_then(|name| base.service(name)).is_some_and(is_store)
            });
            volumes
                .flat_map(|line| {
                    let header = base.lines.iter().find(|header| header.is_header() && header.table == line.table);
                    let image = base.entry(&line.table, "image");
                    [base.swap(line, ":/", ":/mnt/")].into_iter().flatten().map(move |mutant| {
                        [header, image].into_iter().flatten().fold(mutant, |mutant, line| mutant.or_at_each(&line.text))
                    })
                })
                .collect()
        },
    },
    Operator {
        name: "rename a data store",
        rules: &["volume-left-behind"],
        proof: Proof::Test("earlier/running", "under_a_new_name_a_service_has_an_empty_volume"),
        apply: |base| {
            if base.content("stackgen.lock").is_none() {
                return Vec::new();
            }
            let stores = base.services().filter(|(_, service)| service.data.is_some());
            stores
                .map(|(_, service)| {
                    let (old, new) = (service.name.as_str(), format!("{}-store", service.name));
                    let text = ["services.", "\"", "\n"].iter().fold(base.text.clone(), |text, before| {
                        let ends: &[&str] = match *before {
                            "services." => &["]", ".", "}"],
                            "\n" => &[" = ", "."],
                            _ => &["\", \"loki\"]", "\"]"],
                        };
                        ends.iter().fold(text, |text, end| {
                            text.replace(&format!("{before}{old}{end}"), &format!("{before}{new}{end}"))
                        })
                    });
                    base.text(text, &format!("[services.{new}]")).or_at_each(&format!("{new} = "))
                })
                .collect()
        },
    },
];

/// Every service that mounts nothing itself, with this mount.
pub(super) fn mounting(base: &Base, mount: &str) -> Vec<Mutant> {
    let services = base.services().filter(|(_, service)| {
        !base.says(&service.name, "volumes")
            && service.extends.is_none()
            && !service.passthrough.contains_key("volumes")
    });
    services.map(|(header, _)| base.below(header, format!("volumes = [\"{mount}\"]"))).collect()
}
