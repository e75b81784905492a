//! What the model says of stacks that share a proxy, and of what nobody knows; each test writes its stacks.

use serde_json::json;
use stackgen::manifest::types::RouteProtocol;
use stackgen::plan::Plan;
use stackgen::project::Project;
use stackgen::routing::{self, Clash, End, MeetingKind, Named, Outcome, Request, Router, Routing, Why};
use stackgen::source::Source;

use super::support::oracle::{self, Verdict};

const PROXY: &str = "
[services.traefik]
kind = 'traefik'
version = '3.7'
entrypoints = { web = { port = 80 }, websecure = { port = 443, tls = true } }
";

fn plans(manifest: &str) -> Vec<Plan> {
    let project = Project::from_source(Source::new("services.toml", ".", manifest.to_owned()));
    project.analyse().expect("stackgen works").plans
}

fn plan(manifest: &str) -> Plan {
    plans(manifest).remove(0)
}

/// A stack with a proxy, and one that uses it.
fn two(owner: &str, guest: &str) -> (Plan, Vec<Plan>) {
    let owner = plan(&format!("[stack]\nname = 'shop'\nhost = 'a.example'\n{PROXY}{owner}"));
    let guest = plans(&format!(
        "[stack]\nname = 'blog'\nhost = 'a.example'\nedge = 'shop'\n[services.proxy]\nkind = 'traefik'\nversion = '3.7'\n\
         external = true\nentrypoints = {{ web = {{ port = 80 }} }}\n{guest}"
    ));
    (owner, guest)
}

fn ask(routing: &Routing, line: &str) -> String {
    let request = Request::parse(line).expect("a request");
    match routing.answer(&request).end {
        End::Routed { router, outcome: Outcome::Service { servers, path }, .. } => {
            let names: Vec<&str> = servers.iter().map(|server| server.place.service.as_str()).collect();
            format!("{} {} {}", router.name, names.join("+"), path.unwrap_or_default())
        }
        End::Routed { router, outcome, .. } => format!("{} {outcome:?}", router.name),
        End::Connection(router) => format!("connection {}", router.name),
        other => format!("{other:?}"),
    }
}

const WEB: &str = "[services.web]\nimage = 'web:1'\nport = 3000\nroutes.all = { entrypoints = ['web'] }\n";

#[test]
fn stacks_on_one_proxy_are_one_model() {
    let (owner, guest) = two(
        WEB,
        "[services.blog]\nimage = 'blog:1'\nport = 8000\nroutes.posts = { path = '/posts', strip-prefix = true }\n",
    );
    let guests = [guest];
    let all = routing::on_one_proxy(&owner, &[&guests[0]]);
    assert_eq!(all.len(), 2);
    let routing = Routing::of(&all, &|_, _| None);
    assert_eq!(ask(&routing, "GET http://a.example/posts/1"), "blog-blog-posts@docker blog /1");
    assert_eq!(ask(&routing, "GET http://a.example/"), "shop-web-all@docker web /");
    assert!(routing.clashes().is_empty() && routing.meetings(&|_, _| true).is_empty());
    // Without the owner, the entry points are those that the guest describes.
    let alone = Routing::of(&[&guests[0][0]], &|_, _| None);
    assert_eq!(ask(&alone, "GET http://a.example/posts"), "blog-blog-posts@docker blog /");
    let elsewhere = plans(&format!("[stack]\nname = 'other'\nhost = 'a.example'\n{PROXY}{WEB}"));
    assert_eq!(routing::on_one_proxy(&owner, &[&elsewhere]).len(), 1, "a proxy of its own");
}

#[test]
fn what_two_stacks_do_to_each_other_is_told() {
    let label = |text: &str| format!("[services.x]\nimage = 'x:1'\nport = 80\n[services.x.labels]\n{text}\n");
    let router = |rule: &str, more: &str| {
        label(&format!(
            "'traefik.http.routers.same.rule' = '{rule}'\n'traefik.http.routers.same.entrypoints' = 'web'\n{more}"
        ))
    };
    // One name, two contents: neither is there.
    let (owner, guest) = two(&router("Host(`a`)", ""), &router("Host(`b`)", ""));
    let guests = [guest];
    let routing = Routing::of(&routing::on_one_proxy(&owner, &[&guests[0]]), &|_, _| None);
    let found: Vec<(Named, &str, Vec<&str>)> = routing
        .clashes()
        .iter()
        .filter(|clash: &&Clash| clash.protocol == RouteProtocol::Http)
        .map(|clash| (clash.kind, clash.name.as_str(), clash.places.iter().map(|place| place.stack.as_str()).collect()))
        .collect();
    assert_eq!(found, [(Named::Router, "same", vec!["shop", "blog"])]);
    let request = Request::parse("GET http://a/").expect("a request");
    let answer = routing.answer(&request);
    assert_eq!(answer.end, End::NotFound);
    assert!(matches!(&answer.others[0].why, Why::LeftOut(reason) if reason.contains("deletes")), "{:?}", answer.others);

    // The same rule and priority, the same priority, and a lower one.
    let two_stacks = |weaker: &Router, stronger: &Router| weaker.places[0].stack != stronger.places[0].stack;
    for (own, other, expected) in [
        ("routes.a = { path = '/a' }", "routes.b = { path = '/a' }", Some(MeetingKind::SameRule)),
        (
            "routes.a = { path = '/a', priority = 5 }",
            "routes.b = { path = '/a/b', priority = 5 }",
            Some(MeetingKind::SamePriority),
        ),
        ("routes.a = { path = '/a', priority = 99999 }", "routes.b = { path = '/a/b' }", Some(MeetingKind::Shadowed)),
        ("routes.a = { path = '/a' }", "routes.b = { path = '/a/b' }", None),
        ("routes.a = { path = '/a' }", "routes.b = { path = '/a', host = 'b.example' }", None),
    ] {
        let service = |routes: &str| format!("[services.x]\nimage = 'x:1'\nport = 80\n{routes}\n");
        let (owner, guest) = two(&service(own), &service(other));
        let guests = [guest];
        let routing = Routing::of(&routing::on_one_proxy(&owner, &[&guests[0]]), &|_, _| None);
        let meetings = routing.meetings(&two_stacks);
        assert_eq!(meetings.first().map(|meeting| meeting.kind), expected, "{own} {other}: {meetings:?}");
    }
}

#[test]
fn traefik_routes_both_stacks_as_predicted() {
    if !oracle::available() {
        return;
    }
    let (owner, guest) = two(
        &format!("{WEB}[services.web.labels]\n'traefik.http.routers.same.rule' = 'Path(`/same`)'\n"),
        "[services.blog]\nimage = 'blog:1'\nport = 8000\nroutes.posts = { path = '/posts', strip-prefix = true }\n\
         [services.blog.labels]\n'traefik.http.routers.same.rule' = 'Path(`/same`)'\n\
         'traefik.http.routers.same.priority' = '7'\n",
    );
    let guests = [guest];
    let routing = Routing::of(&routing::on_one_proxy(&owner, &[&guests[0]]), &|_, _| None);
    let urls = ["http://a.example/posts/1", "http://a.example/", "http://b.example/same", "http://a.example/same"];
    let requests: Vec<_> = urls.iter().map(|url| json!({ "method": "GET", "url": url })).collect();
    let (mine, theirs) = (super::project_of(&owner, "shop"), super::project_of(&guests[0][0], "blog"));
    let verdict = Verdict::on(&[&mine, &theirs], &requests);
    for (url, seen) in urls.iter().zip(verdict.proxy(&mine).answers()) {
        let request = Request::parse(url).expect("a request");
        assert_eq!(super::differs(&routing.answer(&request), seen), None, "{url}");
    }
}

#[test]
fn what_is_not_known_is_said_to_be_open() {
    let plan = plan(&format!(
        "[stack]\nname = 'shop'\nhost = '${{DOMAIN}}'\n[variables]\nDOMAIN = {{ required = true }}\nTOKEN = {{ secret = true }}\n{PROXY}{WEB}\
         [services.web.routes.hidden]\nrule = 'Header(`X-Token`, `${{TOKEN}}`)'\nentrypoints = ['web']\n"
    ));
    let routing = Routing::of(&[&plan], &|_, name| (name == "TOKEN").then(|| "fake-token".to_owned()));
    assert_eq!(routing.open_variables(), ["DOMAIN", "TOKEN"], "a secret has no value here");
    let mut request = Request::parse("GET http://shop.example/").expect("a request");
    request.add_header("X-Token: fake-token").expect("a header");
    let answer = routing.answer(&request);
    assert_eq!(answer.end, End::NotFound);
    let names: Vec<&str> = answer.perhaps.iter().map(|candidate| candidate.name.as_str()).collect();
    assert_eq!(names, ["shop-web-all@docker", "shop-web-hidden@docker"], "the stronger one first");
    assert!(!format!("{routing:?}{answer:?}").contains("fake-token"));
    assert_eq!(ask(&routing, "GET http://${DOMAIN}/x"), "shop-web-all@docker web /x");
    let known = Routing::of(&[&plan], &|_, name| (name == "DOMAIN").then(|| "shop.example".to_owned()));
    assert_eq!(ask(&known, "GET http://shop.example/x"), "shop-web-all@docker web /x");
    let client = super::plan(&format!(
        "[stack]\nname = 'shop'\nhost = 'a'\n{PROXY}{WEB}[services.web.routes.inside]\nrule = 'ClientIP(`10.0.0.0/8`)'\n\
         entrypoints = ['web']\n"
    ));
    let routing = Routing::of(&[&client], &|_, _| None);
    let mut request = Request::parse("GET http://b/").expect("a request");
    assert_eq!(routing.answer(&request).perhaps.len(), 1);
    request.client = Some("10.1.2.3".parse().expect("an address"));
    assert!(
        matches!(routing.answer(&request).end, End::Routed { router, .. } if router.name == "shop-web-inside@docker")
    );
}

#[test]
fn a_connection_is_taken_before_a_request_is_read() {
    let plan = plan(&format!(
        "[stack]\nname = 'shop'\nhost = 'a.example'\n{PROXY}{WEB}\
         [services.db]\nimage = 'db:1'\nport = 5432\nroutes.db = {{ protocol = 'tcp', sni = 'db.example', entrypoints = ['websecure'] }}\n"
    ));
    let routing = Routing::of(&[&plan], &|_, _| None);
    assert_eq!(ask(&routing, "GET https://db.example/"), "connection shop-db-db@docker");
    assert_eq!(ask(&routing, "GET http://a.example/"), "shop-web-all@docker web /");
    assert_eq!(ask(&routing, "GET https://a.example/"), "NotFound");
    assert_eq!(ask(&routing, "GET http://a.example:7/"), "NoEntryPoint");
    // One for every name leaves to HTTP the hosts that its routers name, and everything where one of them names none.
    for (rule, expected) in [
        ("Host(`b.example`)", ["connection shop-db-db@docker", "shop-api-own@docker api /"]),
        ("PathPrefix(`/x`)", ["NotFound", "NotFound"]),
    ] {
        let plan = super::plan(&format!(
            "[stack]\nname = 'shop'\nhost = 'a.example'\n{PROXY}\
             [services.api]\nimage = 'api:1'\nport = 80\nroutes.own = {{ rule = '{rule}', entrypoints = ['websecure'] }}\n\
             [services.db]\nimage = 'db:1'\nport = 5432\nroutes.db = {{ protocol = 'tcp', sni = '*', entrypoints = ['websecure'] }}\n"
        ));
        let routing = Routing::of(&[&plan], &|_, _| None);
        let found = ["https://a.example/", "https://b.example/"].map(|url| ask(&routing, &format!("GET {url}")));
        assert_eq!(found, expected, "{rule}");
    }
}
