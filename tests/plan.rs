//! What a manifest means: each test writes one and looks at the plan.

use stackgen::plan::{Condition, Plan, Text};
use stackgen::project::{Analysis, Project};
use stackgen::source::Source;

fn analyse(text: &str) -> Analysis {
    Project::from_source(Source::new("services.toml", ".", text.to_owned())).analyse().expect("stackgen works")
}

/// The plans of a manifest that has nothing wrong with it.
fn plans(text: &str) -> Vec<Plan> {
    let analysis = analyse(text);
    let errors: Vec<&str> = analysis.report.findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(!analysis.report.has_errors(), "{errors:?}");
    analysis.plans
}

fn plan(text: &str) -> Plan {
    plans(text).remove(0)
}

fn env(plan: &Plan, service: &str, name: &str) -> String {
    plan.services[service].environment[name].to_compose()
}

const TWO: &str = "[stack]\nname = 's'\nenvironments = ['dev', 'prod']\n";

#[test]
fn every_row_of_the_table_of_variables() {
    let text = format!(
        "{TWO}
[services.a]
image = 'a:1'
[services.a.env]
REQUIRED = {{ help = 'why' }}
DEFAULT = {{ default = 5 }}
IN_PROD = {{ default = 'd', required = ['prod'] }}
IN_PROD_BARE = {{ required = ['prod'] }}
ALWAYS = {{ default = 'd', required = true }}
NEVER = {{ required = false }}
FLOAT = {{ default = 30.0 }}
LITERAL = true
"
    );
    let plans = plans(&text);
    let both = |name: &str| [env(&plans[0], "a", name), env(&plans[1], "a", name)];
    assert_eq!(both("REQUIRED"), ["${REQUIRED:?why}", "${REQUIRED:?why}"]);
    assert_eq!(both("DEFAULT"), ["${DEFAULT:-5}", "${DEFAULT:-5}"]);
    assert_eq!(both("IN_PROD"), ["${IN_PROD:-d}", "${IN_PROD:?run `stackgen env --write`, or see the env example}"]);
    assert_eq!(
        both("IN_PROD_BARE"),
        ["${IN_PROD_BARE:-}", "${IN_PROD_BARE:?run `stackgen env --write`, or see the env example}"]
    );
    assert_eq!(
        both("ALWAYS"),
        [
            "${ALWAYS:?run `stackgen env --write`, or see the env example}",
            "${ALWAYS:?run `stackgen env --write`, or see the env example}"
        ]
    );
    assert_eq!(both("NEVER"), ["${NEVER:-}", "${NEVER:-}"]);
    assert_eq!(both("FLOAT"), ["${FLOAT:-30.0}", "${FLOAT:-30.0}"]);
    assert_eq!(both("LITERAL"), ["true", "true"]);
}

#[test]
fn an_overlay_changes_takes_away_and_adds() {
    let text = format!(
        "{TWO}
[defaults]
restart = 'always'
[services.a]
image = 'a:1'
health = ['true']
limits = {{ memory = '1g', cpus = 1 }}
volumes = ['data:/data']
env = {{ KEEP = 'k', CHANGE = 'base', GO = 'gone' }}
[environments.prod.services.a]
health = false
limits.memory = '2g'
volumes = ['...', 'more:/more']
env = {{ CHANGE = 'prod', GO = {{ unset = true }}, NEW = 'n' }}
"
    );
    let plans = plans(&text);
    let [dev, prod] = [&plans[0].services["a"], &plans[1].services["a"]];
    assert!(dev.health.is_some() && prod.health.is_none());
    let limits = prod.limits.clone().expect("limits");
    assert_eq!((limits.memory.as_deref(), limits.cpus), (Some("2g"), Some(1.0)));
    let mounts: Vec<String> = prod.volumes.iter().map(|mount| mount.text.to_compose()).collect();
    assert_eq!(mounts, ["data:/data", "more:/more"]);
    let names: Vec<&String> = prod.environment.keys().collect();
    assert_eq!(names, ["KEEP", "CHANGE", "NEW"]);
    assert_eq!(env(&plans[1], "a", "CHANGE"), "prod");
    assert_eq!(dev.restart.as_deref(), Some("always"));
}

#[test]
fn false_blocks_a_default_and_a_stronger_layer_gives_it_back() {
    let text = format!(
        "{TWO}
[defaults]
limits = {{ memory = '1g' }}
[services.a]
image = 'a:1'
limits = false
[environments.prod.services.a.limits]
memory = '2g'
"
    );
    let plans = plans(&text);
    assert_eq!(plans[0].services["a"].limits, None);
    assert_eq!(plans[1].services["a"].limits.clone().and_then(|limits| limits.memory).as_deref(), Some("2g"));
}

const CHAIN: &str = "
[stack]
name = 's'
[services.db]
kind = 'redis'
version = '7'
[services.api]
image = 'api:1'
port = 8000
publish = true
env.REDIS_URL = '${services.db.url}/0'
[services.web]
image = 'web:1'
env = { API = 'http://${services.api.address}', PUBLIC = '${services.api.public-url}', ME = '${service.name}', STACK = '${stack.name}-${environment.name}' }
[services.lonely]
image = 'lonely:1'
";

#[test]
fn a_reference_is_a_value_a_dependency_and_a_network() {
    let plan = plan(CHAIN);
    assert_eq!(env(&plan, "api", "REDIS_URL"), "redis://db:6379/0");
    assert_eq!(env(&plan, "web", "API"), "http://api:8000");
    assert_eq!(env(&plan, "web", "PUBLIC"), "http://localhost:${API_HOST_PORT:-8000}");
    assert_eq!(env(&plan, "web", "ME"), "web");
    assert_eq!(env(&plan, "web", "STACK"), "s-default");
    let condition = |from: &str, to: &str| plan.services[from].depends_on[to].condition;
    assert_eq!(condition("api", "db"), Condition::Healthy);
    assert_eq!(condition("web", "api"), Condition::Started, "api has no probe");
    assert!(plan.services["lonely"].depends_on.is_empty());
    for service in plan.services.values() {
        assert_eq!(service.networks, ["internal"], "{}", service.name);
    }
    assert!(!plan.networks["internal"].internal, "applications on it have no other way out");
}

#[test]
fn a_dependency_can_be_cut_and_the_network_stays() {
    let text = CHAIN
        .replace("[services.lonely]", "[services.web.depends-on]\napi = false\nlonely = 'started'\n[services.lonely]");
    let plan = plan(&text);
    let names: Vec<&String> = plan.services["web"].depends_on.keys().collect();
    assert_eq!(names, ["lonely"]);
    assert_eq!(env(&plan, "web", "API"), "http://api:8000");
}

#[test]
fn a_public_address_or_a_name_makes_no_dependency() {
    let text = "
[stack]
name = 's'
[services.a]
image = 'a:1'
port = 1000
publish = true
env.B = '${services.b.public-url} ${services.b.name} ${services.b.image}'
[services.b]
image = 'b:1'
port = 2000
publish = 2001
env.A = '${services.a.address}'
";
    let plan = plan(text);
    assert!(plan.services["a"].depends_on.is_empty());
    assert_eq!(env(&plan, "a", "B"), "http://localhost:${B_HOST_PORT:-2001} b b:1");
}

const ROUTED: &str = "
[stack]
name = 's'
host = 'app.example.com'
[services.proxy]
kind = 'traefik'
version = '3.6'
[services.proxy.entrypoints]
web = { port = 80, redirect-to = 'websecure' }
websecure = { port = 443, tls = true, middlewares = ['compress'] }
[services.proxy.static.providers.file]
directory = '/dynamic'
[services.app]
image = 'app:1'
port = 8000
[services.app.routes]
site = {}
api = { path = ['/api', '/v1/api'], strip-prefix = true, middlewares = ['limit', 'sso@file'] }
admin = { path = '/x/admin', host = ['a.example.com', 'b.example.com'], strip-prefix = '/x', priority = 7 }
[middlewares]
compress.compress = {}
limit.rateLimit = { average = 100, sourceCriterion = { ipStrategy = { depth = 2 } } }
";

#[test]
fn a_route_becomes_one_router_per_path_and_entry_point() {
    let plan = plan(ROUTED);
    let routers = &plan.services["app"].routers;
    let seen: Vec<(&str, String, i64)> =
        routers.iter().map(|router| (router.name.as_str(), router.rule.to_compose(), router.priority)).collect();
    let expected = [
        ("s-app-site", "Host(`app.example.com`)", 10_001),
        ("s-app-api-api", "Host(`app.example.com`) && (Path(`/api`) || PathPrefix(`/api/`))", 10_004),
        ("s-app-api-v1-api", "Host(`app.example.com`) && (Path(`/v1/api`) || PathPrefix(`/v1/api/`))", 10_007),
        (
            "s-app-admin",
            "(Host(`a.example.com`) || Host(`b.example.com`)) && (Path(`/x/admin`) || PathPrefix(`/x/admin/`))",
            7,
        ),
    ];
    let expected: Vec<(&str, String, i64)> =
        expected.iter().map(|(name, rule, priority)| (*name, (*rule).to_owned(), *priority)).collect();
    assert_eq!(seen, expected);
    assert!(routers.iter().all(|router| router.entry_point == "websecure" && router.tls.is_some()));
}

#[test]
fn middlewares_are_those_of_the_entry_point_then_the_prefix_then_the_routes_own() {
    let plan = plan(ROUTED);
    let labels = &plan.services["app"].labels;
    let label = |name: &str| labels.get(name).map(Text::to_compose);
    assert_eq!(
        label("traefik.http.routers.s-app-api-api.middlewares").as_deref(),
        Some("s-app-compress,s-app-api-api-strip,s-app-limit,sso@file")
    );
    assert_eq!(label("traefik.http.middlewares.s-app-compress.compress").as_deref(), Some("true"));
    assert_eq!(label("traefik.http.middlewares.s-app-limit.rateLimit.average").as_deref(), Some("100"));
    assert_eq!(
        label("traefik.http.middlewares.s-app-limit.rateLimit.sourceCriterion.ipStrategy.depth").as_deref(),
        Some("2")
    );
    assert_eq!(label("traefik.http.middlewares.s-app-admin-strip.stripprefix.prefixes").as_deref(), Some("/x"));
}

#[test]
fn data_stores_stay_off_the_edge_and_get_no_way_out() {
    let db = "[services.db]\nkind = 'redis'\nversion = '7'\n[services.app.env]\nURL = '${services.db.url}'\n";
    let plan = plan(&format!("{ROUTED}{db}"));
    assert_eq!(plan.services["app"].networks, ["edge", "internal"]);
    assert_eq!(plan.services["db"].networks, ["internal"]);
    assert_eq!(plan.services["proxy"].networks, ["edge"]);
    assert!(plan.networks["internal"].internal);
}

#[test]
fn host_ports_follow_the_port_and_the_offset() {
    let text = format!(
        "{TWO}
[services.a]
image = 'a:1'
port = 3000
publish = true
[services.b]
image = 'b:1'
publish = ['8080-8081:80-81/udp', '127.0.0.2:9000:9000']
[environments.prod.stack]
port-offset = 20000
bind = '0.0.0.0'
"
    );
    let plans = plans(&text);
    let ports = |plan: &Plan, name: &str| -> Vec<String> {
        plan.services[name].ports.iter().map(|port| port.text.to_compose()).collect()
    };
    assert_eq!(ports(&plans[0], "a"), ["127.0.0.1:${A_HOST_PORT:-3000}:3000"]);
    assert_eq!(ports(&plans[1], "a"), ["0.0.0.0:${A_HOST_PORT:-23000}:3000"]);
    assert_eq!(ports(&plans[1], "b"), ["8080-8081:80-81/udp", "127.0.0.2:9000:9000"]);
}

#[test]
fn only_what_an_environment_uses_is_asked_of_its_operator() {
    let text = format!(
        "{TWO}
[variables]
SHARED = {{ default = 'x' }}
UNUSED = {{ default = 'x' }}
[services.a]
image = 'a:1'
env = {{ A = '${{SHARED}}' }}
[services.b]
image = 'b:1'
environments = ['prod']
env = {{ B = '${{SHARED}}', ONLY_HERE = {{ secret = true }} }}
"
    );
    let plans = plans(&text);
    let names = |plan: &Plan| -> Vec<String> { plan.variables.keys().cloned().collect() };
    assert_eq!(names(&plans[0]), ["SHARED"]);
    assert_eq!(names(&plans[1]), ["SHARED", "ONLY_HERE"]);
    assert_eq!(plans[1].variables["SHARED"].readers, ["a", "b"]);
}

#[test]
fn a_plain_image_is_hardened_only_as_far_as_any_image_bears_it() {
    let plan = plan("[stack]\nname = 's'\n[services.a]\nimage = 'a:1'\n");
    let service = &plan.services["a"];
    assert!(service.no_new_privileges);
    assert!(!service.drop_capabilities && !service.init && !service.read_only);
    assert_eq!((service.restart.as_deref(), service.stop_grace.as_str()), (None, "10s"));
}

#[test]
fn a_probe_that_is_passed_through_decides_what_others_wait_for() {
    let text = "
[stack]
name = 's'
[services.a]
image = 'a:1'
env = { B = '${services.b.host}', C = '${services.c.host}' }
[services.b]
kind = 'redis'
version = '7'
compose.healthcheck.disable = true
[services.c]
image = 'c:1'
compose.healthcheck.test = ['CMD', 'c', 'ping']
";
    let plan = plan(text);
    let condition = |name: &str| plan.services["a"].depends_on[name].condition;
    assert_eq!((condition("b"), condition("c")), (Condition::Started, Condition::Healthy));
}

#[test]
fn the_network_of_the_host_takes_the_place_of_the_derived_ones() {
    let plan = plan("[stack]\nname = 's'\n[services.a]\nimage = 'a:1'\ncompose.network_mode = 'host'\n");
    assert!(plan.services["a"].networks.is_empty());
}

#[test]
fn what_is_planned_keeps_its_place_beside_what_is_passed_through() {
    let text = "
[stack]
name = 's'
[services.a]
image = 'a:1'
port = 8000
publish = true
volumes = ['data:/data']
env.B = '${services.b.host}'
[services.a.compose]
ports = ['...', '9000:9000']
volumes = ['...', 'more:/more']
depends_on = { c = { condition = 'service_started', required = false } }
[services.b]
image = 'b:1'
[services.c]
image = 'c:1'
";
    let plan = plan(text);
    let service = &plan.services["a"];
    let ports: Vec<String> = service.ports.iter().map(|port| port.origin.to_string()).collect();
    assert_eq!(ports, ["services.a.publish", "services.a.compose.ports[1]"]);
    let volumes: Vec<String> = service.volumes.iter().map(|mount| mount.origin.to_string()).collect();
    assert_eq!(volumes, ["services.a.volumes[0]", "services.a.compose.volumes[1]"]);
    let dependency = |name: &str| (service.depends_on[name].origin.to_string(), service.depends_on[name].required);
    assert_eq!(dependency("b"), ("services.a.env.B".to_owned(), true));
    assert_eq!(dependency("c"), ("services.a.compose.depends_on.c".to_owned(), false));
}

/// Services of two environments, of which each has a database.
fn databases(dev: &str, prod: &str) -> Vec<Plan> {
    plans(&format!(
        "{TWO}
[variables]
DB_PASSWORD = {{ secret = true }}
[services.db]
kind = 'postgres'
version = '17'
password = '${{DB_PASSWORD}}'
[environments.dev.services]
db = {{ databases = {dev} }}
[environments.prod.services]
db = {{ databases = {prod} }}
"
    ))
}

#[test]
fn environments_that_want_the_same_of_a_file_share_it() {
    let shared = databases("['a', 'b']", "['a', 'b']");
    for plan in &shared {
        let file = &plan.services["db"].files[0];
        assert_eq!((file.path.as_str(), file.is_shared), ("docker/db/00-databases.sql", true));
        let mount = plan.services["db"].volumes[0].text.to_compose();
        assert_eq!(mount, "./docker/db/00-databases.sql:/docker-entrypoint-initdb.d/00-databases.sql:ro");
    }
    let own = databases("['a']", "['b']");
    for plan in &own {
        let path = format!("docker/{}/db/00-databases.sql", plan.environment);
        let file = &plan.services["db"].files[0];
        assert_eq!((&file.path, file.is_shared), (&path, false));
        let mount = plan.services["db"].volumes[0].text.to_compose();
        assert_eq!(mount, format!("./{path}:/docker-entrypoint-initdb.d/00-databases.sql:ro"));
    }
    let only = databases("['a']", "[]");
    let file = &only[0].services["db"].files[0];
    assert_eq!((file.path.as_str(), file.is_shared), ("docker/db/00-databases.sql", false));
    assert_eq!(only[1].services["db"].files, []);
}

#[test]
fn what_a_kind_calls_something_else_is_no_key_of_its_services() {
    let text = "[stack]\nname = 's'\n[variables]\nDB_PASSWORD = { secret = true }\n[defaults]\nuser = 1000\n\
                [services.db]\nkind = 'postgres'\nversion = '18-bookworm'\nuser = 'keeper'\npassword = '${DB_PASSWORD}'\n\
                [services.web]\nimage = 'web:1'\nenv.URL = '${services.db.url}'\nenv.WHO = '${services.db.user}'\n";
    let plan = plan(text);
    let db = &plan.services["db"];
    assert_eq!(db.user.as_deref(), Some("999:999"));
    assert_eq!(db.environment["POSTGRES_USER"].to_compose(), "keeper");
    assert_eq!(db.environment["POSTGRES_DB"].to_compose(), "keeper");
    assert_eq!(db.image.as_ref().map(Text::to_compose).as_deref(), Some("postgres:18-bookworm"));
    assert_eq!(db.volumes[0].text.to_compose(), "db-data:/var/lib/postgresql");
    assert_eq!(plan.services["web"].user.as_deref(), Some("1000:1000"));
    assert_eq!(env(&plan, "web", "WHO"), "keeper");
    assert_eq!(
        env(&plan, "web", "URL"),
        "postgresql://keeper:${DB_PASSWORD:?run `stackgen env --write`, or see the env example}@db:5432/keeper"
    );
}

#[test]
fn a_password_that_is_a_file_reaches_the_database_as_its_image_wants_it() {
    let plan = plan(
        "[stack]\nname = 's'\n[variables]\nDB_PASSWORD = { secret = true, file = true }\n\
         [services.db]\nkind = 'postgres'\nversion = '17'\npassword = '${DB_PASSWORD}'\n",
    );
    let db = &plan.services["db"];
    assert_eq!(db.environment["POSTGRES_PASSWORD_FILE"].to_compose(), "/run/secrets/DB_PASSWORD");
    assert!(!db.environment.contains_key("POSTGRES_PASSWORD"));
    assert_eq!(db.secrets, ["DB_PASSWORD"]);
}

#[test]
fn the_public_address_is_one_for_requests() {
    let text = |stack: &str, publish: &str| {
        format!(
            "[stack]\nname = 's'\nhost = 'localhost'\n{stack}
[services.traefik]
kind = 'traefik'
version = '3.6'
entrypoints = {{ web = {{ port = 80 }}, mqtt = {{ port = 1883 }} }}
[services.broker]
image = 'broker:1'
port = 8080
{publish}
routes.mqtt = {{ protocol = 'tcp', entrypoints = ['mqtt'] }}
[services.page]
image = 'page:1'
env.URL = '${{services.broker.public-url}}'\n"
        )
    };
    let routed = format!("{}\n[services.broker.routes.ui]\npath = '/ui'\n", text("", ""));
    assert_eq!(env(&plan(&routed), "page", "URL"), "http://localhost/ui");
    let of = |bind: &str| env(&plan(&text(bind, "publish = true")), "page", "URL");
    assert_eq!(of(""), "http://localhost:${BROKER_HOST_PORT:-8080}");
    assert_eq!(of("bind = '0.0.0.0'"), "http://localhost:${BROKER_HOST_PORT:-8080}");
    assert_eq!(of("bind = '10.0.0.5'"), "http://10.0.0.5:${BROKER_HOST_PORT:-8080}");
    assert_eq!(of("bind = 'fd00::5'"), "http://[fd00::5]:${BROKER_HOST_PORT:-8080}");
    assert!(analyse(&text("", "")).report.has_errors(), "a connection has no URL");
}

#[test]
fn requests_go_to_no_entry_point_that_connections_take_whole() {
    let of = |entry_point: &str, route: &str| {
        let plan = plan(&format!(
            "[stack]\nname = 's'\nhost = 'localhost'
[services.traefik]
kind = 'traefik'
version = '3.6'
entrypoints = {{ web = {{ port = 80 }}, other = {{ {entry_point} }} }}
[services.a]
image = 'a:1'
port = 80
routes.api = {{ path = '/api' }}
routes.t = {{ protocol = 'tcp', entrypoints = ['other'], {route} }}\n"
        ));
        let routers = plan.services["a"].routers.iter().filter(|router| router.path.is_some());
        routers.map(|router| router.entry_point.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("port = 1883", ""), ["web"]);
    assert_eq!(of("port = 1883", "rule = 'HostSNI(`*`)'"), ["web"]);
    assert_eq!(of("port = 1883", "rule = 'ClientIP(`10.0.0.1`)'"), ["web", "other"], "some connections");
    assert_eq!(of("port = 443, tls = true", ""), ["web", "other"], "of TLS the hosts of requests come first");
    assert_eq!(of("port = 443, tls = true", "sni = 'a.localhost'"), ["web", "other"]);
}
