//! Variables: of operators, of containers, of builds.

use super::{Operator, misspelt};
use crate::base::{Base, Line};
use crate::mutant::Mutant;
use crate::proof::Proof;

const SHELL: Proof = Proof::Test("earlier/read", "forms_of_the_shell_are_no_interpolation");
const BLANK: Proof = Proof::Test("earlier/read", "a_variable_that_nobody_sets_is_blank");
const SECRET: Proof =
    Proof::Test("earlier/files", "a_secret_that_is_written_out_can_be_read_by_whoever_has_the_image_or_the_engine");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "misspell a variable",
        rules: &["missing-env-var"],
        proof: BLANK,
        apply: |base| variables(base, misspelt),
    },
    Operator {
        name: "take a declaration away",
        rules: &["missing-env-var"],
        proof: BLANK,
        apply: |base| {
            let declared = base.entries().filter(|line| line.table == "variables");
            declared
                .filter(|line| base.text.contains(&format!("${{{}}}", line.key)))
                .map(|line| {
                    base.without(line).at(&format!("${{{}}}", line.key)).or_at_each(&format!("${{{}}}", line.key))
                })
                .collect()
        },
    },
    Operator {
        name: "set a default as a shell does",
        rules: &["interpolation-syntax"],
        proof: SHELL,
        apply: |base| variables(base, |name| format!("{name}:=none")),
    },
    Operator {
        name: "put a hyphen into a variable",
        rules: &["silent-dash-default"],
        proof: Proof::Test("variables", "a_hyphen_makes_a_default_and_nobody_says_so"),
        apply: |base| {
            let two = |name: &str| {
                if name.contains('_') { name.replacen('_', "-", 1) } else { format!("{name}-URL") }
            };
            variables(base, two)
        },
    },
    Operator {
        name: "forget to close the braces",
        rules: &["interpolation-syntax"],
        proof: SHELL,
        apply: |base| {
            let lines = base.entries().filter(|line| {
                line.value.ends_with("}\"") && line.value.matches("${").count() == 1 && line.value.starts_with('"')
            });
            lines.map(|line| base.value(line, line.value.replace("}\"", "\""))).collect()
        },
    },
    Operator {
        name: "leave the braces out",
        rules: &["interpolation-syntax", "unescaped-dollar"],
        proof: SHELL,
        apply: |base| {
            let mut made = Vec::new();
            for name in base.plans.iter().flat_map(|plan| plan.variables.keys()) {
                made.extend(
                    base.entries().filter_map(|line| base.swap(line, &format!("${{{name}}}"), &format!("${name}"))),
                );
            }
            made.dedup_by(|one, other| one.text == other.text);
            made
        },
    },
    Operator {
        name: "write a secret out",
        rules: &["literal-secret"],
        proof: SECRET,
        apply: |base| {
            let secrets = base.entries().filter(|line| line.is_in("env") && line.value.starts_with("{ secret = true"));
            secrets.map(|line| base.value(line, "\"kJ8-not-a-secret-2xQ\"")).collect()
        },
    },
    Operator {
        name: "write a password out that an operator sets",
        rules: &["literal-secret", "variable-declared-twice"],
        proof: SECRET,
        apply: |base| {
            let passwords =
                base.entries().filter(|line| ["password", "admin-password", "token"].contains(&line.key.as_str()));
            passwords.map(|line| base.value(line, "\"kJ8-not-a-secret-2xQ\"")).collect()
        },
    },
    Operator {
        name: "write a password into a URL",
        rules: &["literal-secret"],
        proof: SECRET,
        apply: |base| {
            let environments = base.lines.iter().filter(|line| line.is_header() && line.is_in("env"));
            environments
                .map(|line| base.below(line, "LEDGER = \"postgres://app:kJ8-not-a-secret@ledger.example.com/app\""))
                .collect()
        },
    },
    Operator {
        name: "give a secret of production a default",
        rules: &["literal-secret"],
        proof: SECRET,
        apply: |base| {
            let declared = base.entries().filter(|line| {
                line.value.starts_with("{ secret = true")
                    && !line.value.contains("default")
                    && !line.table.starts_with("environments")
            });
            declared
                .filter_map(|line| {
                    base.swap(line, "{ secret = true", "{ secret = true, default = \"kJ8-not-a-secret-2xQ\"")
                })
                .collect()
        },
    },
    Operator {
        name: "give one variable two defaults",
        rules: &["variable-declared-twice", "env-drift"],
        proof: Proof::Test("earlier/read", "two_defaults_of_a_variable_disagree_until_somebody_sets_it"),
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.is_in("env")) {
                for declared in base.entries().filter(|line| line.table == "variables") {
                    let (use_of_it, another) =
                        (format!("${{{}}}", declared.key), format!("${{{}:-another}}", declared.key));
                    made.extend(base.swap(line, &use_of_it, &another));
                }
                made.extend(base.swap(line, ":-30s}", ":-60s}").map(|mutant| mutant.or_at_each(":-30s}")));
            }
            made
        },
    },
    Operator {
        name: "declare a variable in two places",
        rules: &["variable-declared-twice"],
        proof: Proof::Test("earlier/read", "two_defaults_of_a_variable_disagree_until_somebody_sets_it"),
        apply: |base| {
            let mut made = Vec::new();
            for declared in base.entries().filter(|line| line.table == "variables") {
                let uses = base.entries().filter(|line| line.is_in("env") && line.key == declared.key);
                made.extend(uses.map(|line| base.value(line, "{ default = \"another\" }").or_at_each(&declared.text)));
            }
            made
        },
    },
    Operator {
        name: "declare a variable that nobody is given",
        rules: &["unused-variable"],
        proof: Proof::Test("earlier/read", "a_variable_of_the_env_file_reaches_no_container_by_itself"),
        apply: |base| {
            let header = base.lines.iter().find(|line| line.text == "[variables]");
            header
                .map(|line| {
                    ["LOG_FORMAT", "SESSION_HOURS"]
                        .map(|name| base.below(line, format!("{name} = {{ default = \"12\" }}")))
                })
                .into_iter()
                .flatten()
                .collect()
        },
    },
    Operator {
        name: "set what a browser reads when the container starts",
        rules: &["public-var-internal-host"],
        proof: Proof::Test("earlier/running", "a_browser_knows_no_service_by_its_name"),
        apply: |base| {
            let environments = base.lines.iter().filter(|line| line.is_header() && line.is_in("env"));
            environments
                .flat_map(|line| {
                    ["NEXT_PUBLIC_TITLE", "VITE_TITLE"].map(|name| base.below(line, format!("{name} = \"Shop\"")))
                })
                .collect()
        },
    },
    Operator {
        name: "give a browser the address inside",
        rules: &["public-var-internal-host"],
        proof: Proof::Test("earlier/running", "a_browser_knows_no_service_by_its_name"),
        apply: |base| {
            base.entries()
                .filter_map(|line| base.swap(line, ".public-url}", ".url}"))
                .filter(|mutant| mutant.shown.contains("NEXT_") || mutant.shown.contains("VITE_"))
                .collect()
        },
    },
    Operator {
        name: "run production as developers do",
        rules: &["dev-leak"],
        proof: Proof::Test("earlier/running", "a_debugger_lets_in_whoever_reaches_its_port"),
        apply: |base| {
            let mut made = Vec::new();
            for (header, service) in base.services().filter(|(_, service)| base.in_production(&service.name)) {
                if service.build.is_some()
                    && !base.says(&service.name, "command")
                    && service.kind.as_deref() == Some("node")
                {
                    made.push(base.below(header, "command = \"node --inspect=0.0.0.0:9229 src/server.js\""));
                }
                let env = base.lines.iter().find(|line| line.text == format!("[services.{}.env]", service.name));
                made.extend(
                    env.filter(|_| !base.text.contains("NODE_ENV"))
                        .map(|line| base.below(line, "NODE_ENV = \"development\"")),
                );
                made.extend(
                    base.entry(&format!("services.{}.env", service.name), "DEBUG").map(|line| base.value(line, "true")),
                );
                made.extend(
                    base.entry(&format!("services.{}.env", service.name), "NODE_ENV")
                        .map(|line| base.value(line, "\"development\"")),
                );
            }
            made
        },
    },
    Operator {
        name: "give a setting of one environment to all",
        rules: &["dev-leak"],
        proof: Proof::Test("earlier/running", "a_debugger_lets_in_whoever_reaches_its_port"),
        apply: |base| {
            let header = base.lines.iter().filter(|line| {
                line.text == "[environments.dev.defaults]" && !base.lines.iter().any(|other| other.text == "[defaults]")
            });
            header
                .filter_map(|line| {
                    let next = base.lines[line.number + 1..].iter().find(|line| line.key == "reload");
                    next.map(|reload| base.set(line, "[defaults]").at(&reload.text))
                })
                .collect()
        },
    },
];

/// Every use of a variable in turn, with another name.
fn variables(base: &Base, change: impl Fn(&str) -> String) -> Vec<Mutant> {
    let mut made = Vec::new();
    for line in base.entries() {
        made.extend(
            names(line)
                .into_iter()
                .filter_map(|name| base.swap(line, &format!("${{{name}}}"), &format!("${{{}}}", change(name)))),
        );
    }
    made
}

/// The variables that a line uses without an operator.
fn names(line: &Line) -> Vec<&str> {
    let starts = line.text.match_indices("${").map(|(start, _)| &line.text[start + 2..]);
    let names = starts.filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    names.filter(|name| name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')).collect()
}
