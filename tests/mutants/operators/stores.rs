//! What a program is told of a data store, and of itself.

use super::Operator;
use super::ports::is_store;
use crate::base::{Base, Line};
use crate::mutant::Mutant;
use crate::proof::Proof;

const LOGIN: Proof = Proof::Test("variables", "a_database_opens_to_its_own_login_alone");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "log in to a database as somebody else",
        rules: &["credential-mismatch"],
        proof: LOGIN,
        apply: |base| databases(base, |name, variable| format!("postgres://nobody:${{{variable}}}@{name}:5432/ledger")),
    },
    Operator {
        name: "speak to a data store in another protocol",
        rules: &["credential-mismatch"],
        proof: LOGIN,
        apply: |base| {
            let mut made =
                databases(base, |name, variable| format!("mysql://nobody:${{{variable}}}@{name}:5432/ledger"));
            let environments = base.lines.iter().filter(|line| line.is_header() && line.is_in("env"));
            let redis = base.services().find(|(_, service)| service.kind.as_deref() == Some("redis"));
            made.extend(
                environments
                    .filter_map(|line| Some(base.below(line, format!("LEDGER = \"http://{}:6379\"", redis?.1.name)))),
            );
            made
        },
    },
    Operator {
        name: "run a database without a password",
        rules: &["image-required-env"],
        proof: Proof::Test("variables", "a_database_does_not_start_without_a_password"),
        apply: |base| {
            let text = |image: &str| {
                format!(
                    "\n[services.ledger]\nimage = \"{image}\"\nvolumes = [\"ledger-data:/var/lib/postgresql/data\"]"
                )
            };
            vec![base.end(&text("postgres:17")).at_last("image = \"").or_at("[services.ledger]")]
        },
    },
    Operator {
        name: "pass nothing to what wants a number",
        rules: &["blank-to-typed"],
        proof: Proof::Test("variables", "what_is_passed_empty_is_set_and_no_number"),
        apply: |base| {
            let environments = base.lines.iter().filter(|line| line.is_header() && line.is_in("env"));
            let declared = [
                "WORKER_COUNT = { type = \"int\", required = false }",
                "SMTP_PORT = { type = \"port\", default = \"\" }",
            ];
            environments.flat_map(|line| declared.map(|text| base.below(line, text))).collect()
        },
    },
];

/// Variables with a URL of a database of the stack.
fn databases(base: &Base, url: impl Fn(&str, &str) -> String) -> Vec<Mutant> {
    let is_database = |service: &stackgen::plan::Service| {
        is_store(service)
            && service
                .image
                .as_ref()
                .and_then(stackgen::plan::Text::with_defaults)
                .is_some_and(|image| image.starts_with("postgres"))
    };
    let everywhere = |name: &str| base.plans.iter().all(|plan| plan.services.contains_key(name));
    let Some((_, database)) = base
        .services()
        .find(|(_, service)| is_database(service) && everywhere(&service.name) && !base.says(&service.name, "init"))
    else {
        return Vec::new();
    };
    let secret = base.entries().find(|line: &&Line| line.table == "variables" && line.key.contains("PASSWORD"));
    let Some(secret) = secret else { return Vec::new() };
    let environments = base.lines.iter().filter(|line| line.is_header() && line.is_in("env"));
    environments.map(|line| base.below(line, format!("LEDGER = \"{}\"", url(&database.name, &secret.key)))).collect()
}
