//! The static configuration as command-line flags (Traefik docs, "Static configuration: CLI", v3).

use crate::manifest::types::Challenge;
use crate::plan::{EDGE_LABEL, PROJECT_VARIABLE, Proxy, Resolver, Text};

/// Where the proxy answers its own health probe: on the loopback address, so that no other container can ask.
const PING_ADDRESS: &str = "127.0.0.1:8082";

/// Time that open requests get at a stop. Shorter than Compose's 10 s, or an open stream is killed.
const GRACE: &str = "5s";

/// The flags of a proxy whose services share the network `edge`.
pub(super) fn flags(proxy: &Proxy, edge: &Text) -> Vec<Text> {
    let mut flags = Flags { flags: Vec::new() };
    flags.set("global.checknewversion", "false");
    flags.set("global.sendanonymoususage", "false");
    flags.set("log.level", &proxy.log_level);
    if proxy.access_log {
        flags.set("accesslog", "true");
        flags.set("accesslog.format", "json");
    }
    flags.set("ping", "true");
    flags.set("ping.entrypoint", "ping");
    flags.set("entrypoints.ping.address", PING_ADDRESS);
    if let Some(port) = proxy.metrics_port {
        flags.set("metrics.prometheus", "true");
        flags.set("metrics.prometheus.entrypoint", "metrics");
        flags.set("entrypoints.metrics.address", &format!(":{port}"));
    }
    if proxy.dashboard {
        flags.set("api.dashboard", "true");
        flags.set("api.insecure", "true");
    }
    for (name, entry) in &proxy.entry_points {
        flags.set(&format!("entrypoints.{name}.address"), &format!(":{}", entry.port));
        flags.set(&format!("entrypoints.{name}.transport.lifecycle.gracetimeout"), GRACE);
        if let Some(target) = entry.redirect_to.as_ref().and_then(|to| proxy.entry_points.get(to)) {
            let base = format!("entrypoints.{name}.http.redirections.entrypoint");
            // An entry point's name would send browsers to its port inside the container.
            let mut to = Text::literal(":");
            to.push(target.public_port.clone());
            flags.text(&format!("{base}.to"), to);
            flags.set(&format!("{base}.scheme"), if target.tls.is_some() { "https" } else { "http" });
            // Traefik's own default would beat every route.
            flags.set(&format!("{base}.priority"), "1");
            flags.set(&format!("{base}.permanent"), if proxy.permanent_redirects { "true" } else { "false" });
        }
    }
    flags.set("providers.docker", "true");
    flags.set("providers.docker.exposedbydefault", "false");
    flags.text("providers.docker.network", edge.clone());
    // The provider sees every container of the host; without this two environments destroy each other's routers.
    let mut constraint = Text::literal(format!("Label(`{EDGE_LABEL}`, `"));
    constraint.push(Text::variable(PROJECT_VARIABLE, None));
    constraint.push_str("`)");
    flags.text("providers.docker.constraints", constraint);
    for (name, resolver) in &proxy.resolvers {
        flags.resolver(name, resolver);
    }
    for (name, text) in &proxy.static_flags {
        flags.text(name, text.clone());
    }
    flags.flags
}

struct Flags {
    flags: Vec<Text>,
}

impl Flags {
    fn set(&mut self, name: &str, value: &str) {
        self.text(name, Text::literal(value));
    }

    fn text(&mut self, name: &str, value: Text) {
        let mut flag = Text::literal(format!("--{name}="));
        flag.push(value);
        self.flags.push(flag);
    }

    fn resolver(&mut self, name: &str, resolver: &Resolver) {
        let base = format!("certificatesresolvers.{name}.acme");
        self.text(&format!("{base}.email"), resolver.email.clone());
        self.set(&format!("{base}.storage"), "/certificates/acme.json");
        match resolver.challenge {
            Challenge::Http => {
                if let Some(entry_point) = &resolver.challenge_entry_point {
                    self.set(&format!("{base}.httpchallenge.entrypoint"), entry_point);
                }
            }
            Challenge::Tls => self.set(&format!("{base}.tlschallenge"), "true"),
            Challenge::Dns => {
                if let Some(provider) = &resolver.provider {
                    self.set(&format!("{base}.dnschallenge.provider"), provider);
                }
            }
        }
        if let Some(server) = &resolver.ca_server {
            self.text(&format!("{base}.caserver"), server.clone());
        }
    }
}
