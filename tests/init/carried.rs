//! What a compose file says and nobody would miss until it is gone: where data is, networks with addresses, who asks for
//! a password.

use std::fs;

use crate::described::Described;
use crate::support::everything_said;
use crate::{init, works};

/// A database server with this in `volumes`, and what stands beside the services.
fn postgres(tag: &str, mount: &str, beside: &str) -> Described {
    let compose = format!(
        "services:\n  db:\n    image: postgres:{tag}\n    environment:\n      POSTGRES_PASSWORD: ${{DB_PASSWORD}}\n    \
         volumes:\n      - {mount}\n{beside}"
    );
    Described::of(&[("compose.yml", &compose)])
}

#[test]
fn a_directory_of_the_host_stays_the_place_of_the_data() {
    for (mount, persist, rendered) in [
        ("/srv/pg:/var/lib/postgresql/data", "persist = \"/srv/pg\"", "- \"/srv/pg:/var/lib/postgresql/data\""),
        ("./data/pg:/var/lib/postgresql/data/", "persist = \"./data/pg\"", "- \"./data/pg:/var/lib/postgresql/data\""),
        ("~/pg:/var/lib/postgresql/data", "persist = \"~/pg\"", "- \"~/pg:/var/lib/postgresql/data\""),
    ] {
        let made = postgres("17-alpine", mount, "");
        made.says("kind = \"postgres\"").says(persist);
        assert!(made.rendered().contains(rendered), "{}", made.rendered());
    }
}

#[test]
fn a_mount_of_data_with_a_variable_or_an_option_stays_as_it_is() {
    for mount in ["${DATA:-/srv}/pg:/var/lib/postgresql/data", "/srv/pg:/var/lib/postgresql/data:Z"] {
        let made = postgres("17-alpine", mount, "");
        made.says("kind = \"postgres\"").says("persist = false").says(&format!("volumes = [\"{mount}\"]"));
        assert!(made.rendered().contains(mount), "{}", made.rendered());
        assert!(!made.rendered().contains("db-data"), "{}", made.rendered());
    }
}

#[test]
fn a_mount_where_another_version_keeps_its_data_is_told() {
    let made = postgres("15-alpine", "pg:/var/lib/postgresql", "volumes: {pg: {}}\n");
    assert!(!made.text.contains("persist"), "{}", made.text);
    made.says("mind the data").tells("keeps it in /var/lib/postgresql/data, which is empty then");
}

#[test]
fn what_a_volume_is_made_of_is_handed_on() {
    let beside = "volumes:\n  pg:\n    driver_opts: {type: none, o: bind, device: /mnt/disk/pg}\n";
    let made = postgres("17-alpine", "pg:/var/lib/postgresql/data", beside);
    made.says("persist = \"pg\"").says("[compose.volumes]\npg = { driver_opts = {");
    assert!(made.rendered().contains("device: \"/mnt/disk/pg\""), "{}", made.rendered());
}

#[test]
fn a_secret_among_the_options_of_a_volume_is_told_and_not_copied() {
    let beside =
        "volumes:\n  pg:\n    driver_opts: {type: cifs, o: \"username=joe,password=PLANT9Qx\", device: //nas/pg}\n";
    let made = postgres("17-alpine", "pg:/var/lib/postgresql/data", beside);
    assert!(!made.text.contains("PLANT") && !made.said.contains("PLANT"), "{}\n{}", made.text, made.said);
    made.tells("`driver_opts` of `pg`").tells("[compose.volumes.pg]").tells("another one, and empty");
}

#[test]
fn volumes_with_names_of_their_own_keep_them() {
    let beside = "volumes:\n  pg: {external: true, name: old_pg}\n";
    let made = postgres("17-alpine", "pg:/var/lib/postgresql/data", beside);
    made.says("persist = \"pg\"").says("pg = { name = \"old_pg\", external = true }");
}

#[test]
fn certificates_stay_where_they_are() {
    let compose = |storage: &str, mount: &str| {
        format!(
            "services:\n  proxy:\n    image: traefik:v3.6\n    command:\n      - --providers.docker=true\n      - \
             --entrypoints.web.address=:80\n      - --entrypoints.websecure.address=:443\n      - \
             --entrypoints.websecure.http.tls.certresolver=le\n      - \
             --certificatesresolvers.le.acme.email=me@example.org\n      - \
             --certificatesresolvers.le.acme.storage={storage}\n      - \
             --certificatesresolvers.le.acme.httpchallenge.entrypoint=web\n    ports: ['80:80', '443:443']\n    \
             volumes:\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n      - {mount}\n  web:\n    image: \
             nginx:1.28-alpine\n    labels:\n      - traefik.enable=true\n      - \
             traefik.http.routers.web.rule=Host(`shop.example.org`)\n      - \
             traefik.http.routers.web.entrypoints=websecure\n      - \
             traefik.http.services.web.loadbalancer.server.port=80\n"
        )
    };
    let made = Described::of(&[("compose.yml", &compose("/acme/acme.json", "/opt/acme:/acme"))]);
    made.says("persist = \"/opt/acme\"");
    assert!(made.rendered().contains("/opt/acme:/certificates"), "{}", made.rendered());
    let made = Described::of(&[("compose.yml", &compose("/le.json", "./le.json:/le.json"))]);
    made.tells("its certificates: they are in /le.json");
}

#[test]
fn a_network_with_addresses_and_a_place_on_it_are_carried_over() {
    let compose = "services:\n  dns:\n    image: nginx:1.28-alpine\n    networks: {lan: {ipv4_address: 172.28.0.53, \
                   aliases: [pi]}}\n  plain:\n    image: nginx:1.28-alpine\n    networks: [web]\nnetworks:\n  web: {}\n  \
                   lan: {ipam: {config: [{subnet: 172.28.0.0/24}]}}\n";
    let made = Described::of(&[("compose.yml", compose)]);
    made.says("lan = { subnet = \"172.28.0.0/24\" }").says("networks = [\"lan\"]");
    let rendered = made.rendered();
    assert!(rendered.contains("ipv4_address: \"172.28.0.53\"") && rendered.contains("- \"pi\""), "{rendered}");
    // The two are on no network together, as before.
    assert!(!rendered.contains("      internal: null\n      lan:\n"), "{rendered}");
    assert!(!made.text.contains("\"web\""), "{}", made.text);
}

#[test]
fn a_network_of_another_driver_is_handed_on() {
    let compose = "services:\n  dns:\n    image: nginx:1.28-alpine\n    networks: {lan: {ipv4_address: 10.9.0.53}}\n\
                   networks:\n  lan:\n    driver: macvlan\n    driver_opts: {parent: eth0}\n    ipam: {config: [{subnet: \
                   10.9.0.0/24, gateway: 10.9.0.1}]}\n";
    let made = Described::of(&[("compose.yml", compose)]);
    made.says("[compose.networks]\nlan = { driver = \"macvlan\"");
    let rendered = made.rendered();
    assert!(rendered.contains("parent: \"eth0\"") && rendered.contains("gateway: \"10.9.0.1\""), "{rendered}");
}

#[test]
fn the_network_that_goes_without_saying_may_be_somebody_elses() {
    let compose = "services:\n  web:\n    image: nginx:1.28-alpine\n    ports: ['8080:80']\nnetworks:\n  default: \
                   {external: true, name: shared}\n";
    let made = Described::of(&[("compose.yml", compose)]);
    made.says("default = { name = \"shared\", external = true }").says("networks = [\"...\", \"default\"]");
}

#[test]
fn a_network_without_a_way_out_is_told() {
    let compose = "services:\n  web:\n    image: nginx:1.28-alpine\n    networks: [data]\nnetworks:\n  data: {internal: \
                   true}\n";
    let made = Described::of(&[("compose.yml", compose)]);
    made.says("internal = { internal = true }");
    assert!(made.rendered().contains("internal: true"), "{}", made.rendered());
    let open =
        compose.replace("networks: [data]", "networks: [data, other]").replace("  data: {", "  other: {}\n  data: {");
    let made = Described::of(&[("compose.yml", &open)]);
    made.tells("whether `data` can have no way out");
}

/// A proxy, and services behind it.
fn behind_traefik(flags: &[&str], labels: &[&str], rest: &str) -> Described {
    let list = |items: &[&str]| items.iter().map(|item| format!("      - \"{item}\"\n")).collect::<Vec<_>>().concat();
    let compose = format!(
        "services:\n  proxy:\n    image: traefik:v3.6\n    command:\n      - --providers.docker=true\n      - \
         --entrypoints.web.address=:80\n{}    ports: ['80:80']\n    volumes:\n      - \
         /var/run/docker.sock:/var/run/docker.sock:ro\n{rest}  app:\n    image: nginx:1.28-alpine\n    labels:\n      - \
         traefik.enable=true\n{}",
        list(flags),
        list(labels)
    );
    Described::of(&[("compose.yml", &compose)])
}

const RULE: &str = "traefik.http.routers.app.rule=Host(`app.example.org`)";
const HASH: &str = "basicauth.users=admin:$$apr1$$PLANT$$abcdefghijklmnopqrstu.";

#[test]
fn a_route_keeps_its_password_and_the_hash_becomes_a_variable() {
    let made = behind_traefik(
        &[],
        &[RULE, "traefik.http.routers.app.middlewares=door", &format!("traefik.http.middlewares.door.{HASH}")],
        "",
    );
    made.says("middlewares = [\"door@docker\"]")
        .says("\"traefik.http.middlewares.door.basicauth.users\" = \"${DOOR_USERS}\"");
    made.says("DOOR_USERS = { secret = true }").tells("set `DOOR_USERS` in .env");
    assert!(!made.text.contains("PLANT") && !made.said.contains("PLANT"), "{}\n{}", made.text, made.said);
    let rendered = made.rendered();
    assert!(rendered.contains("door@docker") && rendered.contains("basicauth.users: \"${DOOR_USERS:?"), "{rendered}");
}

#[test]
fn a_password_that_was_a_variable_stays_that_variable() {
    let labels = [
        RULE,
        "traefik.http.routers.app.middlewares=door@docker",
        "traefik.http.middlewares.door.basicauth.users=${DASHBOARD_USERS?}",
    ];
    let made = behind_traefik(&[], &labels, "");
    made.says("\"${DASHBOARD_USERS}\"").says("DASHBOARD_USERS = { secret = true }");
}

#[test]
fn the_dashboard_is_carried_over_with_its_password() {
    let rest = format!(
        "    labels:\n      - traefik.http.routers.dash.rule=Host(`proxy.example.org`)\n      - \
         traefik.http.routers.dash.service=api@internal\n      - traefik.http.routers.dash.middlewares=auth\n      - \
         \"traefik.http.middlewares.auth.{HASH}\"\n"
    );
    let made = behind_traefik(&["--api.dashboard=true"], &[RULE], &rest);
    made.says("\"traefik.http.routers.dash.middlewares\"         = \"auth\"");
    made.says("\"traefik.http.middlewares.auth.basicauth.users\" = \"${AUTH_USERS}\"");
    made.says("[services.proxy.static]\napi = { dashboard = true }");
    let rendered = made.rendered();
    for line in ["--api.dashboard=true", "api@internal", "stackgen.edge", "${AUTH_USERS:?"] {
        assert!(rendered.contains(line), "{line}\n{rendered}");
    }
}

#[test]
fn a_middleware_that_another_container_defines_is_kept_there_and_so_is_what_a_chain_uses() {
    let rest = format!(
        "    labels:\n      - traefik.enable=true\n      - \
         traefik.http.middlewares.all.chain.middlewares=auth,slow\n      - \
         traefik.http.middlewares.slow.ratelimit.average=10\n      - \"traefik.http.middlewares.auth.{HASH}\"\n"
    );
    let made = behind_traefik(&[], &[RULE, "traefik.http.routers.app.middlewares=all@docker"], &rest);
    made.says("middlewares = [\"all@docker\"]").says("\"${AUTH_USERS}\"").says("ratelimit.average");
}

#[test]
fn middlewares_of_an_entry_point_protect_what_is_behind_it_still() {
    let rest = format!("    labels:\n      - traefik.enable=true\n      - \"traefik.http.middlewares.auth.{HASH}\"\n");
    let made = behind_traefik(&["--entrypoints.web.http.middlewares=auth@docker"], &[RULE], &rest);
    made.says("middlewares = [\"auth@docker\"]").says("\"${AUTH_USERS}\"");
    // On each router of that entry point, and the proxy finds it on itself.
    let rendered = made.rendered();
    assert!(rendered.contains("middlewares: \"auth@docker\""), "{rendered}");
    assert_eq!(rendered.matches("stackgen.edge: \"${COMPOSE_PROJECT_NAME}\"").count(), 2, "{rendered}");
}

#[test]
fn one_address_with_two_protections_stays_two_routes() {
    let labels = [
        RULE,
        "traefik.http.routers.app.entrypoints=web",
        "traefik.http.routers.safe.rule=Host(`app.example.org`)",
        "traefik.http.routers.safe.entrypoints=other",
        "traefik.http.routers.safe.middlewares=door",
        &format!("traefik.http.middlewares.door.{HASH}"),
    ];
    let made = behind_traefik(&["--entrypoints.other.address=:8000"], &labels, "");
    made.says("safe = { path = \"/\", middlewares = [\"door@docker\"], entrypoints = [\"other\"] }");
    made.says("app  = { path = \"/\", entrypoints = [\"web\"] }");
}

#[test]
fn a_route_whose_protection_is_nowhere_is_no_route() {
    let made = behind_traefik(&[], &[RULE, "traefik.http.routers.app.middlewares=nowhere"], "");
    assert!(!made.text.contains("\n[services.app.routes]"), "{}", made.text);
    made.says("# `routes.app` was left out").tells("nowhere@docker");
    let rendered = made.rendered();
    assert!(!rendered.contains("app.example.org"), "{rendered}");
}

#[test]
fn further_flags_of_a_proxy_are_handed_on() {
    let flags = [
        "--providers.file.directory=/dyn",
        "--entrypoints.web.forwardedHeaders.trustedIPs=10.0.0.0/8",
        "--experimental.localPlugins.x.moduleName=y",
    ];
    let made = behind_traefik(&flags, &[RULE], "");
    made.says("[services.proxy.static]");
    let rendered = made.rendered();
    for flag in flags {
        assert!(rendered.contains(flag), "{flag}\n{rendered}");
    }
}

#[test]
fn an_environment_that_asks_for_a_password_still_does() {
    let base = "services:\n  proxy:\n    image: traefik:v3.6\n    command:\n      - --providers.docker=true\n      - \
                --entrypoints.web.address=:80\n    volumes:\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n  app:\n    \
                image: nginx:1.28-alpine\n    labels:\n      - traefik.enable=true\n      - \
                traefik.http.routers.app.rule=Host(`app.localhost`)\n";
    let over = format!(
        "services:\n  app:\n    labels:\n      - traefik.http.routers.app.rule=Host(`app.example.org`)\n      - \
         traefik.http.routers.app.middlewares=door\n      - \"traefik.http.middlewares.door.{HASH}\"\n"
    );
    let made = Described::of(&[("docker-compose.yml", base), ("docker-compose.prod.yml", &over)]);
    let prod = made.file("docker-compose.prod.yml");
    for line in ["app.example.org", "door@docker", "basicauth.users: \"${DOOR_USERS:?"] {
        assert!(prod.contains(line), "{line}\n{prod}\n{}", made.text);
    }
}

#[test]
fn a_proxy_that_is_told_in_a_file_is_told_the_same() {
    let compose = "services:\n  proxy:\n    image: traefik:v3.6\n    ports: ['80:80', '443:443']\n    volumes:\n      - \
                   /var/run/docker.sock:/var/run/docker.sock:ro\n      - ./traefik.yml:/etc/traefik/traefik.yml:ro\n      - \
                   ./rules.yml:/rules.yml:ro\n  app:\n    image: nginx:1.28-alpine\n    labels:\n      - \
                   traefik.enable=true\n      - traefik.http.routers.app.rule=Host(`app.example.org`)\n      - \
                   traefik.http.routers.app.entrypoints=safe\n";
    let file = "entryPoints:\n  plain:\n    address: ':80'\n    http: {redirections: {entryPoint: {to: safe}}}\n  safe:\n    \
                address: ':443'\n    http: {tls: {}, middlewares: [home@file]}\nproviders:\n  docker: {exposedByDefault: \
                false}\n  file: {filename: /rules.yml}\n";
    let rules = "http: {middlewares: {home: {ipAllowList: {sourceRange: [10.0.0.0/8]}}}}\n";
    let made = Described::of(&[("compose.yml", compose), ("traefik.yml", file), ("rules.yml", rules)]);
    made.says("plain = { port = 80, redirect-to = \"safe\" }").says("middlewares = [\"home@file\"]");
    made.says("providers = { file = { filename = \"/rules.yml\" } }");
    let rendered = made.rendered();
    // Traefik would read it, and no flag then.
    assert!(!rendered.contains("traefik.yml") && rendered.contains("/rules.yml:ro"), "{rendered}");
}

#[test]
fn a_proxy_that_is_told_in_a_file_elsewhere_stays_as_it_is() {
    let compose = "services:\n  proxy:\n    image: traefik:v3.6\n    ports: ['80:80']\n    volumes:\n      - \
                   /var/run/docker.sock:/var/run/docker.sock:ro\n      - /opt/traefik:/etc/traefik:ro\n  app:\n    image: \
                   nginx:1.28-alpine\n    labels:\n      - traefik.http.routers.app.rule=Host(`app.example.org`)\n      - \
                   traefik.http.routers.app.middlewares=home@file\n";
    let made = Described::of(&[("compose.yml", compose)]);
    made.says("image = \"traefik:v3.6\"").tells("that stands in a file that cannot be read from here");
    assert!(made.rendered().contains("home@file"), "{}", made.rendered());
}

#[test]
fn a_web_server_with_its_own_files_runs_as_it_is() {
    let compose = "services:\n  web:\n    image: nginx:1.28\n    volumes:\n      - ./site:/usr/share/nginx/html:ro\n      - \
                   ./nginx.conf:/etc/nginx/nginx.conf:ro\n    ports: ['8080:80']\n";
    let files = [("compose.yml", compose), ("site/index.html", "<p>hello</p>\n"), ("nginx.conf", "events {}\n")];
    let made = Described::of(&files);
    made.says("\n[services.web]\nimage = \"nginx:1.28\"");
    made.says("\"./site:/usr/share/nginx/html:ro\", \"./nginx.conf:/etc/nginx/nginx.conf:ro\"");
    let rendered = made.rendered();
    assert!(rendered.contains("./nginx.conf:/etc/nginx/nginx.conf:ro"), "{rendered}");
}

#[test]
fn a_server_that_no_kind_stands_for_is_a_plain_service_where_a_file_shows_it() {
    let compose = "services:\n  api:\n    build: .\n    environment: [\"MONGO_URI=mongodb://db:27017/app\"]\n    depends_on: \
                   [db]\n  db:\n    image: mongo:7\n    volumes: [data:/data/db]\nvolumes: {data: {}}\n";
    let package =
        r#"{"name": "api", "scripts": {"start": "node app.js"}, "dependencies": {"express": "5", "mongoose": "8"}}"#;
    let lock = "{\"lockfileVersion\": 3, \"packages\": {}}";
    let app = "require('express')().listen(3000); process.env.MONGO_URI;\n";
    let files = [("compose.yml", compose), ("package.json", package), ("package-lock.json", lock), ("app.js", app)];
    let made = Described::of(&files);
    made.says("\n[services.db]\nimage = \"mongo:7\"").says("port = 27017").says("volumes = [\"data:/data/db\"]");
    assert!(!made.said.contains("no kind stands for"), "{}", made.said);
    // Nothing shows one any more.
    let alone = Described::of(&files[1..]);
    alone.tells("where MongoDB runs: `mongoose` in package.json").says("# [services.mongo]\n# image = \"mongo:8\"");
    assert!(!alone.rendered().contains("mongo:8"), "{}", alone.rendered());
    let uncommented = alone.text.lines().skip_while(|line| !line.starts_with("# Not yet: `mongoose`")).skip(1);
    let uncommented: Vec<&str> = uncommented.take_while(|line| line.starts_with("# ")).map(|line| &line[2..]).collect();
    fs::write(alone.folder.path().join("services.toml"), format!("{}\n{}\n", alone.text, uncommented.join("\n")))
        .expect("a file");
    works(alone.folder.path());
    assert!(alone.rendered().contains("mongo-data:/data/db"), "{}", alone.rendered());
}

#[test]
fn a_router_that_names_no_host_still_answers_to_any() {
    let made = behind_traefik(&[], &["traefik.http.routers.app.rule=PathPrefix(`/shop`)"], "");
    made.says("rule = \"PathPrefix(`/shop`)\"");
    assert!(made.rendered().contains("PathPrefix(`/shop`)"), "{}", made.rendered());
}

#[test]
fn a_command_of_a_kind_without_one_is_carried_over_and_of_others_what_is_lost_is_told() {
    let compose = "services:\n  db:\n    image: postgres:17-alpine\n    environment: {POSTGRES_PASSWORD: \"${DB_PASSWORD}\"}\n    \
                   command: -c max_connections=200 -c shared_buffers=128MB\n  cache:\n    image: redis:7-alpine\n    command: \
                   redis-server --appendonly yes --save 60 1 --save 300 10\n";
    let made = Described::of(&[("compose.yml", compose)]);
    made.says("command = \"-c 'max_connections=200' -c 'shared_buffers=128MB'\"");
    made.tells("is not taken over: --save 60 1, --save 300 10;");
    assert!(made.rendered().contains("- \"max_connections=200\""), "{}", made.rendered());
}

#[test]
fn what_stackgen_rendered_shows_nothing() {
    let package = r#"{"name": "shop", "main": "server.js", "scripts": {"start": "node server.js"}, "dependencies": {"express": "5"}}"#;
    let lock = "{\"lockfileVersion\": 3, \"packages\": {}}";
    let server = "require('express')().listen(3000);\n";
    let made = Described::of(&[("package.json", package), ("package-lock.json", lock), ("server.js", server)]);
    let folder = made.folder.path();
    let again = init(folder, &["--stdout"]);
    assert_eq!(String::from_utf8_lossy(&again.stdout), made.text, "{}", everything_said(&again));
    // A file that a person took over is one of theirs.
    fs::write(folder.join("docker-compose.yml"), "services: {more: {image: 'redis:7-alpine'}}\n").expect("a file");
    let again = init(folder, &["--stdout"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("[services.more]"), "{}", everything_said(&again));
}

#[test]
fn of_a_program_that_no_kind_builds_no_other_dockerfile_is_promised() {
    let dockerfile = "FROM alpine:3.22\nCOPY main.c /\nEXPOSE 9000\nCMD [\"/main\"]\n";
    let made = Described::of(&[("Dockerfile", dockerfile), ("main.c", "int main() {}\n")]);
    made.tells("Dockerfile stays as it is");
    assert!(!made.said.contains("written instead"), "{}", made.said);
}

#[test]
fn data_that_a_kind_would_not_read_is_told() {
    let compose = |command: &str| {
        format!(
            "services:\n  cache:\n    image: redis:7-alpine\n    command: {command}\n    volumes: [\"/srv/redis:/data\"]\n"
        )
    };
    let made = Described::of(&[("compose.yml", &compose("redis-server /data/redis.conf"))]);
    made.says("# mind the data: what is in /data was written without `--appendonly yes`")
        .says("persist = \"/srv/redis\"");
    made.tells("its data: what is in /data")
        .tells("config set appendonly yes")
        .tells("not taken over: /data/redis.conf");
    let made = Described::of(&[("compose.yml", &compose("redis-server --appendonly \"yes\""))]);
    assert!(!made.text.contains("mind the data"), "{}", made.text);
}

#[test]
fn what_a_kind_overrules_is_told_and_its_user_kept() {
    let compose = "services:\n  db:\n    image: postgres:17-alpine\n    user: \"1000:1000\"\n    entrypoint: [/own.sh]\n    hostname: \
                   db1\n    environment: {POSTGRES_PASSWORD: \"${DB_PASSWORD}\"}\n    volumes: [\"/srv/pg:/var/lib/postgresql/data\"]\n";
    let made = Described::of(&[("compose.yml", compose)]);
    made.says("user     = \"1000:1000\"").says("hostname = \"db1\"").tells("why compose.yml says `entrypoint` for it");
    assert!(made.rendered().contains("user: \"1000:1000\""), "{}", made.rendered());
}
