//! What a compose file says and nobody would miss until it is gone: where data is, networks with addresses, who asks for
//! a password.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::everything_said;
use crate::{init, move_away, works};

/// What `init` made of some files: services.toml, what it said, and where that was.
struct Made {
    text: String,
    said: String,
    folder: TempDir,
}

impl Made {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
            fs::write(path, text).expect("a file");
        }
        let output = init(folder.path(), &[]);
        let said = everything_said(&output);
        assert!(output.status.success(), "{said}");
        let text = fs::read_to_string(folder.path().join("services.toml")).expect("services.toml");
        move_away(folder.path(), &output);
        Self { text, said, folder }
    }

    /// The compose file that is rendered of it.
    fn rendered(&self) -> String {
        works(self.folder.path());
        read(self.folder.path(), "docker-compose.yml")
    }

    fn says(&self, what: &str) -> &Self {
        assert!(self.text.contains(what), "{what} is not in\n{}\n{}", self.text, self.said);
        self
    }

    fn tells(&self, what: &str) -> &Self {
        assert!(self.said.contains(what), "{what} is not in\n{}\n{}", self.said, self.text);
        self
    }
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect(name)
}

/// A PostgreSQL with this in `volumes`, and what stands beside the services.
fn postgres(tag: &str, mount: &str, beside: &str) -> Made {
    let compose = format!(
        "services:\n  db:\n    image: postgres:{tag}\n    environment:\n      POSTGRES_PASSWORD: ${{DB_PASSWORD}}\n    \
         volumes:\n      - {mount}\n{beside}"
    );
    Made::of(&[("compose.yml", &compose)])
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
    made.rendered();
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
    made.rendered();
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
    let made = Made::of(&[("compose.yml", &compose("/acme/acme.json", "/opt/acme:/acme"))]);
    made.says("persist = \"/opt/acme\"");
    assert!(made.rendered().contains("/opt/acme:/certificates"), "{}", made.rendered());
    let made = Made::of(&[("compose.yml", &compose("/le.json", "./le.json:/le.json"))]);
    made.tells("its certificates: they are in /le.json");
    made.rendered();
}

#[test]
fn a_network_with_addresses_and_a_place_on_it_are_carried_over() {
    let compose = "services:\n  dns:\n    image: nginx:1.28-alpine\n    networks: {lan: {ipv4_address: 172.28.0.53, \
                   aliases: [pi]}}\n  plain:\n    image: nginx:1.28-alpine\n    networks: [web]\nnetworks:\n  web: {}\n  \
                   lan: {ipam: {config: [{subnet: 172.28.0.0/24}]}}\n";
    let made = Made::of(&[("compose.yml", compose)]);
    made.says("lan = { subnet = \"172.28.0.0/24\" }").says("networks = [\"...\", \"lan\"]");
    let rendered = made.rendered();
    assert!(rendered.contains("ipv4_address: \"172.28.0.53\"") && rendered.contains("- \"pi\""), "{rendered}");
    // It stays on the networks that follow from who refers to whom.
    assert!(rendered.contains("      internal: null\n      lan:\n"), "{rendered}");
    assert!(!made.text.contains("\"web\""), "{}", made.text);
}

#[test]
fn a_network_of_another_driver_is_handed_on() {
    let compose = "services:\n  dns:\n    image: nginx:1.28-alpine\n    networks: {lan: {ipv4_address: 10.9.0.53}}\n\
                   networks:\n  lan:\n    driver: macvlan\n    driver_opts: {parent: eth0}\n    ipam: {config: [{subnet: \
                   10.9.0.0/24, gateway: 10.9.0.1}]}\n";
    let made = Made::of(&[("compose.yml", compose)]);
    made.says("[compose.networks]\nlan = { driver = \"macvlan\"");
    let rendered = made.rendered();
    assert!(rendered.contains("parent: \"eth0\"") && rendered.contains("gateway: \"10.9.0.1\""), "{rendered}");
}

#[test]
fn the_network_that_goes_without_saying_may_be_somebody_elses() {
    let compose = "services:\n  web:\n    image: nginx:1.28-alpine\n    ports: ['8080:80']\nnetworks:\n  default: \
                   {external: true, name: shared}\n";
    let made = Made::of(&[("compose.yml", compose)]);
    made.says("default = { name = \"shared\", external = true }").says("networks = [\"...\", \"default\"]");
    made.rendered();
}

#[test]
fn a_network_without_a_way_out_is_told() {
    let compose = "services:\n  web:\n    image: nginx:1.28-alpine\n    networks: [data]\nnetworks:\n  data: {internal: \
                   true}\n";
    let made = Made::of(&[("compose.yml", compose)]);
    made.tells("whether the network `data` has no way out");
}
