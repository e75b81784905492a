//! A project's own kind: its `kind.toml`, and a stack with a service of it.

use std::collections::BTreeMap;

use super::{manifest, utf8};

const STACK: &str = r#"[stack]
name = "shop"
environments = ["dev", "prod"]

[services.proxy]
kind = "traefik"

[services.cache]
kind = "redis"

[services.own]
kind = "own"
version = "1.2"
routes.main = { domain = "own.example" }
env = { URL = "${services.cache.url}" }

[services.own.options]
a = "text"
b = 2
"#;

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let kind = ("kinds/own/kind.toml".to_owned(), text.to_owned());
    let template = ("kinds/own/Dockerfile.j2".to_owned(), "FROM scratch\n".to_owned());
    manifest::survives(STACK, BTreeMap::from([kind, template]));
}
