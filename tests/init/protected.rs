//! What protects a route: it comes along, in every environment, or the route is not there.

use crate::described::Described;

const PROXY: &str = "  traefik:\n    image: traefik:v3.6\n    ports: ['80:80']\n    volumes: \
                     ['/var/run/docker.sock:/var/run/docker.sock:ro']\n";
const FLAGS: &str = "--providers.docker=true, --entrypoints.web.address=:80";
const AUTH: &str = "traefik.http.middlewares.auth.basicauth.users=joe:$$apr1$$abc$$defdefdefdef";

/// What `init` makes of a compose file and of that for production.
fn in_two(base: &str, production: Option<&str>) -> Described {
    let base = format!("services:\n{base}");
    let production = production.map(|text| format!("services:\n{text}"));
    let mut files = vec![("docker-compose.yml", base.as_str())];
    files.extend(production.as_deref().map(|text| ("docker-compose.prod.yml", text)));
    Described::of(&files)
}

impl Described {
    fn production(&self) -> String {
        self.file("docker-compose.prod.yml")
    }
}

/// A container with labels.
fn service(name: &str, labels: &[&str]) -> String {
    let labels: Vec<String> = labels.iter().map(|label| format!("      - {label}\n")).collect();
    format!("  {name}:\n    image: traefik/whoami:v1.10\n    labels:\n{}", labels.concat())
}

/// What another file says of the labels of a container.
fn only_labels(name: &str, labels: &[&str]) -> String {
    service(name, labels).replace("    image: traefik/whoami:v1.10\n", "")
}

fn proxy(flags: &str) -> String {
    format!("{PROXY}    command: [{flags}]\n")
}

fn has(text: &str, what: &str) {
    assert!(text.contains(what), "{what} is not in\n{text}");
}

fn lacks(text: &str, what: &str) {
    assert!(!text.contains(what), "{what} is in\n{text}");
}

const RULE: &str = "traefik.http.routers.web.rule=Host(`a.example.com`)";

#[test]
fn labels_of_one_environment_stay_under_a_proxy_of_another_stack() {
    let base = service("web", &["traefik.enable=true", RULE]);
    let made = in_two(&base, Some(&only_labels("web", &["traefik.http.routers.web.middlewares=auth", AUTH])));
    has(&made.production(), "traefik.http.routers.web.middlewares");
    has(&made.production(), "${AUTH_USERS");
    lacks(&made.rendered(), "middlewares");
}

#[test]
fn a_router_that_one_environment_does_not_have_is_not_there() {
    let base = service("web", &["traefik.enable=true", RULE]);
    let whole = service("web", &["traefik.enable=true", "traefik.http.routers.closed.rule=Host(`b.example.com`)"]);
    let made = in_two(&base, Some(&whole));
    has(&made.rendered(), "a.example.com");
    lacks(&made.production(), "a.example.com");
    has(&made.production(), "b.example.com");
}

#[test]
fn the_dashboard_has_the_password_of_its_environment() {
    let dash = "    labels:\n      - traefik.enable=true\n      - traefik.http.routers.dash.rule=Host(`t.example.com`)\n      \
                - traefik.http.routers.dash.service=api@internal\n";
    let base = format!("{}{dash}{}", proxy(FLAGS), service("web", &["traefik.enable=true", RULE]));
    let made = in_two(&base, Some(&only_labels("traefik", &["traefik.http.routers.dash.middlewares=auth", AUTH])));
    has(&made.production(), "traefik.http.routers.dash.middlewares");
    has(&made.production(), "${AUTH_USERS");
    lacks(&made.rendered(), "middlewares");
}

#[test]
fn a_middleware_of_any_container_is_that_of_its_environment() {
    let door = "    labels:\n      - traefik.enable=true\n      - \
                traefik.http.middlewares.door.ipallowlist.sourcerange=0.0.0.0/0\n";
    let web = service("web", &["traefik.enable=true", RULE, "traefik.http.routers.web.middlewares=door"]);
    let stricter = ["traefik.http.middlewares.door.ipallowlist.sourcerange=10.1.0.0/16"];
    let made = in_two(&format!("{}{door}{web}", proxy(FLAGS)), Some(&only_labels("traefik", &stricter)));
    has(&made.production(), "10.1.0.0/16");
    lacks(&made.production(), "0.0.0.0/0");
    has(&made.rendered(), "0.0.0.0/0");
}

#[test]
fn the_entry_point_of_one_environment_has_its_password_there_alone() {
    let web = service("web", &["traefik.enable=true", RULE]);
    let production = format!(
        "{}    command: [{FLAGS}, --entrypoints.web.http.middlewares=auth@docker]\n",
        only_labels("traefik", &["traefik.enable=true", AUTH])
    );
    let made = in_two(&format!("{}{web}", proxy(FLAGS)), Some(&production));
    has(&made.production(), "auth@docker");
    has(&made.production(), "${AUTH_USERS");
    has(&made.rendered(), "a.example.com");
    lacks(&made.rendered(), "auth");
}

#[test]
fn a_container_that_is_switched_off_in_one_environment_has_no_route_there() {
    let base = format!("{}{}", proxy(FLAGS), service("web", &["traefik.enable=true", RULE]));
    let made = in_two(&base, Some(&only_labels("web", &["traefik.enable=false"])));
    has(&made.rendered(), "a.example.com");
    lacks(&made.production(), "a.example.com");
}

#[test]
fn an_open_dashboard_of_development_is_not_open_in_production() {
    let flags = format!("--api.insecure=true, {FLAGS}, --serverstransport.insecureskipverify=true");
    let base = format!("{}{}", proxy(&flags), service("web", &["traefik.enable=true", RULE]));
    let trusted = "--entrypoints.web.forwardedheaders.trustedips=10.0.0.0/8";
    let production = format!("  traefik:\n    command: [{FLAGS}, {trusted}, --accesslog=true]\n");
    let made = in_two(&base, Some(&production));
    has(&made.rendered(), "api.insecure=true");
    lacks(&made.production(), "api.insecure=true");
    has(&made.production(), trusted);
    has(&made.production(), "--accesslog=true");
    has(&made.production(), "insecureskipverify=false");
    lacks(&made.rendered(), "trustedips");
}

#[test]
fn routers_that_ask_for_certificates_of_clients_are_no_open_routes() {
    let labels = ["traefik.enable=true", RULE, "traefik.http.routers.web.tls.options=mtls@file"];
    let made = in_two(&format!("{}{}", proxy(FLAGS), service("web", &labels)), None);
    made.tells("tls.options");
    lacks(&made.rendered(), "a.example.com");
}

#[test]
fn an_entry_point_that_asks_for_certificates_of_clients_still_does() {
    let flags = "--providers.docker=true, --entrypoints.web.address=:80, --entrypoints.secure.address=:443, \
                 --entrypoints.web.http.redirections.entrypoint.to=secure, --entrypoints.secure.http.tls=true, \
                 --entrypoints.secure.http.tls.options=mtls@file";
    let labels = ["traefik.enable=true", RULE, "traefik.http.routers.web.entrypoints=secure"];
    let made = in_two(&format!("{}{}", proxy(flags), service("web", &labels)), None);
    let rendered = made.rendered();
    has(&rendered, "--entrypoints.secure.http.tls.options=mtls@file");
    has(&rendered, "--entrypoints.web.http.redirections.entrypoint.scheme=https");
    // Traefik takes nothing of an entry point's TLS for a router that has its own.
    lacks(&rendered, ".tls=true");
}

#[test]
fn a_path_alone_does_not_take_what_is_below_it() {
    let labels = [
        "traefik.enable=true",
        "traefik.http.routers.web.rule=Host(`a.example.com`) && Path(`/open`)",
        "traefik.http.routers.both.rule=Host(`a.example.com`) && (Path(`/two`) || PathPrefix(`/two/`))",
    ];
    let made = in_two(&format!("{}{}", proxy(FLAGS), service("web", &labels)), None);
    has(&made.text, "rule = \"Host(`a.example.com`) && Path(`/open`)\" }");
    has(&made.text, "path = \"/two\"");
    lacks(&made.rendered(), "PathPrefix(`/open");
}

#[test]
fn a_path_alone_is_asked_before_the_paths_that_it_was_asked_before() {
    let web = service("web", &["traefik.enable=true", RULE]);
    let health = ["traefik.enable=true", "traefik.http.routers.health.rule=Host(`a.example.com`) && Path(`/health`)"];
    let made = in_two(&format!("{}{web}{}", proxy(FLAGS), service("api", &health)), None);
    has(&made.text, "priority = 20000");
}

#[test]
fn what_constraints_leave_out_gets_no_route() {
    let flags = format!("{FLAGS}, \"--providers.docker.constraints=Label(`zone`, `open`)\"");
    let web = service("web", &["traefik.enable=true", RULE, "zone=open"]);
    let hidden = service("hidden", &["traefik.http.routers.h.rule=Host(`h.example.com`)"]);
    let made = in_two(&format!("{}{web}{hidden}", proxy(&flags)), None);
    made.tells("`constraints`");
    has(&made.rendered(), "a.example.com");
    lacks(&made.rendered(), "h.example.com");
}

#[test]
fn what_the_proxy_did_not_look_at_gets_no_route() {
    let flags = format!("{FLAGS}, --providers.docker.exposedbydefault=false");
    let web = service("web", &["traefik.enable=true", RULE]);
    let hidden = service("hidden", &["traefik.http.routers.h.rule=Host(`h.example.com`)"]);
    let made = in_two(&format!("{}{web}{hidden}", proxy(&flags)), None);
    made.tells("exposedbydefault=false");
    has(&made.rendered(), "a.example.com");
    lacks(&made.rendered(), "h.example.com");
    let open = in_two(&format!("{}{web}{hidden}", proxy(FLAGS)), None);
    has(&open.rendered(), "h.example.com");
}

#[test]
fn another_way_to_the_engine_and_further_flags_are_told_or_kept() {
    let flags = format!(
        "{FLAGS}, --providers.docker.endpoint=tcp://guard:2375, --metrics.otlp.http.endpoint=http://col:4318, \
         --ping.manualrouting=true"
    );
    let made = in_two(&format!("{}{}", proxy(&flags), service("web", &["traefik.enable=true", RULE])), None);
    made.tells("tcp://guard:2375").tells("ping.manualrouting");
    has(&made.rendered(), "--metrics.otlp.http.endpoint=http://col:4318");
}

#[test]
fn values_of_headers_are_not_copied() {
    let flags = format!("{FLAGS}, --tracing.otlp.http.headers.x-honeycomb-team=tulipflag");
    let header = "traefik.http.middlewares.h.headers.custom";
    let (secret, known, answer) = (
        format!("{header}requestheaders.X-Honeycomb-Team=tuliplabel"),
        format!("{header}requestheaders.X-Forwarded-Proto=https"),
        format!("{header}responseheaders.X-Robots-Tag=noindex"),
    );
    let uses = "traefik.http.routers.web.middlewares=h";
    let labels = ["traefik.enable=true", RULE, uses, &secret, &known, &answer];
    let made = in_two(&format!("{}{}", proxy(&flags), service("web", &labels)), None);
    made.hides("tulip").tells("x-honeycomb-team");
    has(&made.rendered(), "${H_X_HONEYCOMB_TEAM");
    has(&made.text, "\"https\"");
    has(&made.text, "\"noindex\"");
}

/// The rules that a compose file asks for, by their routers, with what closes each.
fn rules(text: &str) -> Vec<String> {
    let is_meant =
        |line: &&str| line.contains(".routers.") && (line.contains(".rule:") || line.contains(".middlewares:"));
    let value =
        |line: &str| line.split_once(": ").map_or_else(String::new, |(_, value)| value.trim_matches('"').to_owned());
    text.lines().filter(is_meant).map(value).collect()
}

/// The routes of one service in development and in production, where the two files say these rules.
fn ruled(base: &str, production: &[&str]) -> (Described, Vec<String>, Vec<String>) {
    let rule = format!("traefik.http.routers.admin.rule={base}");
    let more: Vec<String> = production.iter().map(|text| format!("traefik.http.routers.admin.{text}")).collect();
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let base = format!("{}{}", proxy(FLAGS), service("admin", &[&rule]));
    let made = in_two(&base, Some(&only_labels("admin", &more)));
    let (dev, prod) = (rules(&made.rendered()), rules(&made.production()));
    (made, dev, prod)
}

#[test]
fn every_environment_has_the_rule_that_its_file_says() {
    let below = |path: &str| format!("(Path(`{path}`) || PathPrefix(`{path}/`))");
    let at_a = format!("Host(`a.example.org`) && {}", below("/a"));
    let cases: [(&str, &str, &str, &str); 12] = [
        // One host, which becomes that of the stack: what else the rule asks stays.
        (
            "Host(`a.example.org`) && PathPrefix(`/a`)",
            "Host(`a.example.org`) && PathPrefix(`/a`) && ClientIP(`10.0.0.0/8`)",
            &at_a,
            "Host(`a.example.org`) && PathPrefix(`/a`) && ClientIP(`10.0.0.0/8`)",
        ),
        (
            "Host(`a.example.org`) && PathPrefix(`/a`)",
            "Host(`a.example.org`) && PathPrefix(`/a`) && Method(`GET`)",
            &at_a,
            "Host(`a.example.org`) && PathPrefix(`/a`) && Method(`GET`)",
        ),
        (
            "Host(`a.example.org`) && PathPrefix(`/a`)",
            "Host(`a.example.org`) && PathPrefix(`/a`) && (ClientIP(`10.0.0.0/8`) || Header(`Accept`, `text/html`))",
            &at_a,
            "Host(`a.example.org`) && PathPrefix(`/a`) && (ClientIP(`10.0.0.0/8`) || Header(`Accept`, `text/html`))",
        ),
        (
            "Host(`a.example.org`) && PathPrefix(`/a`)",
            "Host(`b.example.org`) && PathPrefix(`/b`) && ClientIP(`10.0.0.0/8`)",
            &at_a,
            "Host(`b.example.org`) && PathPrefix(`/b`) && ClientIP(`10.0.0.0/8`)",
        ),
        // The other way round the path is not lost.
        (
            "Host(`a.example.org`) && ClientIP(`10.0.0.0/8`)",
            "Host(`a.example.org`) && PathPrefix(`/a`)",
            "Host(`a.example.org`) && ClientIP(`10.0.0.0/8`)",
            &at_a,
        ),
        (
            "Host(`a.example.org`)",
            "Host(`b.example.org`) || PathPrefix(`/x`)",
            "Host(`a.example.org`)",
            "Host(`b.example.org`) || PathPrefix(`/x`)",
        ),
        ("Host(`a.example.org`) && PathPrefix(`/a`)", "Host(`a.example.org`)", &at_a, "Host(`a.example.org`)"),
        (
            "Host(`a.example.org`)",
            "Host(`b.example.org`) && PathPrefix(`/b`)",
            "Host(`a.example.org`)",
            &format!("Host(`b.example.org`) && {}", below("/b")),
        ),
        // A rule without a host.
        (
            "PathPrefix(`/a`)",
            "Host(`b.example.org`) && PathPrefix(`/a`)",
            "PathPrefix(`/a`)",
            &format!("Host(`b.example.org`) && {}", below("/a")),
        ),
        (
            "PathPrefix(`/a`)",
            "PathPrefix(`/a`) && Method(`GET`)",
            "PathPrefix(`/a`)",
            "PathPrefix(`/a`) && Method(`GET`)",
        ),
        // A path alone has a priority, which goes with it.
        (
            "Host(`a.example.org`) && Path(`/open`)",
            "Host(`a.example.org`) && PathPrefix(`/a`)",
            "Host(`a.example.org`) && Path(`/open`)",
            &at_a,
        ),
        (
            "Host(`a.example.org`) && PathPrefix(`/a`)",
            "Host(`a.example.org`) && Path(`/a`)",
            &at_a,
            "Host(`a.example.org`) && Path(`/a`)",
        ),
    ];
    for (base, production, in_dev, in_prod) in cases {
        let (made, dev, prod) = ruled(base, &[&format!("rule={production}")]);
        assert_eq!(dev, [in_dev], "{base} in development:\n{}", made.text);
        assert_eq!(prod, [in_prod], "{production} in production:\n{}", made.text);
        assert!(!made.production().contains("priority: \"20000\"") || in_prod.contains("&& Path("), "{}", made.text);
    }
}

#[test]
fn a_rule_of_one_environment_stays_beside_its_middlewares_and_other_routes() {
    let rule = "Host(`a.example.org`) && PathPrefix(`/a`) && ClientIP(`10.0.0.0/8`)";
    let base = service("admin", &["traefik.http.routers.admin.rule=Host(`a.example.org`) && PathPrefix(`/a`)"]);
    let closed =
        [&format!("traefik.http.routers.admin.rule={rule}"), "traefik.http.routers.admin.middlewares=auth", AUTH];
    let made = in_two(&format!("{}{base}", proxy(FLAGS)), Some(&only_labels("admin", &closed)));
    assert_eq!(
        rules(&made.rendered()),
        ["Host(`a.example.org`) && (Path(`/a`) || PathPrefix(`/a/`))"],
        "{}",
        made.text
    );
    assert_eq!(rules(&made.production()), [rule, "auth@docker"], "{}", made.text);
    has(&made.production(), "${AUTH_USERS");
    // Where several services share a host, and one of them has another one in production.
    let shop = service("shop", &["traefik.http.routers.shop.rule=Host(`a.example.org`) && PathPrefix(`/shop`)"]);
    let admin = service("admin", &["traefik.http.routers.admin.rule=Host(`a.example.org`) && PathPrefix(`/a`)"]);
    let closed =
        only_labels("admin", &["traefik.http.routers.admin.rule=Host(`b.example.org`) && ClientIP(`10.0.0.0/8`)"]);
    let made = in_two(&format!("{}{shop}{admin}", proxy(FLAGS)), Some(&closed));
    let (dev, prod) = (rules(&made.rendered()), rules(&made.production()));
    assert!(dev.iter().all(|rule| rule.starts_with("Host(`a.example.org`) && (Path(")), "{dev:?}");
    assert_eq!(
        prod.iter().filter(|rule| rule.as_str() == "Host(`b.example.org`) && ClientIP(`10.0.0.0/8`)").count(),
        1
    );
    assert_eq!((dev.len(), prod.len()), (2, 2), "{}", made.text);
}

#[test]
fn an_entry_point_that_the_proxy_does_not_have_opens_no_other_one() {
    let labels = ["traefik.http.routers.web.entrypoints=internal"];
    let base = format!("{}{}", proxy(FLAGS), service("web", &["traefik.enable=true", RULE]));
    let made = in_two(&base, Some(&only_labels("web", &labels)));
    made.tells("`internal`, which the proxy does not have there");
    assert_eq!(rules(&made.rendered()), ["Host(`a.example.com`)"]);
    assert_eq!(rules(&made.production()), Vec::<String>::new(), "{}", made.text);
}

#[test]
fn no_route_takes_the_place_of_another_one_that_is_called_alike() {
    let labels = [
        "traefik.http.routers.web-admin.rule=Host(`a.example.com`) && PathPrefix(`/admin`) && ClientIP(`10.0.0.0/8`)",
        "traefik.http.routers.admin.rule=Host(`a.example.com`) && PathPrefix(`/open`)",
    ];
    let made = in_two(&format!("{}{}", proxy(FLAGS), service("web", &labels)), None);
    assert_eq!(rules(&made.rendered()).len(), 2, "{}", made.text);
}

#[test]
fn what_is_wrong_with_a_route_of_one_environment_takes_nothing_else_with_it() {
    let base = format!(
        "{}{}{}",
        proxy(FLAGS),
        service("api", &["traefik.http.routers.api.rule=Host(`a.example.com`)"])
            + "    environment: {FEATURE: 'true'}\n",
        service("shop", &["traefik.http.routers.shop.rule=Host(`shop.example.com`)"])
    );
    let bad = [
        "traefik.http.routers.api.middlewares=strip,rate",
        "traefik.http.middlewares.strip.stripprefix.prefixes=/x",
        "traefik.http.middlewares.rate.ratelimit.average=10",
        "traefik.http.routers.more.rule=Host(`b.example.com`) && Method(`GET`)",
    ];
    let production = only_labels("api", &bad) + "    environment: {FEATURE: 'false', EXTRA: '3'}\n";
    let made = in_two(&base, Some(&production));
    // Its own routes are not there, and all of that is told.
    made.tells("what prod says of its `routes` and `labels` was left out").tells("no route `api` and `more`");
    assert_eq!(rules(&made.production()), ["Host(`shop.example.com`)"], "{}", made.text);
    assert_eq!(rules(&made.rendered()), ["Host(`a.example.com`)", "Host(`shop.example.com`)"], "{}", made.text);
    // What else is said there still is.
    has(&made.production(), "FEATURE: \"false\"");
    has(&made.production(), "EXTRA: \"3\"");
    has(&made.rendered(), "FEATURE: \"true\"");
}

#[test]
fn whatever_uses_a_middleware_that_was_taken_back_is_closed_there() {
    let labels = ["traefik.http.routers.web.rule=Host(`a.example.com`)", "traefik.http.routers.web.middlewares=all"];
    let chain = "traefik.http.middlewares.all.chain.middlewares=door";
    let open = "traefik.http.middlewares.door.ipallowlist.sourcerange=0.0.0.0/0";
    let api = ["traefik.http.routers.api.rule=Host(`a.example.com`) && PathPrefix(`/api`)", open, chain];
    let base = format!("{}{}{}", proxy(FLAGS), service("web", &labels), service("api", &api));
    let production = [
        "traefik.http.middlewares.door.ipallowlist.sourcerange=10.1.0.0/16",
        "traefik.http.routers.api.middlewares=strip",
        "traefik.http.middlewares.strip.stripprefix.prefixes=/other",
    ];
    let made = in_two(&base, Some(&only_labels("api", &production)));
    made.tells("no route `web.web` and `api`");
    assert_eq!(rules(&made.production()), Vec::<String>::new(), "{}", made.text);
    has(&made.rendered(), "a.example.com");
}

#[test]
fn a_value_of_one_environment_is_to_be_set_in_the_env_file_of_that() {
    let labels = [RULE, "traefik.http.routers.web.middlewares=auth", AUTH];
    let base = format!("{}{}", proxy(FLAGS), service("web", &labels)) + "    environment: {MAIL: 'joe:abc'}\n";
    let production = only_labels("web", &[&AUTH.replace("joe", "jim")]) + "    environment: {OTHER: 'joe:def'}\n";
    let made = in_two(&base, Some(&production));
    made.tells("the one in docker-compose.yml is not copied; set `AUTH_USERS` in .env to it")
        .tells("the one in docker-compose.prod.yml is not copied; set `AUTH_USERS` in .env.prod to it")
        .tells("`MAIL`: the one in docker-compose.yml is not copied; set it in .env\n")
        .tells("`OTHER`: the one in docker-compose.prod.yml is not copied; set it in .env.prod\n");
}
