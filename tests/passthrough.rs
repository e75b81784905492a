//! What stands under `compose` reaches the compose file unchanged, whatever it is: 200 random fragments of Compose, each
//! on a service of its own, and some by hand that lie over what is planned.

mod support;

use std::fs;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};
use stackgen::compose::model;
use stackgen::plan::{Plan, Raw};
use support::rendered::Rendered;
use support::{compose, say};

/// How many fragments are tried.
const COUNT: usize = 200;

#[test]
fn two_hundred_random_fragments_come_out_unchanged() {
    let fragments = fragments(COUNT);
    let mut services = toml::Table::new();
    for (index, fragment) in fragments.iter().enumerate() {
        let mut service = toml::Table::new();
        service.insert("image".to_owned(), "busybox:1".into());
        service.insert("compose".to_owned(), to_toml(fragment));
        services.insert(format!("s{index}"), service.into());
    }
    let mut manifest = toml::Table::new();
    manifest
        .insert("stack".to_owned(), toml::Value::Table([("name".to_owned(), "passed".into())].into_iter().collect()));
    manifest.insert("services".to_owned(), services.into());
    manifest.insert("compose".to_owned(), to_toml(&declared(&fragments)));
    let text = toml::to_string(&manifest).expect("TOML");
    let rendered = Rendered::of("passed", &text, None);
    let plan = &rendered.plans[0];
    assert_eq!(plan.problems, [], "{text}");
    let file = rendered.root().join("docker-compose.yml");
    let yaml = fs::read_to_string(&file).expect("a compose file");
    let read: Value = serde_yaml::from_str(&yaml).expect("YAML");
    let mut keys = 0;
    for (index, fragment) in fragments.iter().enumerate() {
        for (key, value) in fragment.as_object().expect("a mapping") {
            let found = &read["services"][format!("s{index}")][key];
            assert_eq!(undoubled(found), *value, "s{index}.{key}\n{yaml}");
            keys += 1;
        }
    }
    say(&format!("{COUNT} fragments with {keys} keys"));
    if compose::has_compose() {
        let env = rendered.root().join(".env");
        fs::write(&env, "").expect("a writable folder");
        let model = compose::compose_config(&file, &env);
        assert_eq!(model["services"].as_object().expect("services").len(), COUNT);
    }
}

#[test]
fn a_fragment_lies_over_what_is_planned_and_the_plan_knows() {
    let plan = plan(
        "
[stack]
name = 's'
[variables]
LEVEL = { default = 'info' }
[services.db]
image = 'db:1'
port = 5432
[services.app]
image = 'app:1'
port = 8000
publish = true
command = ['serve']
health = ['check']
env = { A = '1', B = '2' }
volumes = ['data:/data']
depends-on = ['db']
limits = { memory = '1g' }
labels = { own = 'x' }
[services.app.compose]
image = 'app:2'
environment = { B = '!reset', C = '${LEVEL}' }
ports = ['...', '127.0.0.1:9999:9999', { target = 53, published = '5353', protocol = 'udp', host_ip = '::1' }]
volumes = ['...', { type = 'bind', source = './src', target = '/src', read_only = true }]
command = 'serve --loud'
healthcheck = { interval = '3s' }
networks = { internal = { aliases = ['www'] } }
depends_on = { db = { condition = 'service_started' } }
deploy = { replicas = 1 }
ulimits = { nofile = 1024 }
init = true
labels = { own = '!reset', other = 'y' }
",
    );
    let app = &plan.services["app"];
    let shown = |key: &str| model::service(app).get(key).map(shown);
    assert_eq!(shown("image"), Some(json!("app:2")));
    assert_eq!(app.image.as_ref().map(stackgen::plan::Text::to_compose).as_deref(), Some("app:2"));
    assert_eq!(shown("environment"), Some(json!({ "A": "1", "C": "${LEVEL:-info}" })));
    assert_eq!(app.environment.keys().collect::<Vec<_>>(), ["A", "C"]);
    let ports: Vec<_> =
        app.ports.iter().map(|port| port.mapping.expect("a mapping").published.map(|range| range.first)).collect();
    assert_eq!(ports, [Some(8000), Some(9999), Some(5353)]);
    let targets: Vec<_> = app.volumes.iter().map(|mount| mount.mount.target.as_str()).collect();
    assert_eq!(targets, ["/data", "/src"]);
    assert_eq!(shown("command"), Some(json!("serve --loud")));
    assert_eq!(app.command.as_ref().map(Vec::len), Some(2));
    let probe = app.health.as_ref().expect("a probe");
    assert_eq!((probe.interval.as_str(), probe.retries), ("3s", 3));
    assert_eq!(shown("healthcheck").expect("a probe")["test"], json!(["CMD", "check"]));
    assert_eq!(app.networks, ["internal"]);
    assert!(!app.depends_on["db"].restart);
    assert_eq!(app.replicas, Some(1));
    assert_eq!(app.limits.as_ref().and_then(|limits| limits.memory.as_deref()), Some("1g"));
    assert_eq!(shown("ulimits"), Some(json!({ "nofile": 1024 })));
    assert!(app.init);
    assert_eq!(shown("labels"), Some(json!({ "other": "y" })));
    assert!(plan.variables["LEVEL"].readers.contains(&"app".to_owned()));
}

#[test]
fn variables_as_a_list_lie_over_those_that_are_planned() {
    let manifest = "
[stack]
name = 's'
[variables]
DB_PASSWORD = { secret = true }
LEVEL = { default = 'info' }
[services.db]
kind = 'postgres'
version = '17'
password = '${DB_PASSWORD}'
compose.environment = ['POSTGRES_INITDB_ARGS=--no-sync=x', 'LEVEL=${LEVEL}', 'FROM_SHELL', 'POSTGRES_DB=other']
[services.job]
image = 'job:1'
env = { A = '1', B = '2' }
depends-on = ['db']
compose.environment = ['...', 'A=']
compose.depends_on = ['...', 'web']
[services.web]
image = 'web:1'
compose.environment = ['ONLY=list']
";
    let rendered = Rendered::of("passed", manifest, None);
    let plan = &rendered.plans[0];
    assert_eq!(plan.problems, []);
    let shown = |service: &str, key: &str| shown(&model::service(&plan.services[service])[key]);
    let db = shown("db", "environment");
    assert_eq!(db["POSTGRES_INITDB_ARGS"], "--no-sync=x");
    assert_eq!(
        (&db["LEVEL"], &db["FROM_SHELL"], &db["POSTGRES_DB"]),
        (&json!("${LEVEL:-info}"), &Value::Null, &json!("other"))
    );
    assert!(db["POSTGRES_PASSWORD"].as_str().is_some_and(|text| text.starts_with("${DB_PASSWORD:?")), "{db}");
    assert!(!plan.services["db"].environment.contains_key("FROM_SHELL"));
    assert_eq!(shown("job", "environment"), json!({ "A": "", "B": "2" }));
    assert_eq!(plan.services["job"].depends_on.keys().collect::<Vec<_>>(), ["db", "web"]);
    assert_eq!(shown("web", "environment"), json!(["ONLY=list"]));
    if compose::has_compose() {
        let env = rendered.root().join(".env");
        fs::write(&env, "DB_PASSWORD=x\n").expect("a writable folder");
        let model = compose::compose_config(&rendered.root().join("docker-compose.yml"), &env);
        let environment = &model["services"]["db"]["environment"];
        assert_eq!((&environment["POSTGRES_PASSWORD"], &environment["LEVEL"]), (&json!("x"), &json!("info")));
        assert_eq!(environment["FROM_SHELL"], Value::Null, "as the list says: what the shell has");
        assert_eq!(model["services"]["job"]["depends_on"]["web"]["condition"], "service_started");
    }
}

#[test]
fn items_stand_where_they_are_written_also_beside_those_that_are_kept() {
    let plan = plan(
        "
[stack]
name = 's'
[services.api]
image = 'api:1'
publish = ['1:1']
volumes = ['one:/x:ro', 'api:/y']
[services.api.compose]
ports = ['2:2', '...', '3:3']
volumes = ['...', 'two:/z', { type = 'volume', source = 'web', target = '/w' }]
",
    );
    let api = &plan.services["api"];
    let mounts: Vec<_> = api.volumes.iter().map(|mount| mount.origin.to_string()).collect();
    let (own, passed) = ("services.api.volumes", "services.api.compose.volumes");
    assert_eq!(mounts, [format!("{own}[0]"), format!("{own}[1]"), format!("{passed}[1]"), format!("{passed}[2]")]);
    let ports: Vec<_> = api.ports.iter().map(|port| port.origin.to_string()).collect();
    let passed = "services.api.compose.ports";
    assert_eq!(ports, [format!("{passed}[0]"), "services.api.publish[0]".to_owned(), format!("{passed}[2]")]);
}

#[test]
fn top_level_keys_are_laid_over_the_sections() {
    let plan = plan(
        "
[stack]
name = 's'
[services.a]
image = 'a:1'
volumes = ['data:/data']
networks = ['...', 'mesh']
[compose]
x-team = 'ops'
volumes.data.driver_opts = { type = 'tmpfs', device = 'tmpfs' }
networks.mesh = { driver = 'bridge', attachable = true }
configs.site = { content = 'hello' }
",
    );
    assert_eq!(plan.problems, []);
    let sections: Map<String, Value> =
        model::sections(&plan).iter().map(|(key, value)| (key.clone(), shown(value))).collect();
    let expected = json!({
        // It has another way out.
        "networks": { "internal": { "internal": true }, "mesh": { "driver": "bridge", "attachable": true } },
        "volumes": { "data": { "driver_opts": { "type": "tmpfs", "device": "tmpfs" } } },
        "x-team": "ops",
        "configs": { "site": { "content": "hello" } },
    });
    assert_eq!(Value::Object(sections), expected);
}

#[test]
fn labels_of_its_own_are_read_back_as_routers() {
    let plan = plan(
        "
[stack]
name = 's'
host = 'example.com'
[services.proxy]
kind = 'traefik'
version = '3.6'
entrypoints.web = { port = 80 }
static.providers.file.directory = '/dynamic'
[services.app]
image = 'app:1'
port = 8000
routes.site = {}
[services.app.labels]
\"traefik.http.routers.s-app-site.priority\" = 5
\"traefik.http.routers.extra.rule\" = 'Host(`extra.example.com`)'
\"traefik.http.routers.extra.middlewares\" = 'strip, sso@file'
\"traefik.http.middlewares.strip.stripprefix.prefixes\" = '/x'
\"traefik.http.routers.extra.service\" = 's-app'
[services.raw]
image = 'raw:1'
[services.raw.compose.labels]
\"traefik.http.routers.raw.rule\" = 'Path(`/raw`)'
\"traefik.http.services.raw.loadbalancer.server.port\" = 9000
",
    );
    let routers = &plan.services["app"].routers;
    let seen: Vec<_> = routers.iter().map(|router| (router.name.as_str(), router.priority, router.port)).collect();
    assert_eq!(seen, [("s-app-site", 5, 8000), ("extra", 25, 8000)]);
    let names: Vec<_> = routers[1].middlewares.iter().map(stackgen::plan::MiddlewareUse::name).collect();
    assert_eq!(names, ["strip", "sso@file"]);
    let raw = &plan.services["raw"];
    assert_eq!((raw.routers[0].port, raw.routers[0].entry_point.as_str()), (9000, "web"));
    assert_eq!(raw.networks, ["edge"]);
    assert_eq!(raw.labels["traefik.enable"].to_compose(), "true");
    assert_eq!(raw.labels["stackgen.edge"].to_compose(), "${COMPOSE_PROJECT_NAME}");
}

fn plan(manifest: &str) -> Plan {
    let rendered = Rendered::of("passed", manifest, None);
    rendered.plans.into_iter().next().expect("a plan")
}

/// A value as JSON, with its texts as Compose reads them.
fn shown(raw: &Raw) -> Value {
    match raw.plain() {
        Raw::Null => Value::Null,
        Raw::Bool(value) => json!(value),
        Raw::Int(value) => json!(value),
        Raw::Float(value) => json!(value),
        Raw::Text(text) => json!(text.to_compose()),
        Raw::List(items) => items.iter().map(shown).collect(),
        Raw::Map(map) => map.iter().map(|(key, value)| (key.clone(), shown(value))).collect::<Map<_, _>>().into(),
        Raw::Noted(..) => unreachable!("plain"),
    }
}

/// The volumes, networks and secrets that the fragments name.
fn declared(fragments: &[Value]) -> Value {
    let mut sections: Map<String, Value> = Map::new();
    for (section, key) in [("networks", "networks"), ("secrets", "secrets"), ("configs", "configs")] {
        for name in fragments.iter().filter_map(|fragment| fragment[key].as_object()).flat_map(Map::keys) {
            sections.entry(section).or_insert_with(|| json!({}))[name] = json!({});
        }
    }
    Value::Object(sections)
}

/// A value of a fragment as TOML; a `$` is doubled, so that it stands for itself.
fn to_toml(value: &Value) -> toml::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().expect("a number").into(), toml::Value::from)
        }
        Value::String(text) => text.replace('$', "$$").into(),
        Value::Array(items) => toml::Value::Array(items.iter().map(to_toml).collect()),
        Value::Object(map) => {
            toml::Value::Table(map.iter().map(|(key, value)| (key.clone(), to_toml(value))).collect())
        }
        Value::Null => unreachable!("TOML has no null"),
    }
}

/// What Compose makes of the doubled `$` of a rendered value.
fn undoubled(value: &Value) -> Value {
    match value {
        Value::String(text) => text.replace("$$", "$").into(),
        Value::Array(items) => items.iter().map(undoubled).collect(),
        Value::Object(map) => {
            map.iter().map(|(key, value)| (key.clone(), undoubled(value))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// The same fragments in every run.
fn fragments(count: usize) -> Vec<Value> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = fragment();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("a fragment").current()).collect()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8}", "[ -~]{0,20}", "[a-zäß💥$\"'\\\\:#{}&*!%@`|>-]{1,12}"]
        // Words of stackgen's own that mean something there.
        .prop_filter("no word of stackgen's", |text| text != "..." && text != "!reset")
}

fn word() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,7}"
}

/// Anything below a key that Compose does not look into.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1.0e6..1.0e6).prop_map(|number: f64| json!(number)),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4)
                .prop_map(|map| map.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

/// One key of a service and a value that Compose takes there.
fn entry() -> impl Strategy<Value = (String, Value)> {
    let key = |name: &str| Just(name.to_owned());
    let texts = || prop::collection::vec(text(), 1..4).prop_map(Value::from);
    let words = || prop::collection::btree_set(word(), 1..4).prop_map(|set| json!(set));
    let pairs = || prop::collection::btree_map(word(), text(), 1..4).prop_map(|map| json!(map));
    let port = prop_oneof![
        (1u16..60000, 1u16..60000).prop_map(|(host, target)| json!(format!("{host}:{target}"))),
        (1u16..60000).prop_map(|target| json!(target.to_string())),
        (1u16..60000, 1u16..60000).prop_map(|(host, target)| {
            json!({ "target": target, "published": host.to_string(), "protocol": "udp", "mode": "host" })
        }),
    ];
    let volume = prop_oneof![
        word().prop_map(|name| json!(format!("/var/{name}"))),
        word().prop_map(|name| json!({ "type": "tmpfs", "target": format!("/tmp/{name}"), "tmpfs": { "size": 1024 } })),
        word().prop_map(|name| {
            json!({ "type": "bind", "source": format!("./{name}"), "target": format!("/mnt/{name}"), "read_only": true })
        }),
    ];
    let probe = (1u16..60, 1u8..9, text()).prop_map(|(seconds, retries, word)| {
        json!({ "test": ["CMD", word], "interval": format!("{seconds}s"), "retries": retries })
    });
    let deploy = (0u8..4, 1u16..900).prop_map(|(replicas, memory)| {
        json!({ "replicas": replicas, "resources": { "limits": { "memory": format!("{memory}m") } } })
    });
    let network = prop::collection::btree_map(word(), words(), 1..3).prop_map(|map| {
        let networks = map.into_iter().map(|(name, aliases)| (name, json!({ "aliases": aliases })));
        networks.collect::<Map<_, _>>().into()
    });
    prop_oneof![
        ("x-[a-z]{1,6}", anything()),
        (key("environment"), pairs()),
        (key("labels"), pairs()),
        (key("annotations"), pairs()),
        (key("command"), texts()),
        (key("entrypoint"), texts()),
        (key("dns"), Just(json!(["1.1.1.1", "9.9.9.9"]))),
        (key("extra_hosts"), word().prop_map(|name| json!({ name: "10.0.0.1" }))),
        (key("cap_add"), Just(json!(["NET_ADMIN"]))),
        (key("sysctls"), (0u16..9).prop_map(|count| json!({ "net.core.somaxconn": count }))),
        (
            key("ulimits"),
            (1u16..9999).prop_map(|count| json!({ "nproc": count, "nofile": { "soft": 1, "hard": count } }))
        ),
        (key("ports"), prop::collection::vec(port, 1..3).prop_map(Value::from)),
        (key("volumes"), prop::collection::vec(volume, 1..3).prop_map(Value::from)),
        (key("healthcheck"), probe),
        (key("deploy"), deploy),
        (key("networks"), network),
        (key("init"), any::<bool>().prop_map(Value::from)),
        (key("privileged"), any::<bool>().prop_map(Value::from)),
        (key("oom_score_adj"), (1i64..1000).prop_map(Value::from)),
        (key("shm_size"), (1u16..900).prop_map(|size| json!(format!("{size}m")))),
        (key("working_dir"), word().prop_map(|name| json!(format!("/{name}")))),
        (key("logging"), pairs().prop_map(|options| json!({ "driver": "syslog", "options": options }))),
        (
            key("develop"),
            word().prop_map(|path| json!({ "watch": [{ "path": format!("./{path}"), "action": "restart" }] }))
        ),
    ]
}

fn fragment() -> impl Strategy<Value = Value> {
    prop::collection::vec(entry(), 1..5).prop_map(|entries| {
        // What was planned is not replaced but merged; here nothing but the image is planned.
        entries.into_iter().collect::<Map<_, _>>().into()
    })
}
