//! Made-up stacks: a proxy with several entry points, services with routes and with labels in Traefik's own words.

use std::fmt::Write as _;

use proptest::prelude::*;

/// Hosts that rules and requests share.
pub(crate) const HOSTS: &[&str] = &["a.example", "a.example", "a.example", "b.example", "b.example", "api.a.example"];

/// Paths that rules and requests share.
const PATHS: &[&str] = &[
    "/",
    "/api",
    "/api/v1",
    "/api/v1/users",
    "/apis",
    "/a",
    "/a/b",
    "/a b",
    "/b",
    "/app",
    "/app/static",
    "/ä",
    "/v1",
    "/x(y)",
];

/// Methods.
pub(crate) const METHODS: &[&str] = &["GET", "POST", "PUT", "HEAD", "DELETE"];

/// Headers that rules ask for, with a value.
pub(crate) const HEADERS: &[(&str, &str)] =
    &[("X-Tenant", "one"), ("X-Tenant", "two"), ("Accept", "text/html"), ("X-Debug", "on"), ("X-Empty", "")];

/// Parameters that rules ask for, with a value.
pub(crate) const QUERIES: &[(&str, &str)] = &[("v", "1"), ("v", "2"), ("debug", ""), ("x", "a b"), ("q", "a&b")];

/// One of several texts.
pub(crate) fn pick(all: &'static [&'static str]) -> BoxedStrategy<String> {
    prop::sample::select(all).prop_map(str::to_owned).boxed()
}

/// A stack.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    services: Vec<Service>,
    redirects: bool,
    flags: Vec<String>,
}

/// A service and what leads to it.
#[derive(Debug, Clone)]
struct Service {
    port: u16,
    routes: Vec<Route>,
    routers: Vec<Raw>,
}

/// A route in the words of services.toml.
#[derive(Debug, Clone)]
struct Route {
    host: String,
    path: String,
    strips: bool,
    entry_points: &'static str,
}

/// A router in labels.
#[derive(Debug, Clone)]
struct Raw {
    rule: String,
    entry_points: &'static str,
    priority: Option<i64>,
    tls: bool,
    middlewares: Vec<&'static str>,
}

/// Middlewares of every service, by name: the options in Traefik's words.
const MIDDLEWARES: &[(&str, &[(&str, &str)])] = &[
    ("strip", &[("stripprefix.prefixes", "/api,/a,/app")]),
    ("strip-slash", &[("stripprefix.prefixes", "/api"), ("stripprefix.forceslash", "true")]),
    ("strip-part", &[("stripprefix.prefixes", "/ap")]),
    ("strip-space", &[("stripprefix.prefixes", "/a b")]),
    ("strip-regex", &[("stripprefixregex.regex", "/api/v[0-9]+,/[a-z]{1}/")]),
    ("strip-any", &[("stripprefixregex.regex", "^/[^/]+")]),
    ("strip-dots", &[("stripprefix.prefixes", "/api/v1/users,/a,/b")]),
    ("add", &[("addprefix.prefix", "/base")]),
    ("add-dots", &[("addprefix.prefix", "/base/..")]),
    ("add-space", &[("addprefix.prefix", "/x y")]),
    ("replace", &[("replacepath.path", "/new")]),
    ("replace-dots", &[("replacepath.path", "/new//x/./y")]),
    ("replace-escaped", &[("replacepath.path", "/n%2Fw x")]),
    ("rewrite", &[("replacepathregex.regex", "^/api(/.*)?$"), ("replacepathregex.replacement", "/v2$1")]),
    (
        "rewrite-name",
        &[("replacepathregex.regex", "^/(?P<first>[a-z]+)(.*)$"), ("replacepathregex.replacement", "/${first}-x$2")],
    ),
    ("rewrite-all", &[("replacepathregex.regex", "[a-z]"), ("replacepathregex.replacement", "z")]),
    ("secure", &[("redirectscheme.scheme", "https"), ("redirectscheme.permanent", "true")]),
    ("secure-port", &[("redirectscheme.scheme", "https"), ("redirectscheme.port", "8443")]),
    (
        "moved",
        &[
            ("redirectregex.regex", "^(https?)://([^/]+)/a(.*)"),
            ("redirectregex.replacement", "https://new.example/$1/$2$3"),
        ],
    ),
    ("headers", &[("headers.framedeny", "true")]),
    ("compress", &[("compress", "true")]),
    ("several", &[("chain.middlewares", "strip,add")]),
];

/// Entry points of a router.
const ENTRY_POINTS: &[&str] = &["web", "web", "web", "web,alt", "alt", "websecure", "web,websecure"];

impl Stack {
    /// The paths to ask for.
    pub(crate) fn paths(&self) -> Vec<String> {
        let routes = self.services.iter().flat_map(|service| &service.routes).map(|route| route.path.clone());
        let mut paths: Vec<String> = routes.chain(PATHS.iter().map(|path| (*path).to_owned())).collect();
        for path in &mut paths {
            *path = path.replace(' ', "%20").replace('ä', "%C3%A4");
        }
        paths
    }

    /// The services.toml.
    pub(crate) fn manifest(&self) -> String {
        let mut out =
            String::from("[stack]\nname = 'routes'\n\n[services.traefik]\nkind = 'traefik'\nversion = '3.7'\n\n");
        out.push_str("[services.traefik.entrypoints]\n");
        let redirect = if self.redirects { ", redirect-to = 'websecure'" } else { "" };
        let _ = writeln!(
            out,
            "web = {{ port = 80{redirect} }}\nalt = {{ port = 8080 }}\nwebsecure = {{ port = 443, tls = true }}\n"
        );
        if !self.flags.is_empty() {
            out.push_str("[services.traefik.static]\n");
            self.flags.iter().for_each(|flag| {
                let _ = writeln!(out, "{flag}");
            });
            out.push('\n');
        }
        for (number, service) in self.services.iter().enumerate() {
            service.write(number, &mut out);
        }
        out
    }
}

impl Service {
    fn write(&self, number: usize, out: &mut String) {
        let name = format!("s{number}");
        let _ = writeln!(out, "[services.{name}]\nimage = 'app:1'\nport = {}\n", self.port);
        for (index, route) in self.routes.iter().enumerate() {
            let _ =
                writeln!(out, "[services.{name}.routes.r{index}]\nhost = '{}'\npath = '{}'", route.host, route.path);
            let _ = writeln!(out, "entrypoints = ['{}']", route.entry_points.replace(',', "', '"));
            if route.strips && route.path != "/" {
                out.push_str("strip-prefix = true\n");
            }
            out.push('\n');
        }
        if self.routers.is_empty() {
            return;
        }
        let _ = writeln!(out, "[services.{name}.labels]");
        let mut set = |label: String, value: &str| {
            let _ = writeln!(out, "\"{label}\" = '''{}'''", value.replace('$', "$$"));
        };
        set(format!("traefik.http.services.{name}-own.loadbalancer.server.port"), &self.port.to_string());
        let mut used: Vec<&str> = self.routers.iter().flat_map(|router| router.middlewares.clone()).collect();
        if used.contains(&"several") {
            used.extend(["strip", "add"]);
        }
        for (middleware, options) in MIDDLEWARES.iter().filter(|(middleware, _)| used.contains(middleware)) {
            for (option, value) in *options {
                let value =
                    if *middleware == "several" { format!("{name}-strip,{name}-add") } else { (*value).to_owned() };
                set(format!("traefik.http.middlewares.{name}-{middleware}.{option}"), &value);
            }
        }
        for (index, router) in self.routers.iter().enumerate() {
            let base = format!("traefik.http.routers.{name}-x{index}");
            set(format!("{base}.rule"), &router.rule);
            set(format!("{base}.entrypoints"), router.entry_points);
            set(format!("{base}.service"), &format!("{name}-own"));
            if let Some(priority) = router.priority {
                set(format!("{base}.priority"), &priority.to_string());
            }
            if router.tls {
                set(format!("{base}.tls"), "true");
            }
            if !router.middlewares.is_empty() {
                let names: Vec<String> = router.middlewares.iter().map(|m| format!("{name}-{m}")).collect();
                set(format!("{base}.middlewares"), &names.join(","));
            }
        }
        out.push('\n');
    }
}

/// A stack.
pub(crate) fn stack() -> BoxedStrategy<Stack> {
    let service = (
        prop::sample::select(&[80u16, 3000, 8000, 9090][..]),
        prop::collection::vec(route(), 0..4),
        prop::collection::vec(raw(), 1..6),
    );
    let service = service.prop_map(|(port, routes, routers)| Service { port, routes, routers });
    let flag = pick(FLAGS);
    (prop::collection::vec(service, 3..6), prop::bool::weighted(0.3), prop::collection::vec(flag, 0..2))
        .prop_map(|(services, redirects, mut flags): (_, _, Vec<String>)| {
            flags.sort_unstable();
            flags.dedup();
            Stack { services, redirects, flags }
        })
        .boxed()
}

/// Static options that change what becomes of a request.
const FLAGS: &[&str] = &[
    "entryPoints.web.http.sanitizePath = false",
    "entryPoints.alt.http.encodeQuerySemicolons = true",
    "entryPoints.web.http.encodedCharacters.allowEncodedSlash = false",
    "entryPoints.alt.http.encodedCharacters.allowEncodedPercent = false",
    "entryPoints.web.forwardedHeaders.insecure = true",
    "entryPoints.alt.asDefault = true",
    "entryPoints.alt.http.middlewares = 's0-strip@docker'",
    "entryPoints.alt.http.tls = true",
    "entryPoints.alt.observability.metrics = false",
    "entryPoints.web.http.encodedCharacters.allowEncodedBackSlash = false",
    "entryPoints.web.http.encodedCharacters.allowEncodedHash = false",
];

fn route() -> BoxedStrategy<Route> {
    let paths: Vec<&'static str> = PATHS.iter().copied().filter(|path| !path.contains(' ')).collect();
    (pick(HOSTS), prop::sample::select(paths), any::<bool>(), prop::sample::select(ENTRY_POINTS))
        .prop_map(|(host, path, strips, entry_points)| Route { host, path: path.to_owned(), strips, entry_points })
        .boxed()
}

fn raw() -> BoxedStrategy<Raw> {
    let middleware = prop::sample::select(MIDDLEWARES).prop_map(|(name, _)| name);
    let priority = prop_oneof![3 => Just(None), 1 => (-5i64..30_000).prop_map(Some)];
    (
        rule(),
        prop::sample::select(ENTRY_POINTS),
        priority,
        prop::bool::weighted(0.1),
        prop::collection::vec(middleware, 0..3),
    )
        .prop_map(|(rule, entry_points, priority, tls, mut middlewares)| {
            middlewares.dedup();
            // Over TLS as a rule where the entry point is the one for it.
            let tls = tls != entry_points.contains("websecure");
            Raw { rule, entry_points, priority, tls, middlewares }
        })
        .boxed()
}

fn rule() -> BoxedStrategy<String> {
    let quote = |name: &'static str, text: String| format!("{name}(`{text}`)");
    let host = prop_oneof![
        6 => pick(HOSTS).prop_map(move |host: String| quote("Host", host)),
        1 => pick(HOSTS).prop_map(move |host: String| quote("Host", host.to_uppercase())),
        1 => Just("Host(`a.example.`)".to_owned()),
        1 => Just("Host(`*.example`)".to_owned()),
        1 => Just("Host(`*`)".to_owned()),
        1 => pick(&["^.+$", r"\.example$", "^(a|b)", r"(?i)^B.EXAMPLE$", r"^api\.", "[0-9]"]).prop_map(move |regex: String| quote("HostRegexp", regex)),
    ];
    let path = prop_oneof![
        3 => pick(PATHS).prop_map(move |path: String| quote("Path", path)),
        6 => pick(PATHS).prop_map(move |path: String| quote("PathPrefix", path)),
        1 => Just("PathPrefix(`/a%2Fb`)".to_owned()),
        2 => pick(&["^/api/v[0-9]+(/|$)", "users$", r"^/\w+$", "^/[^/]*/?$", r"\d", "^/(a|app)(/.*)?$", "%2F", "ä", r"/a{1}\b", "[ (]"])
            .prop_map(move |regex: String| quote("PathRegexp", regex)),
    ];
    let pair = |name: &'static str, values: &'static [(&'static str, &'static str)]| {
        prop::sample::select(values)
            .prop_filter("a matcher takes no empty text", |(_, value)| !value.is_empty())
            .prop_map(move |(key, value)| format!("{name}(`{key}`, `{value}`)"))
    };
    let other = prop_oneof![
        2 => pick(METHODS).prop_map(move |method: String| quote("Method", method)),
        1 => Just("Method(`get`)".to_owned()),
        2 => pair("Header", HEADERS),
        1 => Just("HeaderRegexp(`X-Tenant`, `^o`)".to_owned()),
        1 => Just("HeaderRegexp(`accept`, `html`)".to_owned()),
        1 => Just("Header(`X-Forwarded-Proto`, `https`)".to_owned()),
        1 => Just("Header(`X-Forwarded-Host`, `a.example`)".to_owned()),
        2 => pair("Query", QUERIES),
        1 => Just("Query(`debug`)".to_owned()),
        1 => Just("QueryRegexp(`v`, `^[0-9]$`)".to_owned()),
    ];
    let leaf = prop_oneof![5 => host.clone(), 5 => path.clone(), 2 => other.clone()];
    let whole = prop_oneof![
        4 => (host.clone(), path.clone()).prop_map(|(host, path)| format!("{host} && {path}")),
        1 => (host.clone(), path, other).prop_map(|(host, path, other)| format!("{host} && {path} && {other}")),
        1 => host,
        1 => leaf.clone(),
        2 => leaf.prop_recursive(3, 6, 3, |inner| {
            prop_oneof![
                3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} && {b}")),
                3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
                2 => inner.prop_map(|inner| format!("!({inner})")),
            ]
        }),
    ];
    whole.boxed()
}
