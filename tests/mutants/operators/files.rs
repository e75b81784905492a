//! Dockerfiles that people write, and files beside them.

use super::Operator;
use crate::base::Base;
use crate::mutant::{Mutant, Spot};
use crate::proof::Proof;

const UNTIDY: Proof = Proof::Test("dockerfiles", "hadolint_and_the_builder_say_the_same_of_what_is_untidy");
const MISSING: Proof = Proof::Test("dockerfiles", "a_dockerfile_that_asks_for_what_is_not_there_is_not_built");

pub(super) const OPERATORS: &[Operator] = &[
    Operator {
        name: "copy what is not there",
        rules: &["copy-source-missing"],
        proof: MISSING,
        apply: |base| {
            let mut made = Vec::new();
            for (from, to) in [
                ("COPY app ./app", "COPY ap ./app"),
                ("COPY package.json package-lock.json", "COPY package.json packages-lock.json"),
                ("COPY site.conf ", "COPY sites.conf "),
                ("requirements.txt ./", "requirement.txt ./"),
            ] {
                made.extend(written(base, from, to));
            }
            made
        },
    },
    Operator {
        name: "copy from a stage that is not there",
        rules: &["build-inputs"],
        proof: MISSING,
        apply: |base| {
            [
                ("COPY --from=build /app/src", "COPY --from=biuld /app/src"),
                ("COPY --from=build /app/node", "COPY --from=builder /app/node"),
            ]
            .iter()
            .flat_map(|(from, to)| written(base, from, to))
            .collect()
        },
    },
    Operator {
        name: "build on a version that nothing says",
        rules: &["build-inputs", "image-unpinned", "image-reference"],
        proof: MISSING,
        apply: |base| {
            [
                ("FROM python:3.12-slim", "FROM python:${PYTHON_VERSION}"),
                ("FROM nginxinc/nginx-unprivileged:1.28-alpine", "FROM nginxinc/nginx-unprivileged:${NGINX}"),
            ]
            .iter()
            .flat_map(|(from, to)| written(base, from, to))
            .collect()
        },
    },
    Operator {
        name: "build on the latest image",
        rules: &["image-unpinned"],
        proof: Proof::Test("earlier/files", "linters_ask_for_the_tag_of_an_image"),
        apply: |base| {
            [
                ("FROM python:3.12-slim", "FROM python"),
                ("FROM node:22-slim AS run", "FROM node:latest AS run"),
                (":1.28-alpine", ":latest"),
            ]
            .iter()
            .flat_map(|(from, to)| written(base, from, to))
            .collect()
        },
    },
    Operator {
        name: "run an image as root",
        rules: &["dockerfile-hygiene"],
        proof: UNTIDY,
        apply: |base| {
            let roots = ["USER app\n", "USER node\n"].iter().flat_map(|line| written(base, line, "USER root\n"));
            roots.collect()
        },
    },
    Operator {
        name: "start an image with a shell",
        rules: &["dockerfile-hygiene"],
        proof: UNTIDY,
        apply: |base| {
            [
                ("CMD [\"node\", \"src/worker.js\"]", "CMD node src/worker.js"),
                (
                    "CMD [\"python\", \"-m\", \"app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]",
                    "CMD python -m app --host 0.0.0.0 --port 8000",
                ),
            ]
            .iter()
            .flat_map(|(from, to)| written(base, from, to))
            .collect()
        },
    },
    Operator {
        name: "work in a relative directory",
        rules: &["dockerfile-hygiene"],
        proof: UNTIDY,
        apply: |base| {
            [
                ("WORKDIR /app\nCOPY requirements", "WORKDIR app\nCOPY requirements"),
                ("WORKDIR /app\nENV", "WORKDIR app\nENV"),
            ]
            .iter()
            .flat_map(|(from, to)| written(base, from, to))
            .collect()
        },
    },
    Operator {
        name: "start an image twice",
        rules: &["dockerfile-hygiene"],
        proof: UNTIDY,
        apply: |base| {
            [
                ("CMD [\"node\"", "CMD [\"node\", \"src/old.js\"]\nCMD [\"node\""),
                ("CMD [\"python\"", "CMD [\"python\", \"old.py\"]\nCMD [\"python\""),
            ]
            .iter()
            .flat_map(|(from, to)| written(base, from, to))
            .collect()
        },
    },
    Operator {
        name: "expose another port than the service's",
        rules: &["dockerfile-port"],
        proof: Proof::Test("dockerfiles", "an_exposed_port_says_where_somebody_listens"),
        apply: |base| {
            [("EXPOSE 8000", "EXPOSE 8001"), ("EXPOSE 8080", "EXPOSE 80")]
                .iter()
                .flat_map(|(from, to)| written(base, from, to))
                .collect()
        },
    },
    Operator {
        name: "hand an argument to a build that nothing takes",
        rules: &["build-arg-undeclared"],
        proof: Proof::Test("dockerfiles", "an_argument_that_nothing_takes_is_dropped_without_a_word"),
        apply: |base| {
            let written = base.services().filter(|(_, service)| {
                base.says(&service.name, "dockerfile") && !base.says(&service.name, "build-env")
            });
            written
                .flat_map(|(header, _)| {
                    ["build-env.COMMIT = \"abc\"", "build-env.VERSION = \"1\""].map(|text| base.below(header, text))
                })
                .collect()
        },
    },
    Operator {
        name: "forget the ignore file of a context that is copied whole",
        rules: &["dockerignore-misplaced"],
        proof: Proof::Test("dockerfiles", "an_ignore_file_is_read_at_the_root_of_the_context_or_beside_its_dockerfile"),
        apply: |base| {
            let mut made = Vec::new();
            for line in base.entries().filter(|line| line.key == "dockerfile") {
                let Some(source) = base.entry(&line.table, "source").map(|line| line.value.trim_matches('"')) else {
                    continue;
                };
                // Where packages are installed, they lie there.
                if base.content(&format!("{source}/package.json")).is_some() {
                    let mut mutant = base.file(&format!("{source}/.dockerignore"), None, "is gone");
                    mutant.spots = vec![Spot::File(format!("{source}/Dockerfile"))];
                    made.push(mutant);
                }
            }
            made
        },
    },
    Operator {
        name: "prove a route with a path that it does not take",
        rules: &["health-path-unrouted"],
        proof: Proof::Test("dockerfiles", "a_path_that_no_router_takes_is_not_found"),
        apply: |base| {
            let routes = base.entries().filter(|line| {
                line.text.contains("path = \"/")
                    && line.text.contains(" }")
                    && !line.text.contains("path = \"/\"")
                    && !line.text.contains("smoke")
            });
            routes.filter_map(|line| base.swap(line, " }", ", smoke = \"/nowhere\" }")).collect()
        },
    },
    Operator {
        name: "run another program with the probe of its image",
        rules: &["inherited-healthcheck"],
        proof: Proof::Test("dockerfiles", "a_worker_keeps_the_probe_of_its_image_and_fails_it"),
        apply: |base| {
            if base.content("site/Dockerfile").is_none() {
                return Vec::new();
            }
            let text = |command: &str| {
                format!("\n[services.other]\nsource = \"site\"\ndockerfile = \"Dockerfile\"\ncommand = {command}")
            };
            ["[\"python\", \"worker.py\"]", "[\"celery\", \"worker\"]"]
                .map(|command| base.end(&text(command)).at_last("command = "))
                .into()
        },
    },
    Operator {
        name: "probe so that nothing can fail",
        rules: &["probe-cannot-fail"],
        proof: Proof::Test("dockerfiles", "probes_that_cannot_fail_do_not"),
        apply: |base| {
            let silent = base.services().filter(|(_, service)| {
                service.kind.is_none()
                    && service.port.is_some()
                    && !base.says(&service.name, "health")
                    && !service.passthrough.contains_key("healthcheck")
            });
            silent
                .map(|(header, service)| {
                    base.below(
                        header,
                        format!(
                            "health = [\"sh\", \"-c\", \"wget -q http://127.0.0.1:{}/ ; exit 0\"]",
                            service.port.unwrap_or_default()
                        ),
                    )
                })
                .collect()
        },
    },
    Operator {
        name: "probe another service",
        rules: &["probe-other-service"],
        proof: Proof::Test("dockerfiles", "a_probe_of_another_service_says_how_that_one_is"),
        apply: |base| {
            let mut made = Vec::new();
            for (header, service) in base.services().filter(|(_, service)| {
                service.kind.is_none()
                    && !base.says(&service.name, "health")
                    && !service.passthrough.contains_key("healthcheck")
            }) {
                let other = base
                    .services()
                    .find(|(_, other)| other.name != service.name && other.port.is_some() && other.kind.is_none());
                made.extend(other.map(|(_, other)| {
                    base.below(
                        header,
                        format!(
                            "health = [\"wget\", \"-q\", \"--spider\", \"http://{}:{}/\"]",
                            other.name,
                            other.port.unwrap_or_default()
                        ),
                    )
                }));
            }
            made
        },
    },
];

/// Every Dockerfile of the services' own with these words, and others in their place.
fn written(base: &Base, from: &str, to: &str) -> Vec<Mutant> {
    let lines = base.entries().filter(|line| line.key == "dockerfile");
    lines
        .filter_map(|line| {
            let source = base.entry(&line.table, "source")?.value.trim_matches('"').to_owned();
            let path = format!("{source}/Dockerfile");
            let text = base.content(&path).filter(|text| text.contains(from))?;
            let mut mutant = base.file(&path, Some(text.replacen(from, to, 1)), to.trim());
            // Some say it where services.toml names the file.
            mutant.spots.push(Spot::Line(line.number));
            Some(mutant)
        })
        .collect()
}
