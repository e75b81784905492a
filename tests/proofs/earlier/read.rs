//! What Compose rejects when it reads the file, or reads otherwise than it was meant. No container is started.

use crate::attempt::Attempt;
use crate::support::compose::has_compose;

/// The rules whose mistakes are made here.
pub(super) const PROVED: &[&str] = &[
    "dependency-cycle",
    "dependency-profile-gap",
    "incomplete-service",
    "interpolation-syntax",
    "missing-env-var",
    "name-collision",
    "port-invalid",
    "unescaped-dollar",
    "unknown-key",
    "unknown-reference",
    "unused-variable",
    "variable-declared-twice",
    "template-output",
];

/// What Compose says where it rejects a file.
fn rejection(compose: &str) -> String {
    Attempt::new(compose).config().expect_err("Compose takes the file")
}

#[test]
fn services_that_wait_for_each_other_are_rejected() {
    if !has_compose() {
        return;
    }
    let cycle = "services:\n  web: { image: web:1, depends_on: [api] }\n  api: { image: api:1, depends_on: [web] }\n";
    let said = rejection(cycle);
    assert!(said.contains("dependency cycle detected"), "{said}");
    let of_itself = rejection("services:\n  web: { image: web:1, depends_on: [web] }\n");
    assert!(of_itself.contains("cycle"), "{of_itself}");
    Attempt::new(&cycle.replace(", depends_on: [api]", "")).config().expect("without the cycle it is taken");
}

#[test]
fn a_dependency_that_no_profile_starts_is_rejected_with_that_choice_alone() {
    if !has_compose() {
        return;
    }
    let compose =
        "services:\n  web: { image: web:1, depends_on: [mail] }\n  mail: { image: mail:1, profiles: [tools] }\n";
    let attempt = Attempt::new(compose);
    let (works, said) = attempt.run(&["config", "--quiet"]);
    assert!(!works && said.contains("depends on undefined service"), "{said}");
    let (works, said) = attempt.run(&["--profile", "tools", "config", "--quiet"]);
    assert!(works, "{said}");
    let optional = compose.replace("[mail] }", "{ mail: { condition: service_started, required: false } } }");
    let (works, said) = Attempt::new(&optional).run(&["config", "--quiet"]);
    assert!(works, "{said}");
}

#[test]
fn a_service_without_image_and_build_is_rejected() {
    if !has_compose() {
        return;
    }
    let said = rejection("services:\n  web: { ports: [\"80:80\"] }\n");
    assert!(said.contains("has neither an image nor a build context specified"), "{said}");
}

#[test]
fn forms_of_the_shell_are_no_interpolation() {
    if !has_compose() {
        return;
    }
    let with = |value: &str| format!("services:\n  web:\n    image: web:1\n    environment:\n      V: '{value}'\n");
    for value in
        ["${}", "${ V}", "${V.x}", "${V:x}", "${V:=x}", "${V/x/y}", "${#V}", "${V%x}", "${V", "${A:-{}}${V:-x}"]
    {
        let said = rejection(&with(value));
        assert!(said.contains("invalid interpolation format"), "{value}: {said}");
    }
    // What is taken, and means something else.
    let read = Attempt::new(&with("${MY-VAR}")).with(".env", "MY_VAR=right\n").config().expect("it is taken");
    assert_eq!(read["services"]["web"]["environment"]["V"], "VAR");
    // How a `$NAME` is written that stands for itself: nobody's value takes its place.
    let read = Attempt::new(&with("$$NAME")).with(".env", "NAME=set\n").config().expect("it is taken");
    assert_eq!(read["services"]["web"]["environment"]["V"], "$$NAME");
}

#[test]
fn a_variable_that_nobody_sets_is_blank() {
    if !has_compose() {
        return;
    }
    let compose = "services:\n  web:\n    image: web:1\n    environment:\n      URL: http://${NAME}/x\n";
    let (works, said) = Attempt::new(compose).run(&["config"]);
    assert!(works && said.contains("\\\"NAME\\\" variable is not set. Defaulting to a blank string"), "{said}");
    assert!(said.contains("URL: http:///x"), "{said}");
    let said = rejection(&compose.replace("${NAME}", "${NAME:?}"));
    assert!(said.contains("required variable NAME is missing a value"), "{said}");
}

#[test]
fn the_file_of_an_environment_called_override_is_read_with_the_first() {
    if !has_compose() {
        return;
    }
    let attempt = Attempt::new("services:\n  web: { image: web:1 }\n")
        .with("docker-compose.override.yml", "services:\n  web: { image: other:1 }\n");
    let (works, said) = attempt.run(&["config"]);
    assert!(works && said.contains("image: other:1"), "{said}");
}

#[test]
fn ports_that_are_none_are_rejected() {
    if !has_compose() {
        return;
    }
    for port in
        ["70000:80", "8080:70000", "8080:0", "localhost:8080:80", "8080-8082:80-81", "8080:80/http", "a:80", "9-8:9-8"]
    {
        let said = rejection(&format!("services:\n  web: {{ image: web:1, ports: [\"{port}\"] }}\n"));
        let is_meant = ["invalid", "range", "must be", "missing a target port"]
            .iter()
            .any(|word| said.to_ascii_lowercase().contains(word));
        assert!(is_meant, "{port}: {said}");
    }
}

#[test]
fn a_hash_with_single_dollars_loses_its_parts() {
    if !has_compose() {
        return;
    }
    let compose = |user: &str| format!("services:\n  web:\n    image: web:1\n    labels:\n      user: '{user}'\n");
    let (works, said) = Attempt::new(&compose("u:$apr1$H6usk$Ig/")).run(&["config"]);
    assert!(works && said.contains("\\\"apr1\\\" variable is not set"), "{said}");
    assert!(said.contains("user: u:/"), "{said}");
    let read = Attempt::new(&compose("u:$$apr1$$H6usk$$Ig/")).config().expect("it is taken without a word");
    assert_eq!(read["services"]["web"]["labels"]["user"], "u:$$apr1$$H6usk$$Ig/");
}

#[test]
fn a_key_that_does_not_exist_is_rejected() {
    if !has_compose() {
        return;
    }
    let said = rejection("services:\n  web: { image: web:1, prots: [\"80:80\"] }\n");
    assert!(said.contains("additional properties 'prots' not allowed"), "{said}");
    for (item, stranger) in [
        ("ports: [{ target: 80, publishd: '8080' }]", "publishd"),
        ("volumes: [{ type: volume, source: site, target: /site, readonly: true }]", "readonly"),
        ("volumes: [{ type: bind, source: ., target: /site, bind: { selinu: z } }]", "selinu"),
        ("secrets: [{ source: key, taget: /key }]", "taget"),
        ("env_file: [{ path: a.env, requird: false }]", "requird"),
        ("develop: { watch: [{ path: ., action: sync, target: /site, ignor: [a] }] }", "ignor"),
        ("post_start: [{ command: x, as: root }]", "as"),
    ] {
        let said = rejection(&format!("services:\n  web:\n    image: web:1\n    {item}\n"));
        assert!(said.contains(&format!("additional properties '{stranger}' not allowed")), "{item}: {said}");
    }
}

#[test]
fn what_is_referred_to_must_be_there() {
    if !has_compose() {
        return;
    }
    for (key, complaint) in [
        ("depends_on: [rediss]", "depends on undefined service \"rediss\""),
        ("networks: [back]", "refers to undefined network back"),
        ("volumes: [\"dta:/data\"]", "refers to undefined volume dta"),
        ("secrets: [token]", "refers to undefined secret token"),
        ("configs: [site]", "refers to undefined config site"),
        ("network_mode: \"service:rediss\"", "depends on undefined service \"rediss\""),
        ("volumes_from: [rediss]", "depends on undefined service \"rediss\""),
        ("links: [rediss]", "depends on undefined service \"rediss\""),
    ] {
        let said = rejection(&format!("services:\n  web: {{ image: web:1, {key} }}\n  redis: {{ image: redis:7 }}\n"));
        assert!(said.contains(complaint), "{key}: {said}");
    }
}

#[test]
fn a_variable_of_the_env_file_reaches_no_container_by_itself() {
    if !has_compose() {
        return;
    }
    let compose = "services:\n  web:\n    image: web:1\n    environment:\n      OTHER: x\n";
    let attempt = Attempt::new(compose).with(".env", "LOG_LEVEL=debug\n");
    let read = attempt.config().expect("it is taken without a word");
    assert_eq!(read["services"]["web"]["environment"].to_string(), r#"{"OTHER":"x"}"#);
    let (_, variables) = attempt.run(&["config", "--variables"]);
    assert!(!variables.contains("LOG_LEVEL"), "{variables}");
}

#[test]
fn two_defaults_of_a_variable_disagree_until_somebody_sets_it() {
    if !has_compose() {
        return;
    }
    let compose = "services:\n  api: { image: api:1, environment: { S: \"${S:-one}\" } }\n  web: { image: web:1, environment: { S: \"${S:-two}\" } }\n";
    let values = |attempt: Attempt| {
        let read = attempt.config().expect("it is taken without a word");
        ["api", "web"].map(|service| read["services"][service]["environment"]["S"].clone())
    };
    assert_eq!(values(Attempt::new(compose)), ["one", "two"]);
    assert_eq!(values(Attempt::new(compose).with(".env", "S=set\n")), ["set", "set"]);
}

#[test]
fn what_is_no_yaml_is_rejected() {
    if !has_compose() {
        return;
    }
    let said = rejection("services:\n  web:\n    image: web:1\n    labels: { team: shop\n");
    assert!(said.contains("yaml: "), "{said}");
}
