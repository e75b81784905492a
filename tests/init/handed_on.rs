//! What only Compose has words for, and who is kept apart from whom: handed on, or told by name.

use crate::described::Described;

fn compose(text: &str) -> Described {
    Described::of(&[("compose.yaml", text)])
}

#[test]
fn a_mount_in_long_syntax_leaves_the_others_and_their_volumes_as_they_are() {
    let made = compose(
        "services:\n  a:\n    image: example/a:1\n    volumes: [\"conf:/config\", {type: tmpfs, target: /t, tmpfs: {size: \
         1024}}]\n  b:\n    image: example/b:1\n    volumes: [{type: volume, source: deep, target: /d, volume: {subpath: \
         x}}]\n  db:\n    image: postgres:17-alpine\n    environment: {POSTGRES_PASSWORD: \"${P}\"}\n    volumes: \
         [\"pg:/var/lib/postgresql/data\", {type: tmpfs, target: /t, tmpfs: {size: 1024}}]\nvolumes:\n  conf: \
         {driver_opts: {type: nfs, o: \"addr=10.0.0.1,rw\", device: \":/x\"}}\n  deep: {driver: flocker}\n  pg: {}\n",
    );
    made.says("conf = { driver_opts = {").says("deep = { driver = \"flocker\" }").says("persist = \"pg\"");
    let rendered = made.rendered();
    for line in ["- \"conf:/config\"", "device: \":/x\"", "subpath: \"x\"", "- \"pg:/var/lib/postgresql/data\""] {
        assert!(rendered.contains(line), "{line}\n{rendered}");
    }
    assert!(!rendered.contains("db-data"), "{rendered}");
}

#[test]
fn data_in_long_syntax_takes_the_place_of_the_volume_of_the_kind() {
    let made = compose(
        "services:\n  db:\n    image: postgres:17-alpine\n    environment: {POSTGRES_PASSWORD: \"${P}\"}\n    volumes: \
         [{type: tmpfs, target: /var/lib/postgresql/data, tmpfs: {size: 1024}}]\n",
    );
    made.says("persist = false").hides("db-data");
    assert!(made.rendered().contains("target: \"/var/lib/postgresql/data\""), "{}", made.rendered());
}

#[test]
fn what_compose_watches_is_kept() {
    let develop = "    develop: {watch: [{action: sync, path: ./w, target: /app}]}\n";
    let made = Described::of(&[
        ("compose.yaml", &format!("services:\n  w:\n    build: ./w\n{develop}")),
        ("w/Dockerfile", "FROM python:3.12-slim\nUSER 1000\nCMD [\"python\", \"-m\", \"thumbs\"]\n"),
    ]);
    assert!(made.rendered().contains("action: \"sync\""), "{}", made.rendered());
    // What stackgen builds has a development target for that.
    let files = [
        ("w/requirements.txt", "gunicorn==23.0.0\nflask==3.1.0\n"),
        ("w/app.py", "from flask import Flask\napp = Flask(__name__)\n"),
    ];
    let kind = |compose: &str| Described::of(&[&[("compose.yaml", compose)], files.as_slice()].concat());
    let made = kind(&format!("services:\n  w:\n    build: ./w\n    ports: [\"8000:8000\"]\n{develop}"));
    made.says("reload = \"watch\"");
    let made = kind(&format!(
        "services:\n  w:\n    build: ./w\n    ports: [\"8000:8000\"]\n{}",
        develop.replace("action: sync", "action: rebuild")
    ));
    made.tells("what `docker compose watch` does for it").hides("reload = \"watch\" ");
}

const SECRETS: &str = "services:\n  db:\n    image: postgres:17-alpine\n    environment: {POSTGRES_PASSWORD_FILE: \
    /run/secrets/pw, POSTGRES_USER: a, POSTGRES_DB: a}\n    secrets: [pw]\n  n:\n    image: nextcloud:31\n    environment: \
    {POSTGRES_PASSWORD_FILE: /run/secrets/pw, TOKEN_FILE: /run/secrets/token}\n    secrets: [pw, token, {source: pw, target: \
    /keys/k}]\n    configs: [c]\nsecrets:\n  pw: {file: ./pw}\n  token: {environment: APP_TOKEN}\nconfigs: {c: {file: ./c.yml}}\n";

#[test]
fn secrets_are_mounted_from_where_they_were() {
    let made =
        Described::of(&[("compose.yaml", SECRETS), ("pw", "PLANTq9\n"), ("c.yml", "a: 1\n"), (".gitignore", ".env\n")]);
    made.says("POSTGRES_PASSWORD = { secret = true, file = \"pw\" }").says("password = \"${POSTGRES_PASSWORD}\"");
    made.says("pw = { file = \"./pw\" }").says("c = { file = \"./c.yml\" }").hides("not taken over").hides("PLANT");
    // What was made of a variable still is.
    made.says("= \"${APP_TOKEN}\"").says("{ secret = true, file = true }");
    let rendered = made.rendered();
    let (db, n) = rendered.split_once("\"n\":").expect("both services");
    assert!(db.contains("POSTGRES_PASSWORD_FILE: \"/run/secrets/POSTGRES_PASSWORD\""), "{rendered}");
    for line in
        ["- \"pw\"", "/run/secrets/APP_TOKEN", "- \"APP_TOKEN\"", "target: \"/keys/k\"", "configs:\n      - \"c\""]
    {
        assert!(n.contains(line), "{line}\n{rendered}");
    }
}

#[test]
fn a_secret_whose_file_is_not_there_is_told_where_it_is_read() {
    let made = compose(SECRETS);
    made.tells("nothing is at /run/secrets/pw, which `POSTGRES_PASSWORD_FILE` names")
        .says("# nothing is at /run/secrets/pw");
    made.tells("its file was left out").tells("nothing is at /c").tells("nothing is at /keys/k");
}

#[test]
fn a_secret_that_cannot_be_handed_on_is_told_where_it_is_read() {
    let made = compose(
        "services:\n  n:\n    image: example/n:1\n    environment: {TOKEN_FILE: /run/secrets/token}\n    secrets: \
         [token, swarm]\nsecrets: {token: {file: ./token, template_driver: PLANTq9}, swarm: {external: true}}\n",
    );
    made.tells("nothing is at /run/secrets/token, which `TOKEN_FILE` names").says("# nothing is at /run/secrets/token");
    made.tells("nothing is at /run/secrets/swarm").hides("PLANT");
}

#[test]
fn a_fact_is_told_once() {
    let made = Described::of(&[
        ("compose.yaml", "services:\n  api:\n    build: {context: ./api, args: {VERSION: \"1\"}}\n"),
        ("api/Dockerfile", "FROM example/a:1\nUSER 1000\n"),
    ]);
    assert_eq!(made.said.matches("takes `VERSION`").count(), 1, "{}", made.said);
}

#[test]
fn who_was_on_a_network_of_its_own_stays_there() {
    let made = compose(
        "services:\n  db: {image: \"example/db:1\", networks: [backend]}\n  redis: {image: \"redis:7-alpine\", networks: \
         [backend]}\n  vpn: {image: \"example/vpn:1\", networks: [lan]}\n  dns: {image: \"example/dns:1\", networks: \
         [lan]}\nnetworks: {backend: , lan: {ipam: {config: [{subnet: 172.28.0.0/24}]}}}\n",
    );
    made.says("networks = [\"lan\"]").hides("\"...\"").hides("neighbours");
    let rendered = made.rendered();
    let (_, vpn) = rendered.split_once("  vpn:").expect("a service");
    let (vpn, _) = vpn.split_once("  dns:").expect("another one");
    assert!(vpn.contains("- \"lan\"") && !vpn.contains("- \"internal\""), "{rendered}");
    let (before, _) = rendered.split_once("  vpn:").expect("a service");
    assert!(!before.contains("- \"lan\""), "{rendered}");
}

#[test]
fn who_sees_a_network_beside_the_one_of_the_proxy_still_does() {
    let made = compose(
        "services:\n  traefik:\n    image: traefik:v3.6\n    command: [--providers.docker=true, \
         --entrypoints.web.address=:80]\n    ports: [\"80:80\"]\n    volumes: \
         [\"/var/run/docker.sock:/var/run/docker.sock:ro\"]\n    networks: [front]\n  kuma:\n    image: \
         louislam/uptime-kuma:1\n    networks: [front, backend]\n    labels: \
         [\"traefik.http.routers.k.rule=Host(`k.example.net`)\", \"traefik.http.services.k.loadbalancer.server.port=3001\"]\n  \
         redis: {image: \"redis:7-alpine\", networks: [backend]}\n  wg: {image: \"example/wg:1\", networks: [lan]}\n\
         networks: {front: , backend: , lan: }\n",
    );
    made.says("networks = [\"...\", \"internal\"]").says("networks = [\"lan\"]").says("lan = {}").hides("neighbours");
    let rendered = made.rendered();
    let (_, wg) = rendered.split_once("\n  wg:").expect("a service");
    let (wg, _) = wg.split_once("\nnetworks:").expect("networks");
    assert!(!wg.contains("internal") && wg.contains("- \"lan\""), "{rendered}");
}

#[test]
fn a_front_and_a_back_stay_apart_where_a_reference_would_join_them() {
    let made = compose(
        "services:\n  web:\n    image: example/web:1\n    environment: {API: \"http://api:9000\"}\n    ports: [\"8080:80\"]\n    \
         networks: [front]\n  api:\n    image: example/api:1\n    expose: [9000]\n    environment: {DB: \"redis://redis:6379\"}\n    \
         networks: [front, back]\n  redis: {image: \"redis:7-alpine\", networks: [back]}\nnetworks: {front: , back: {internal: \
         true}}\n",
    );
    made.says("networks = [\"front\"]").says("networks = [\"...\", \"front\"]").says("internal = { internal = true }");
    made.hides("no way out, as it had");
    // One network for all needs no word.
    let made = compose(
        "services:\n  web: {image: \"example/web:1\", networks: [all]}\n  redis: {image: \"redis:7-alpine\", networks: [all]}\n\
         networks: {all: }\n",
    );
    made.hides("networks").hides("neighbours");
}

#[test]
fn a_new_neighbour_is_told_by_name_where_it_cannot_be_kept_out() {
    // The proxy's network has that name here.
    let made = compose(
        "services:\n  a: {image: \"example/a:1\", networks: [edge]}\n  redis: {image: \"redis:7-alpine\", networks: [back]}\n\
         networks: {edge: , back: }\n",
    );
    made.tells("`edge` alone, and here it also reaches `redis`").hides("`back` alone");
}

#[test]
fn a_router_that_asked_for_no_certificate_and_does_now_is_told() {
    let made = compose(
        "services:\n  traefik:\n    image: traefik:v3.6\n    command: [--providers.docker=true, \
         --entrypoints.websecure.address=:443, --certificatesresolvers.le.acme.tlschallenge=true, \
         --certificatesresolvers.le.acme.email=me@example.net, --certificatesresolvers.le.acme.storage=/le/acme.json]\n    \
         ports: [\"443:443\"]\n    volumes: [\"/var/run/docker.sock:/var/run/docker.sock:ro\", \"./le:/le\"]\n  a:\n    \
         image: nginx:1.29\n    labels: [\"traefik.http.routers.a.rule=Host(`a.example.net`)\", \
         \"traefik.http.routers.a.entrypoints=websecure\", \"traefik.http.routers.a.tls.certresolver=le\"]\n  b:\n    image: \
         nginx:1.29\n    labels: [\"traefik.http.routers.b.rule=Host(`b.example.net`)\", \
         \"traefik.http.routers.b.entrypoints=websecure\", \"traefik.http.routers.b.tls=true\"]\n",
    );
    made.tells("router `b` of `b`").tells("`websecure` asks `le` for one").hides("router `a` of `a`");
}

#[test]
fn what_else_is_said_of_a_build_and_of_its_place_is_handed_on_or_told() {
    let made = Described::of(&[
        (
            "compose.yaml",
            "services:\n  api:\n    build: {context: ./api, tags: [\"example/api:2\"], network: host, dockerfile_inline: FROM \
             x}\n    deploy: {mode: replicated, restart_policy: {condition: any}, resources: {limits: {pids: 5, memory: 1G}, \
             reservations: {memory: 64M}}}\n",
        ),
        ("api/Dockerfile", "FROM example/a:1\nUSER 1000\n"),
    ]);
    let rendered = made.rendered();
    for line in ["- \"example/api:2\"", "network: \"host\"", "memory: \"64M\"", "memory: \"1G\""] {
        assert!(rendered.contains(line), "{line}\n{rendered}");
    }
    made.tells("says of `restart_policy` and `limits.pids`").tells("`dockerfile_inline`").hides("`mode`");
}
