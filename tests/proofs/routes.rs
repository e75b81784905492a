//! Routes and the static configuration of the proxy.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::support::oracle::{self, Verdict, request};
use crate::support::{has_tools, tool};

/// The rules whose mistakes are made here.
pub(crate) const PROVED: &[&str] = &[
    "acme",
    "dashboard-exposed",
    "deprecated-option",
    "entrypoint-port",
    "prefix-too-greedy",
    "route-clash",
    "route-falls-through",
    "router-shadowed",
    "rule-never-matches",
    "rule-too-broad",
    "rule-v2-syntax",
    "static-decode",
    "tls-mismatch",
];

/// How long Traefik may take to end, or to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A project with a proxy of two entry points, and one container with these labels.
fn project(name: &str, labels: &[(&str, &str)], flags: &[&str]) -> Value {
    let mut all = Map::new();
    let mut set = |name: &str, value: &str| all.insert(name.to_owned(), value.replace('$', "$$").into());
    set("traefik.enable", "true");
    set("traefik.http.services.s.loadbalancer.server.port", "80");
    for (name, value) in labels {
        set(name, value);
    }
    let mut command = vec![
        "--providers.docker=true",
        "--providers.docker.exposedbydefault=false",
        "--entrypoints.web.address=:80",
        "--entrypoints.websecure.address=:443",
    ];
    command.extend(flags);
    json!({
        "name": name,
        "services": {
            "proxy": {
                "image": "traefik:v3.7",
                "command": command,
                "networks": { "edge": null },
                "labels": { "traefik.enable": "false" },
            },
            "app": { "image": "app", "networks": { "edge": null }, "labels": all },
        },
        "networks": { "edge": { "name": format!("{name}_edge") } },
    })
}

/// What became of a rule: what Traefik says where it is broken, and the status of each request.
struct Tried {
    broken: Option<String>,
    statuses: Vec<u64>,
}

/// Gives each rule to a router on `web`, in a project of its own, and sends it its requests.
fn tried(name: &str, rules: &[(&str, &[&str])]) -> Vec<Tried> {
    let projects: Vec<Value> = rules
        .iter()
        .enumerate()
        .map(|(number, (rule, _))| {
            let labels = [
                ("traefik.http.routers.r.rule", *rule),
                ("traefik.http.routers.r.entrypoints", "web"),
                ("traefik.http.routers.r.service", "s"),
            ];
            let mut project = project(&format!("{name}-{number}"), &labels, &[]);
            // Every proxy sees the containers of every project.
            let own = format!("proof-{number}");
            project["services"]["app"]["labels"]["proof"] = own.clone().into();
            let constraint = format!("--providers.docker.constraints=Label(`proof`, `{own}`)");
            project["services"]["proxy"]["command"].as_array_mut().expect("flags").push(constraint.into());
            project
        })
        .collect();
    let requests: Vec<Value> = rules
        .iter()
        .enumerate()
        .flat_map(|(number, (_, urls))| {
            urls.iter().map(move |url| json!({ "method": "GET", "url": url, "project": format!("{name}-{number}") }))
        })
        .collect();
    let verdict = Verdict::on(&projects.iter().collect::<Vec<_>>(), &requests);
    let tried = projects.iter().map(|project| {
        let proxy = verdict.proxy(project);
        let statuses = proxy.answers().into_iter().map(|answer| answer.status().unwrap_or_default()).collect();
        Tried { broken: proxy.broken().into_iter().next(), statuses }
    });
    tried.collect()
}

/// Asserts what each rule does: 404 is nobody's answer, 200 that of the container.
fn assert_statuses(name: &str, expected: &[(&str, &[(&str, u64)])]) {
    let urls: Vec<Vec<&str>> = expected.iter().map(|(_, asked)| asked.iter().map(|(url, _)| *url).collect()).collect();
    let rules: Vec<(&str, &[&str])> =
        expected.iter().zip(&urls).map(|((rule, _), urls)| (*rule, urls.as_slice())).collect();
    for ((rule, asked), tried) in expected.iter().zip(tried(name, &rules)) {
        assert_eq!(tried.broken, None, "{rule}");
        assert_eq!(tried.statuses, asked.iter().map(|(_, status)| *status).collect::<Vec<_>>(), "{rule}");
    }
}

#[test]
fn patterns_of_version_2_are_taken_and_match_nothing() {
    if !oracle::available() {
        return;
    }
    assert_statuses(
        "proof-patterns",
        &[
            ("HostRegexp(`{host:.+}`)", &[("http://a.example.com/", 404)]),
            ("HostRegexp(`{sub:[a-z]+}.example.com`)", &[("http://a.example.com/", 404)]),
            ("Path(`/u/{id:[0-9]+}`)", &[("http://a/u/5", 404)]),
            ("PathPrefix(`/{lang:(en|de)}/`)", &[("http://a/en/x", 404)]),
            ("PathRegexp(`^/u/{id:[0-9]+}$`)", &[("http://a/u/5", 404)]),
            ("Query(`a=b`)", &[("http://a/?a=b", 404), ("http://a/?a%3Db=", 200)]),
            ("HostRegexp(`^[a-z]+\\.example\\.com$`)", &[("http://a.example.com/", 200)]),
            ("PathRegexp(`^/u/[0-9]+$`)", &[("http://a/u/5", 200)]),
            ("Query(`a`, `b`)", &[("http://a/?a=b", 200)]),
        ],
    );
}

#[test]
fn matchers_of_version_2_are_dropped() {
    if !oracle::available() {
        return;
    }
    let expected = [
        ("Host(`a`, `b`)", "unexpected number of parameters"),
        ("Method(`GET`, `HEAD`)", "unexpected number of parameters"),
        ("Headers(`X-A`, `b`)", "unsupported function: Headers"),
        ("HeadersRegexp(`X-A`, `b`)", "unsupported function: HeadersRegexp"),
        ("HostHeader(`a`)", "unsupported function: HostHeader"),
    ];
    let rules: Vec<(&str, &[&str])> = expected.iter().map(|(rule, _)| (*rule, &["http://a/"][..])).collect();
    for ((rule, reason), tried) in expected.iter().zip(tried("proof-dropped", &rules)) {
        let broken = tried.broken.unwrap_or_else(|| panic!("{rule} is taken"));
        assert!(broken.contains("disabled") && broken.contains(reason), "{rule}: {broken}");
        assert_eq!(tried.statuses, [404], "{rule}");
    }
}

#[test]
fn what_no_request_has_matches_nothing() {
    if !oracle::available() {
        return;
    }
    // That ``Host(`*.example.com`)`` needs version 3.7 is said in its docs; that it works since then is seen here.
    assert_statuses(
        "proof-never",
        &[
            ("Host(`https://a.example.com`)", &[("http://a.example.com/", 404)]),
            ("Host(`a.example.com:80`)", &[("http://a.example.com:80/", 404)]),
            ("Host(`a.example.com/x`)", &[("http://a.example.com/x", 404)]),
            ("Host(` a.example.com`)", &[("http://a.example.com/", 404)]),
            ("Host(`a.*.example.com`)", &[("http://a.b.example.com/", 404)]),
            ("Host(`*.example.com`)", &[("http://a.example.com/", 200), ("http://a.b.example.com/", 404)]),
            ("Host(`A.Example.com`)", &[("http://a.example.com/", 200), ("http://A.EXAMPLE.com/", 200)]),
            ("HostRegexp(`^App\\.example\\.com$`)", &[("http://App.example.com/", 404)]),
            ("HostRegexp(`^a\\.example\\.com:80$`)", &[("http://a.example.com:80/", 404)]),
            ("Path(`/a/*`)", &[("http://a/a/x", 404)]),
            ("PathPrefix(`/a/*`)", &[("http://a/a/x", 404)]),
            ("Path(`/a?b=c`)", &[("http://a/a?b=c", 404)]),
            ("Path(`/a//b`)", &[("http://a/a//b", 404), ("http://a/a/b", 404)]),
            ("Path(`/a/../b`)", &[("http://a/b", 404)]),
            ("Path(`/a%20b`)", &[("http://a/a%20b", 404)]),
            ("Path(`/a b`)", &[("http://a/a%20b", 200)]),
            ("PathRegexp(`^api`)", &[("http://a/api", 404)]),
            ("Host(`a`) && Host(`b`)", &[("http://a/", 404), ("http://b/", 404)]),
            ("Path(`/x`) && !Host(`a:80`)", &[("http://a:80/x", 200)]),
        ],
    );
}

#[test]
fn two_stacks_on_one_proxy_are_in_each_others_way() {
    if !oracle::available() {
        return;
    }
    let router = |name: &str, rule: &'static str, priority: &'static str, service: &str| {
        [("rule", rule), ("entrypoints", "web"), ("priority", priority), ("service", service)]
            .map(|(option, value)| (format!("traefik.http.routers.{name}.{option}"), value.to_owned()))
    };
    // A router for everything, one that it leaves nothing, and a name that means something else in each.
    let stack = |name: &str, own: &'static str, priority: &'static str, rule: &'static str| {
        let port = format!("traefik.http.services.{name}.loadbalancer.server.port");
        let labels = router(name, own, priority, name).into_iter().chain(router("same", rule, "7", name));
        let labels: Vec<(String, String)> = labels.chain([(port, "80".to_owned())]).collect();
        let labels: Vec<(&str, &str)> = labels.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect();
        let mut project = project(name, &labels, &[]);
        // The service that every project of these tests has would be one thing in both.
        project["services"]["app"]["labels"]
            .as_object_mut()
            .expect("labels")
            .remove("traefik.http.services.s.loadbalancer.server.port");
        project
    };
    let owner = stack("proof-owner", "PathPrefix(`/`)", "900", "Path(`/a`)");
    let mut guest = stack("proof-guest", "Path(`/guest`)", "800", "Path(`/b`)");
    guest["services"].as_object_mut().expect("services").remove("proxy");
    let urls = ["http://a/guest", "http://a/b"].map(|url| request("GET", url));
    let verdict = Verdict::on(&[&owner, &guest], &urls);
    let proxy = verdict.proxy(&owner);
    for answer in proxy.answers() {
        assert_eq!(answer.router(), Some("proof-owner@docker"), "{}", answer.url());
    }
    let routers = proxy.routers();
    assert!(routers.contains(&"proof-guest@docker") && !routers.contains(&"same@docker"), "{routers:?}");
}

#[test]
fn a_rule_of_a_higher_priority_takes_a_path_that_another_router_names() {
    if !oracle::available() {
        return;
    }
    let labels = |priority: &'static str| {
        [
            ("traefik.http.routers.path.rule", "Host(`a`) && (Path(`/api`) || PathPrefix(`/api/`))"),
            ("traefik.http.routers.path.entrypoints", "web"),
            ("traefik.http.routers.path.priority", "10004"),
            ("traefik.http.routers.path.service", "s"),
            ("traefik.http.routers.rule.rule", "Host(`a`) && PathRegexp(`^/[a-z]+`)"),
            ("traefik.http.routers.rule.entrypoints", "web"),
            ("traefik.http.routers.rule.priority", priority),
            ("traefik.http.routers.rule.service", "s"),
        ]
    };
    for (priority, expected) in [("90000", "rule@docker"), ("1", "path@docker")] {
        let project = project("proof-through", &labels(priority), &[]);
        let urls = ["http://a/api", "http://a/api/stackgen"].map(|url| request("GET", url));
        let verdict = Verdict::on(&[&project], &urls);
        for answer in verdict.proxy(&project).answers() {
            assert_eq!(answer.router(), Some(expected), "{priority}: {}", answer.url());
        }
    }
}

#[test]
fn expressions_and_prefixes_take_more_than_they_name() {
    if !oracle::available() {
        return;
    }
    assert_statuses(
        "proof-broad",
        &[
            ("HostRegexp(`re.example.org`)", &[("http://preXreXexampleYorg.evil.com/", 200)]),
            ("HostRegexp(`^a\\.example\\.com`)", &[("http://a.example.com.evil.net/", 200)]),
            ("HostRegexp(`^a.example.com$`)", &[("http://a-example.com/", 200)]),
            ("HostRegexp(`^a\\.example\\.com$`)", &[("http://a-example.com/", 404), ("http://a.example.com/", 200)]),
            ("PathRegexp(`/v[0-9]+/`)", &[("http://a/static/v1/x", 200)]),
            ("PathRegexp(`^/v[0-9]+/`)", &[("http://a/static/v1/x", 404)]),
            ("PathPrefix(`/api`)", &[("http://a/apiary", 200), ("http://a/api/x", 200)]),
            ("Path(`/api`) || PathPrefix(`/api/`)", &[("http://a/apiary", 404), ("http://a/api/x", 200)]),
        ],
    );
}

/// A project with one router, and what is asked of it with which status.
fn assert_answers(name: &str, labels: &[(&str, &str)], flags: &[&str], expected: &[(&str, u64)]) -> Vec<String> {
    let mut all =
        vec![("traefik.http.routers.r.rule", "Host(`a.example.com`)"), ("traefik.http.routers.r.service", "s")];
    all.extend(labels);
    let project = project(name, &all, flags);
    let requests: Vec<Value> = expected.iter().map(|(url, _)| request("GET", url)).collect();
    let verdict = Verdict::on(&[&project], &requests);
    let proxy = verdict.proxy(&project);
    let statuses: Vec<u64> = proxy.answers().into_iter().map(|answer| answer.status().unwrap_or_default()).collect();
    let wanted: Vec<u64> = expected.iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, wanted, "{name}: {:#?} {:#?}", proxy.broken(), proxy.log());
    proxy.broken().into_iter().chain(proxy.log()).collect()
}

#[test]
fn a_router_answers_with_tls_or_without_and_never_both() {
    const ENTRY_POINTS: &str = "traefik.http.routers.r.entrypoints";
    if !oracle::available() {
        return;
    }
    let (plain, tls) = ("http://a.example.com/", "https://a.example.com/");
    let secure = [(ENTRY_POINTS, "websecure")];
    assert_eq!(assert_answers("proof-plain", &secure, &[], &[(tls, 404)]), [""; 0]);
    let both = [(ENTRY_POINTS, "web,websecure"), ("traefik.http.routers.r.tls", "true")];
    assert_eq!(assert_answers("proof-both", &both, &[], &[(plain, 404), (tls, 200)]), [""; 0]);
    let option = [(ENTRY_POINTS, "web"), ("traefik.http.routers.r.tls.options", "default")];
    assert_answers("proof-option", &option, &[], &[(plain, 404)]);
    let off = [(ENTRY_POINTS, "web"), ("traefik.http.routers.r.tls", "false")];
    assert_answers("proof-off", &off, &[], &[(plain, 200)]);
    assert_answers("proof-flag", &secure, &["--entrypoints.websecure.http.tls=true"], &[(tls, 200)]);
    let tcp = [
        (ENTRY_POINTS, "web"),
        ("traefik.tcp.routers.t.rule", "HostSNI(`db.example.com`)"),
        ("traefik.tcp.routers.t.entrypoints", "websecure"),
        ("traefik.tcp.services.t.loadbalancer.server.port", "80"),
    ];
    let said = assert_answers("proof-sni", &tcp, &["--entrypoints.websecure.http.tls=true"], &[(plain, 200)]).concat();
    assert!(said.contains("t@docker") && said.contains("has HostSNI matcher, but no TLS on router"), "{said}");
}

#[test]
fn a_resolver_without_a_challenge_says_nothing() {
    if !oracle::available() {
        return;
    }
    let labels =
        [("traefik.http.routers.r.entrypoints", "websecure"), ("traefik.http.routers.r.tls.certresolver", "le")];
    let asked = [("https://a.example.com/", 200)];
    let of = |name: &str, flags: &[&str]| {
        let mut all = vec!["--certificatesresolvers.le.acme.email=ops@example.com"];
        all.extend(flags);
        assert_answers(name, &labels, &all, &asked).concat()
    };
    assert_eq!(of("proof-silent", &[]), "");
    assert_eq!(of("proof-nobody", &["--certificatesresolvers.le.acme.httpchallenge=true"]), "");
    assert_eq!(of("proof-dns", &["--certificatesresolvers.le.acme.dnschallenge=true"]), "");
    let said = of("proof-lost", &["--certificatesresolvers.le.acme.httpchallenge.entrypoint=wbe"]);
    assert!(said.contains("EntryPoint doesn't exist"), "{said}");
}

#[test]
fn the_longer_rule_wins_whatever_it_says() {
    if !oracle::available() {
        return;
    }
    let labels = [
        ("traefik.http.routers.r.rule", "Host(`a.example.com`) || Host(`www.a.example.com`)"),
        ("traefik.http.routers.r.service", "s"),
        ("traefik.http.routers.hook.rule", "Host(`a.example.com`) && Path(`/hook`)"),
        ("traefik.http.routers.hook.service", "s"),
    ];
    let asked = [request("GET", "http://a.example.com/hook")];
    let router = |name: &str, more: &[(&str, &str)]| {
        let project = project(name, &[&labels[..], more].concat(), &[]);
        let verdict = Verdict::on(&[&project], &asked);
        let proxy = verdict.proxy(&project);
        assert_eq!(proxy.broken(), [""; 0]);
        proxy.answers()[0].router().map(str::to_owned)
    };
    assert_eq!(router("proof-longer", &[]).as_deref(), Some("r@docker"));
    let first = [("traefik.http.routers.hook.priority", "100")];
    assert_eq!(router("proof-first", &first).as_deref(), Some("hook@docker"));
}

#[test]
fn names_of_providers_that_are_not_there_switch_a_router_off() {
    if !oracle::available() {
        return;
    }
    let said = |name: &str, labels: &[(&str, &str)], flags: &[&str]| {
        let mut all = vec![("traefik.http.routers.r.entrypoints", "web")];
        all.extend(labels);
        assert_answers(name, &all, flags, &[("http://a.example.com/", 404)]).concat()
    };
    let middlewares = "traefik.http.routers.r.middlewares";
    let lost = said("proof-provider", &[(middlewares, "auth@file")], &[]);
    assert!(lost.contains(r#"middleware \"auth@file\" does not exist"#), "{lost}");
    let types = [
        (middlewares, "m"),
        ("traefik.http.middlewares.m.addprefix.prefix", "/a"),
        ("traefik.http.middlewares.m.stripprefix.prefixes", "/b"),
    ];
    let two = said("proof-types", &types, &[]);
    assert!(two.contains("multi-types middleware not supported"), "{two}");
    let circle = [
        (middlewares, "one"),
        ("traefik.http.middlewares.one.chain.middlewares", "two"),
        ("traefik.http.middlewares.two.chain.middlewares", "one"),
    ];
    let round = said("proof-circle", &circle, &[]);
    assert!(round.contains("recursion detected"), "{round}");
    // What the flags name in vain.
    let web = [("traefik.http.routers.r.entrypoints", "web")];
    let to = ["--entrypoints.web.http.redirections.entrypoint.to=websecrue"];
    let lost = assert_answers("proof-redirect", &web, &to, &[("http://a.example.com/", 200)]).concat();
    assert!(lost.contains("references a non-existing entry point: websecrue"), "{lost}");
}

#[test]
fn what_traefik_brings_along_has_to_be_switched_on() {
    if !has_tools(&["traefik"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("dynamic.yml");
    fs::write(&file, "http: { routers: { r: { rule: 'PathPrefix(`/`)', service: api@internal } } }").expect("a file");
    let address = format!("--entrypoints.web.address=127.0.0.1:{}", port());
    let provider = format!("--providers.file.filename={}", file.display());
    let (_, said) = started(&[&address, &provider, "--log.level=INFO"], &|said| said.contains("is not enabled"));
    assert!(said.contains("api is not enabled"), "{said}");
}

/// A Traefik with these flags and nothing else: its exit code where it has ended, and everything it said.
fn started(flags: &[&str], is_enough: &dyn Fn(&str) -> bool) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("log");
    let file = File::create(&log).expect("a file");
    let mut command = Command::new(tool("traefik").expect("the caller has looked for it"));
    command.args(flags).env_clear().env("HOME", folder.path()).current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(file.try_clone().expect("a file")).stderr(file);
    let mut process = command.spawn().expect("traefik starts");
    let end = Instant::now() + PATIENCE;
    let read = |log: &Path| fs::read_to_string(log).expect("what it said");
    let code = loop {
        if let Some(status) = process.try_wait().expect("its state") {
            break status.code();
        }
        if is_enough(&read(&log)) || Instant::now() > end {
            process.kill().expect("it ends");
            process.wait().expect("it has ended");
            break None;
        }
        sleep(Duration::from_millis(20));
    };
    (code, read(&log))
}

/// Asserts that Traefik does not start with these flags, and what it says.
fn assert_ends(flags: &[&str], reason: &str) {
    let (code, said) = started(flags, &|_| false);
    assert_eq!(code, Some(1), "{flags:?}: {said}");
    assert!(said.contains(reason), "{flags:?}: {said}");
}

#[test]
fn traefik_ends_at_a_flag_that_it_does_not_know() {
    if !has_tools(&["traefik"]) {
        return;
    }
    assert_ends(&["--providers.docker.exposedByDefualt=false"], "field not found, node: exposedByDefualt");
    assert_ends(&["--entrypoint.web.address=:80"], "field not found, node: entrypoint");
    assert_ends(&["--api.debug=yes"], "strconv.ParseBool");
    assert_ends(&["--accesslog.bufferingsize=many"], "strconv.ParseInt");
    assert_ends(&["--providers.docker.httpclienttimeout=soon"], "invalid duration");
    // What stands for a whole part is switched off without a word.
    let ping = |flag: &str| started(&["healthcheck", flag], &|_| false).1;
    assert!(ping("--ping=yes").contains("please enable `ping`"));
    assert!(!ping("--ping=true").contains("please enable `ping`"));
}

#[test]
fn traefik_ends_at_a_flag_of_version_2() {
    if !has_tools(&["traefik"]) {
        return;
    }
    for (flag, reason) in [
        ("--pilot.dashboard=true", "Pilot configuration has been removed"),
        ("--experimental.http3=true", "HTTP3 is not an experimental feature"),
        ("--providers.docker.swarmmode=false", "`swarmMode` option has been removed"),
        ("--tracing.jaeger.samplingtype=const", "Jaeger Tracing backend has been removed"),
        ("--providers.consul.namespace=a", "`namespace` option has been removed"),
        ("--metrics.influxdb.address=a", "field not found, node: influxdb"),
    ] {
        assert_ends(&[flag], reason);
    }
    let port = port();
    let address = format!("--entrypoints.web.address=127.0.0.1:{port}");
    let flags = [address.as_str(), "--core.defaultrulesyntax=v2", "--log.level=INFO"];
    let (code, said) = started(&flags, &|said| said.contains("has been deprecated"));
    assert_eq!(code, None, "{said}");
    assert!(said.contains("has been deprecated in v3.4"), "{said}");
}

/// A port that nobody uses now.
fn port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

#[test]
fn traefik_ends_where_it_cannot_listen() {
    if !has_tools(&["traefik"]) {
        return;
    }
    let port = port();
    let (all, one) = (format!(":{port}"), format!("127.0.0.1:{port}"));
    let at = |name: &str, address: &str| format!("--entrypoints.{name}.address={address}");
    let ends = |flags: &[String], reason: &str| {
        assert_ends(&flags.iter().map(String::as_str).collect::<Vec<_>>(), reason);
    };
    ends(&[at("a", &one), at("b", &one)], "address already in use");
    ends(&[at("a", &all), at("b", &one)], "address already in use");
    ends(&[at("a", &port.to_string())], "missing port in address");
    ends(&[at("a", ":99999")], "invalid port");
    ends(&[at("a", &format!("{one}/quic"))], "invalid protocol: quic");
    // The API listens on 8080 by itself, as do the probe and the metrics.
    for asks in ["--api.insecure=true", "--ping=true", "--metrics.prometheus=true"] {
        ends(&[at("a", ":8080"), asks.to_owned()], "listen tcp :8080: bind: address already in use");
    }
    let http3 = [at("a", &one), "--entrypoints.a.http3=true".to_owned(), "--entrypoints.a.http.tls=true".to_owned()];
    ends(&[&http3[..], &[at("b", &format!("{one}/udp"))]].concat(), "address already in use");
}

#[test]
fn certificates_need_a_place_that_can_be_written() {
    if !has_tools(&["traefik"]) {
        return;
    }
    let address = format!("--entrypoints.web.address=127.0.0.1:{}", port());
    let flags = [
        address.as_str(),
        "--certificatesresolvers.le.acme.email=ops@example.com",
        "--certificatesresolvers.le.acme.tlschallenge=true",
        "--certificatesresolvers.le.acme.storage=/proc/nobody-writes-here/acme.json",
    ];
    let (_, said) = started(&flags, &|said| said.contains("resolve is skipped"));
    assert!(said.contains("The ACME resolve is skipped from the resolvers list"), "{said}");
}

#[test]
fn the_dashboard_asks_for_no_password() {
    if !has_tools(&["traefik"]) {
        return;
    }
    let port = port();
    let address = format!("--entrypoints.traefik.address=127.0.0.1:{port}");
    let answer = std::cell::RefCell::new(String::new());
    let flags = [address.as_str(), "--api.insecure=true"];
    started(&flags, &|_| {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
        let asked = stream.write_all(b"GET /api/rawdata HTTP/1.0\r\nHost: a.example.com\r\n\r\n");
        let mut text = String::new();
        let is_read = asked.is_ok() && stream.read_to_string(&mut text).is_ok();
        *answer.borrow_mut() = text;
        is_read && answer.borrow().contains(" 200 ")
    });
    let answer = answer.into_inner();
    assert!(answer.contains(" 200 ") && answer.contains("dashboard@internal"), "{answer}");
}

#[test]
fn every_container_is_exposed_where_nobody_says_otherwise() {
    if !oracle::available() {
        return;
    }
    let project = |name: &str, flags: &[&str]| {
        let command = [&["--providers.docker=true", "--entrypoints.web.address=:80"][..], flags].concat();
        json!({
            "name": name,
            "services": {
                "proxy": {
                    "image": "traefik:v3.7",
                    "command": command,
                    "networks": { "edge": null },
                    "labels": { "traefik.enable": "false" },
                },
                "db": { "image": "postgres:17", "networks": { "edge": null }, "expose": ["5432"], "labels": {} },
            },
            "networks": { "edge": { "name": format!("{name}_edge") } },
        })
    };
    let routers = |project: &Value| Verdict::on(&[project], &[]).proxy(project).routers().len();
    assert_eq!(routers(&project("proof-open", &[])), 1);
    assert_eq!(routers(&project("proof-closed", &["--providers.docker.exposedbydefault=false"])), 0);
    assert_eq!(routers(&project("proof-chosen", &["--providers.docker.constraints=Label(`edge`, `a`)"])), 0);
}
