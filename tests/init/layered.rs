//! Compose files that are laid over each other: what is described is what Compose starts.

use crate::described::Described;

const API: (&str, &str) = ("api/Dockerfile", "FROM golang:1.24 AS dev\nARG VERSION\nARG MODE\nFROM dev AS release\n");

fn laid(base: &str, over: &str) -> Described {
    Described::of(&[("compose.yaml", base), ("compose.override.yaml", over), API])
}

#[test]
fn a_build_is_laid_over_key_by_key() {
    let base = "services:\n  api:\n    build: {context: ./api, target: release, args: {VERSION: \"1\", MODE: \"2\"}}\n";
    let made = laid(base, "services:\n  api:\n    build: {target: dev, args: [MODE=3]}\n");
    made.says("source = \"api\"").says("target = \"dev\"").says("VERSION = 1").says("MODE    = 3").hides("= 2");
    // The short form is the context.
    let made = laid("services:\n  api:\n    build: ./api\n", "services:\n  api:\n    build: {target: dev}\n");
    made.says("source = \"api\"").says("target = \"dev\"").hides("Not yet");
}

#[test]
fn lists_are_laid_behind_each_other_with_each_place_once() {
    let base = "services:\n  a:\n    image: example/a:1\n    ports: [\"8080:80\", \"9000:9000\"]\n    command: [serve, --one]\n    \
                volumes: [\"conf:/config\", \"./x:/x/\"]\n    cap_add: [NET_ADMIN]\n    extra_hosts: [\"h:1.1.1.1\"]\n    \
                healthcheck: {test: [CMD, first], interval: 7s, retries: 4}\n    environment: {A: \"1\", B: \"2\"}\n    \
                labels: [one=1, two=2]\n    ulimits: {nofile: 100, nproc: 7}\n    \
                deploy: {resources: {limits: {cpus: \"1\", memory: 1G}}}\n    \
                logging: {driver: syslog, options: {tag: t}}\nvolumes: {conf: {}, other: {}}\n";
    let over = "services:\n  a:\n    ports: [{target: 80, published: \"8080\"}, \"8081:81\"]\n    command: [again]\n    \
                volumes: [{type: volume, source: other, target: /config}, \"./y:/x\"]\n    cap_add: [NET_ADMIN, SYS_TIME]\n    \
                extra_hosts: {h: 2.2.2.2}\n    healthcheck: {test: second, timeout: 9s}\n    environment: [B=3, C=4]\n    \
                labels: {two: \"3\"}\n    ulimits: {nofile: {soft: 5, hard: 6}}\n    deploy: {resources: {limits: {memory: 2G}}}\n    \
                logging: {driver: gelf, options: {gelf-address: \"udp://127.0.0.1:1\"}}\n";
    let made = laid(base, over);
    made.says("publish = [\"8080:80\", \"9000:9000\", \"8081:81\"]").says("command = \"again\"");
    made.says("volumes = [\"other:/config\", \"./y:/x\"]").says("= [\"NET_ADMIN\", \"SYS_TIME\"]");
    made.says("= [\"h:1.1.1.1\", \"h=2.2.2.2\"]");
    made.says("command = [\"sh\", \"-c\", \"second\"]")
        .says("interval = \"7s\"")
        .says("timeout = \"9s\"")
        .says("retries = 4");
    made.says("A = 1").says("B = 3").says("C = 4").says("one = \"1\"").says("two = \"3\"");
    made.says("nofile = { soft = 5, hard = 6 }, nproc = 7").says("memory = \"2G\"").says("cpus = 1.0");
    made.says("gelf").hides("syslog").hides("tag = ");
}

#[test]
fn what_is_only_named_waits_for_the_start_alone() {
    let base = "services:\n  a:\n    image: example/a:1\n    depends_on: {db: {condition: service_healthy}}\n    networks: {lan: \
                {ipv4_address: 172.28.0.5}}\n  db: {image: \"example/db:1\"}\n  b: {image: \"example/b:1\"}\nnetworks: {lan: \
                {ipam: {config: [{subnet: 172.28.0.0/24}]}}}\n";
    let made = laid(base, "services:\n  a:\n    depends_on: [db, b]\n    networks: [lan]\n");
    made.says("db = \"started\"").says("b = \"started\"").says("172.28.0.5");
}

#[test]
fn override_replaces_and_reset_takes_away() {
    let base = "services:\n  a:\n    image: example/a:1\n    ports: [\"9999:80\"]\n    environment: {A: \"1\", B: \"2\"}\n    \
                volumes: [\"conf:/config\"]\n    command: serve\n    depends_on: [b, c]\n    logging: {driver: gelf, options: \
                {tag: t}}\n  b:\n    image: example/b:1\n    build: ./api\n    environment: {A: \"1\"}\n    ports: [\"1:1\"]\n  \
                c: {image: \"example/c:1\"}\nvolumes: {conf: {}}\n";
    let over = "services:\n  a:\n    ports: !override [\"8080:80\"]\n    environment: !override {C: \"3\"}\n    \
                volumes: !reset null\n    command: !reset null\n    depends_on: !override [c]\n    logging: {options: \
                !override {labels: l}}\n  b:\n    build: !reset null\n    environment: {A: !reset null, D: \"4\"}\n    \
                ports: !reset []\n";
    let made = laid(base, over);
    made.says("publish = \"8080:80\"").hides("9999").hides("A = ").hides("B = ").says("C = 3").hides("/config");
    made.hides("command =").says("depends-on = [\"c\"]").says("labels = \"l\"").hides("tag =");
    made.says("image = \"example/b:1\"").says("D = 4").hides("1:1");
    // A service may go, or be another one.
    let made = laid(
        "services:\n  a: {image: \"example/a:1\"}\n  b: {image: \"example/b:1\", ports: [\"1:1\"]}\n",
        "services:\n  a: !reset null\n  b: !override {image: \"example/other:1\"}\n",
    );
    made.hides("example/a:1").says("example/other:1").hides("1:1");
}

#[test]
fn what_a_service_extends_is_laid_under_it_in_the_same_way() {
    let compose = "services:\n  base:\n    image: example/a:1\n    ports: [\"9999:80\"]\n    volumes: [\"one:/d\"]\n  \
                   middle: {extends: base, environment: {A: \"1\"}}\n  top:\n    extends: {service: middle}\n    ports: \
                   !override [\"8080:80\"]\n    volumes: [\"two:/d\"]\nvolumes: {one: {}, two: {}}\n";
    let made = Described::of(&[("compose.yaml", compose)]);
    let (_, top) = made.text.split_once("[services.top]").expect("a service");
    for said in ["example/a:1", "\"8080:80\"", "\"two:/d\"", "A = 1"] {
        assert!(top.contains(said), "{said}\n{}", made.text);
    }
    assert!(!top.contains("9999") && !top.contains("one:/d"), "{}", made.text);
}

#[test]
fn an_environment_publishes_what_its_file_makes_of_the_first_one() {
    let base = "services:\n  a:\n    image: example/a:1\n    ports: [\"9999:80\"]\n  b:\n    image: example/b:1\n    ports: \
                [\"7000:70\"]\n";
    let prod = "services:\n  a:\n    ports: !override [\"443:80\"]\n  b:\n    ports: [\"7001:71\"]\n";
    let files = [
        ("compose.yaml", base),
        // Nobody takes that along who names the files.
        ("compose.override.yaml", "services:\n  b:\n    ports: [\"5000:50\"]\n"),
        ("compose.prod.yaml", prod),
    ];
    let made = Described::of(&files);
    let (dev, prod) = made.text.split_once("[environments.prod").expect("two environments");
    assert!(prod.contains("\"443:80\"") && !prod.contains("9999"), "{}", made.text);
    assert!(prod.contains("[\"7000:70\", \"7001:71\"]") && !prod.contains("5000"), "{}", made.text);
    assert!(dev.contains("\"9999:80\"") && dev.contains("[\"7000:70\", \"5000:50\"]"), "{}", made.text);
}

#[test]
fn a_secret_that_another_file_replaces_is_none_to_show() {
    let base = "services:\n  a:\n    image: example/a:1\n    environment: {API_TOKEN: PLANTq9Zx7wK2}\n    command: serve PLANTq9Zx7wK2\n";
    let made = laid(base, "services:\n  a:\n    environment: {API_TOKEN: \"${API_TOKEN}\"}\n");
    made.hides("PLANT");
}
