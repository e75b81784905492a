//! The pictures and pages that `graph` draws: what is in them, and that people can read them.
//!
//! A browser looks at them where `STACKGEN_BROWSER` names a folder whose `node_modules` has what drives it, and `chromium`
//! is on `PATH`: `npm install --prefix FOLDER playwright-core axe-core`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::json;
use stackgen::diagnostics::Resolved;
use stackgen::diagnostics::emit::Outcome;
use stackgen::plan::Plan;
use stackgen::project::{Analysis, Project};
use stackgen::render::graph::Picture;
use stackgen::source::Source;

use crate::support::oracle::ask;
use crate::support::{repository, skip, tool};

/// Texts that would do something if a page took them for its own, and all that has no room.
const HOSTILE: &str = r#"
[stack]
name = "</title><script>alert('stack')</script>"
environments = ["dev", "prod"]
host = "<img src=x onerror=alert(1)>.example.com"
[variables]
TOKEN = { secret = true, default = "7700771", help = "</script><img src=x onerror=alert('help')>" }
[services.traefik]
kind = "traefik"
version = "3.6"
entrypoints.web = { port = 80 }
entrypoints.'"><svg onload=alert(2)>' = { port = 8443 }
[services.'</script><img onerror=alert(3) src=//evil.example/x.png>']
image = 'a"b/<b>:${TOKEN}'
help = "</style><script src=https://evil.example/x.js></script> & &lt; '"
port = 80
publish = ["${TOKEN}:80"]
routes.'</a><i>' = { path = ["/<script>alert(4)</script>", "/𝔘𝔫𝔦𝔠𝔬𝔡𝔢/漢字/💥💥💥💥💥💥💥💥💥"] }
volumes = ["</text>:/data", "shared:/srv/${TOKEN}"]
networks = ["]]>", "--><b>", "url(//evil.example)"]
profiles = ["\"onmouseover=alert(5) "]
[services.'WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW']
image = "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
volumes = ["shared:/srv/mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"]
networks = ["MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM", "]]>"]
publish = ["10000-10100:10000-10100", "1:1", "2:2", "3:3", "4:4", "5:5", "6:6", "7:7", "8:8", "9:9"]
[services."null\u0000\u202Eevil"]
image = "\u0007\u001B[31m\u202Ered"
depends-on = { '</script><img onerror=alert(3) src=//evil.example/x.png>' = "started" }
[services.'docker']
image = "docker"
volumes = ["/run/docker.sock:/run/docker.sock", "./</text><script>:/srv", "./${TOKEN}/x:/x", "/:/wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"]
compose = { privileged = true, network_mode = "host", pid = "host" }
[environments.prod.services.only]
image = "{{ 7 * 7 }}{% raw %}"
volumes = ["./</text><script>:/srv"]
"#;

/// Errors and warnings of services, routes, and of nothing that is drawn.
const FAULTY: &str = r#"
[stack]
name = "faulty"
environments = ["prod", "dev"]
host = "localhost"
[variables]
TOKEN = { secret = true, default = "changeme-7", help = "Read by web" }
[services.traefik]
kind = "traefik"
version = "3.6"
entrypoints.http = { port = 80 }
[services.web]
image = "nginx:latest"
env.TOKEN = "${TOKEN}"
port = 8080
publish = ["8080:8080"]
routes.main = { path = "/api", middlewares = ["nowhere"] }
[services.other]
image = "nginx:1.27"
port = 8080
publish = ["8080:8080"]
depends-on = ["missing"]
"#;

const TINY: &str = r#"
[stack]
name = "shop"
host = "${HOST}"
environments = ["dev", "prod"]
[variables]
HOST = { default = "shop.example.com", help = "Where the shop is reached" }
[services.proxy]
kind = "traefik"
version = "3.6"
entrypoints.web = { port = 80 }
[services.api]
image = "traefik/whoami:v1.11"
port = 80
env.CACHE = "${services.cache.url}"
routes.api = { path = "/api" }
[services.cache]
kind = "redis"
version = "7"
[environments.dev.services.cache]
publish = true
"#;

/// A stack: its plans and what was found.
struct Stack {
    name: &'static str,
    plans: Vec<Plan>,
    findings: Vec<Resolved>,
}

impl Stack {
    fn of(name: &'static str, project: &Project) -> Self {
        let analysis: Analysis = project.analyse().expect("stackgen works");
        let findings = Outcome::new(project.source(), &analysis.report, &[]).findings().to_vec();
        Self { name, plans: analysis.plans, findings }
    }

    fn from(name: &'static str, text: &str) -> Self {
        Self::of(name, &Project::from_source(Source::new("services.toml", ".", text.to_owned())))
    }

    fn open(name: &'static str, path: &str) -> Self {
        Self::of(name, &Project::open(&repository().join(path)).expect("a services.toml"))
    }

    fn picture(&self) -> Picture {
        Picture::of(&self.plans.iter().collect::<Vec<_>>(), &self.findings)
    }

    /// Of one environment alone.
    fn svg(&self, environment: &str) -> String {
        let plan = self.plans.iter().find(|plan| plan.environment == environment).expect("the environment");
        Picture::of(&[plan], &self.findings).svg().expect("a drawing")
    }

    fn html(&self) -> String {
        self.picture().html().expect("a page")
    }
}

/// A stack of so many services, as companies have them: each of some data stores of its own, more read than written,
/// some reachable. Always the same.
fn market(services: usize) -> String {
    const WORDS: [&str; 12] = [
        "orders", "checkout", "users", "catalog", "search", "mailer", "stock", "billing", "media", "reviews",
        "shipping", "pricing",
    ];
    const ROLES: [&str; 4] = ["api", "worker", "web", "admin"];
    let mut state = 42_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("31 bits") % below
    };
    let mut text = String::from(
        "[stack]\nname = \"market\"\nenvironments = [\"dev\", \"prod\"]\nhost = \"${DOMAIN}\"\n[variables]\nDOMAIN = { \
         default = \"localhost\", required = [\"prod\"] }\nPASSWORD = { secret = true }\n[services.traefik]\nkind = \
         \"traefik\"\nversion = \"3.6\"\nentrypoints.web = { port = 80, redirect-to = \"websecure\" }\n\
         entrypoints.websecure = { port = 443, tls = true }\n[environments.dev.defaults]\npublish = true\n",
    );
    let stores = (services / 6).max(1);
    for number in 0..stores {
        let word = WORDS[number % WORDS.len()];
        let _ = if number.is_multiple_of(2) {
            writeln!(
                text,
                "[services.{word}-db-{number}]\nkind = \"postgres\"\nversion = \"17\"\npassword = \"${{PASSWORD}}\""
            )
        } else {
            writeln!(text, "[services.{word}-cache-{number}]\nkind = \"redis\"\nversion = \"7\"")
        };
    }
    let store = |number: usize| {
        let kind = if number.is_multiple_of(2) { "db" } else { "cache" };
        format!("\"{}-{kind}-{number}\"", WORDS[number % WORDS.len()])
    };
    let name = |number: usize| {
        let suffix = if number < 48 { String::new() } else { format!("-{number}") };
        format!("{}-{}{suffix}", WORDS[number % WORDS.len()], ROLES[number / WORDS.len() % ROLES.len()])
    };
    for number in 0..services.saturating_sub(stores + 1) {
        let mut needs = vec![store(random(stores))];
        if random(3) == 0 {
            needs.push(store(random(stores)));
        }
        if number > 0 && random(4) == 0 {
            needs.push(format!("\"{}\"", name(number - 1 - random(number.min(8)))));
        }
        needs.sort();
        needs.dedup();
        let name = name(number);
        let _ = writeln!(
            text,
            "[services.{name}]\nimage = \"registry.example.com/{name}:1.{number}\"\nport = {}\ndepends-on = [{}]",
            3000 + number,
            needs.join(", ")
        );
        if random(3) == 0 {
            let _ = writeln!(text, "routes.main = {{ path = \"/{name}\" }}");
        }
        if random(8) == 0 {
            let _ = writeln!(text, "volumes = [\"uploads:/srv/uploads\"]");
        }
    }
    text
}

#[test]
fn the_same_stack_gives_the_same_bytes() {
    let text = market(60);
    let (one, other) = (Stack::from("market", &text), Stack::from("market", &text));
    assert_eq!(one.html(), other.html());
    assert_eq!(one.svg("prod"), other.svg("prod"));
}

#[test]
fn a_small_stack_is_drawn_as_it_always_was() {
    let path = repository().join("tests/graph/tiny.svg");
    let drawn = Stack::from("tiny", TINY).svg("dev");
    if std::env::var_os("STACKGEN_BLESS").is_some() {
        fs::write(&path, &drawn).expect("a writable repository");
    }
    let known = fs::read_to_string(&path).expect("tests/graph/tiny.svg").replace("\r\n", "\n");
    assert_eq!(drawn, known, "STACKGEN_BLESS=1 takes it over");
}

#[test]
fn the_page_has_every_environment_and_says_what_differs() {
    let html = Stack::from("tiny", TINY).html();
    let of = |number: usize| {
        let start = html.find(&format!("<section class=\"view\" id=\"v{number}\"")).expect("a view");
        let end = html[start..].find("</section>").expect("its end");
        &html[start..start + end]
    };
    let (dev, prod) = (of(0), of(1));
    assert!(dev.contains("127.0.0.1:6379 → 6379") && dev.contains("≠ only in dev"), "{dev}");
    assert!(!prod.contains("→ 6379") && prod.contains("port 6379"), "{prod}");
    assert!(html.contains("cache, until it is healthy"));
}

#[test]
fn what_a_service_has_of_the_host_stands_on_its_card() {
    let text = r#"
        [stack]
        name = "host"
        [services.agent]
        image = "example/agent:1"
        volumes = ["data:/data", "./site:/site", "/var/run/docker.sock:/var/run/docker.sock"]
        compose = { network_mode = "host", privileged = true }
        [services.web]
        image = "nginx:1.29"
        volumes = ["./site:/usr/share/nginx/html:ro", "./conf:/conf"]
    "#;
    let stack = Stack::from("host", text);
    let (html, svg) = (stack.html(), stack.svg("default"));
    for words in ["docker.sock", "privileged", "network_mode: host", "./site on /site", "./conf on /conf"] {
        assert!(
            html.contains(&format!("<code>{words}</code>")) && svg.contains(&format!(">{words}</text>")),
            "{words}"
        );
    }
    assert!(html.contains("<dt>Host access</dt>") && html.contains("<dt>Mounts</dt>"), "{html}");
    assert!(!svg.contains("docker.sock on"), "it stands there once");
    // What several mount is a card of its own.
    let names: Vec<&str> = svg
        .split("<text class=\"name\"")
        .skip(1)
        .filter_map(|text| {
            let (_, text) = text.split_once('>')?;
            text.split('<').next()
        })
        .collect();
    assert!(names.contains(&"./site") && !names.contains(&"./conf"), "{names:?}");
    assert!(svg.contains("shared path of the host") && svg.contains(">access to the host</text>"), "{svg}");
}

#[test]
fn findings_stand_where_they_belong() {
    let stack = Stack::from("faulty", FAULTY);
    let html = stack.html();
    let article = |name: &str| {
        let end = html.find(&format!(">{name}</h4>")).map(|at| at + html[at..].find("</article>").expect("its end"));
        let end = end.expect("the words of a card");
        &html[html[..end].rfind("<article").expect("its start")..end]
    };
    let has = |name: &str, rule: &str| article(name).contains(&format!("error {rule}</strong>"));
    let route = article("web");
    let routes = &route[route.find("<dt>Routes</dt>").expect("a route")..];
    assert!(routes.contains("error undefined-routing-reference</strong>"), "{routes}");
    assert!(has("web", "host-port-conflict") || has("other", "host-port-conflict"), "{html}");
    assert!(!has("traefik", "host-port-conflict"));
    // Every one of them stands in the picture: by its name, not by a color alone; what is about nothing drawn, below it.
    let svg = stack.svg("prod");
    let words: String = svg
        .split("<text class=\"")
        .skip(1)
        .filter_map(|text| {
            let (style, rest) = text.split_once('"')?;
            let (_, text) = rest.split_once('>')?;
            matches!(style, "error" | "warning").then(|| text.split('<').next().unwrap_or_default().replace(' ', ""))
        })
        .collect();
    let rules: BTreeSet<&str> = stack.findings.iter().map(|finding| finding.rule).collect();
    assert!(rules.contains("literal-secret") && rules.contains("image-unpinned"), "{rules:?}");
    for finding in stack.findings.iter().filter(|finding| finding.severity.word() != "hint") {
        let word = finding.severity.word();
        assert!(words.contains(&format!("{word}{}", finding.rule)), "{} in {words}", finding.rule);
        assert!(html.contains(&format!("<strong>{word} {}</strong>", finding.rule)), "{}", finding.rule);
    }
    assert!(svg.contains("the secret `TOKEN` has a default"), "what is about nothing drawn says what it is about");
}

#[test]
fn nothing_that_people_wrote_is_taken_for_the_pages_own() {
    let stack = Stack::from("hostile", HOSTILE);
    assert!(stack.plans.len() == 2, "it can be planned: {:?}", stack.findings);
    for text in [stack.html(), stack.svg("dev")] {
        for foreign in
            ["<img", "<script>alert", "<script src", "<svg onload", "<i>", "<b>", "</style><", "href=\"//", "src=\"//"]
        {
            assert!(!text.contains(foreign), "{foreign}");
        }
        assert_eq!(text.matches("<script").count(), usize::from(text.starts_with("<!doctype")));
        assert!(text.contains("&lt;/script&gt;&lt;img onerror"), "{text}");
        assert!(!text.contains("7700771"), "a secret is shown");
        assert!(text.contains("${TOKEN}"));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "no reader of XML takes it");
    }
}

#[test]
fn a_thousand_services_are_drawn() {
    let stack = Stack::from("market", &market(1000));
    let html = stack.html();
    assert!(html.matches("<article").count() > 2000);
}

#[test]
fn people_can_read_it_in_a_browser() {
    let Some(node) = tool("node") else { return skip("node is not on PATH") };
    let Some(folder) = std::env::var_os("STACKGEN_BROWSER") else { return skip("STACKGEN_BROWSER names no folder") };
    let Some(chromium) = tool("chromium") else { return skip("chromium is not on PATH") };
    let pages = tempfile::tempdir().expect("a temporary folder");
    let stacks = [
        Stack::open("voice", "services.toml"),
        Stack::open("assistant", "examples/personal-assistant/services.toml"),
        Stack::from("market", &market(60)),
        Stack::from("faulty", FAULTY),
        Stack::from("hostile", HOSTILE),
    ];
    let mut told = Vec::new();
    for stack in &stacks {
        let environments: Vec<&String> = stack.plans.iter().map(|plan| &plan.environment).collect();
        let path = pages.path().join(format!("{}.html", stack.name));
        fs::write(&path, stack.html()).expect("a writable folder");
        let walk = matches!(stack.name, "voice" | "assistant");
        told.push(json!({ "name": stack.name, "path": path, "environments": environments, "walk": walk }));
        let path = pages.path().join(format!("{}.svg", stack.name));
        fs::write(&path, stack.svg(environments[0])).expect("a writable folder");
        told.push(json!({ "name": format!("{}.svg", stack.name), "path": path }));
    }
    let mut oracle = Command::new(node);
    oracle.arg(repository().join("tests/oracles/browser.mjs")).arg(folder).env("CHROMIUM", chromium);
    let answer = ask(&mut oracle, &json!(told));
    let wrong = answer.as_array().expect("a list from the oracle");
    let lines: Vec<String> = wrong.iter().map(|it| it.as_str().unwrap_or_default().to_owned()).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
