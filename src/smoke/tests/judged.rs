//! What answers are worth, and what is behind those that are wrong.

use super::super::http::Flaw;
use super::*;

#[test]
fn the_right_service_on_a_port_of_before_is_no_proof() {
    // What the proxy has not noticed yet would answer until it does.
    let before = access("shop-api-api@docker", "172.20.0.3:5000");
    let (kind, message) = Stage::new().cause(HEALTH, Ok(answer(200, r#"{"service":"api"}"#)), Some(&before));
    assert_eq!(kind, "other-port");
    assert!(message.contains("5000") && message.contains("8000"), "{message}");
}

#[test]
fn what_the_log_and_the_answer_agree_on_is_a_pass() {
    let own = access("shop-api-api@docker", "172.20.0.3:8000");
    let verdict = Stage::new().judge(HEALTH, Ok(answer(200, r#"{"service":"api"}"#)), Some(&own));
    assert_eq!((verdict.result, verdict.evidence), (Outcome::Passed, Some(Evidence::AccessLog)), "{verdict:?}");
    assert_eq!(verdict.answered_by.as_deref(), Some("api"));
    // Of a route without a path that proves it any answer of the service will do, but no breakdown.
    let own = access("shop-api-hooks@docker", "172.20.0.3:8000");
    assert_eq!(Stage::new().judge(HOOKS, Ok(answer(405, "")), Some(&own)).result, Outcome::Passed);
    assert_eq!(Stage::new().cause(HOOKS, Ok(answer(500, "")), Some(&own)).0, "wrong-status");
    // What answers on its own port is who it is.
    let port = "GET http://localhost:18000/ready";
    let verdict = Stage::new().judge(port, Ok(answer(200, "")), None);
    assert_eq!((verdict.result, verdict.evidence), (Outcome::Passed, Some(Evidence::PublishedPort)));
}

#[test]
fn an_answer_from_nobody_knows_whom_is_no_pass() {
    let mut stage = Stage::new();
    let web = "GET https://shop.example.com:10443/";
    let kind = |stage: &Stage| {
        let verdict = stage.judge(web, Ok(answer(200, "hello")), None);
        assert_eq!(verdict.result, Outcome::Unproved, "{verdict:?}");
        verdict.cause.unwrap().kind
    };
    assert_eq!(kind(&stage), "not-in-access-log");
    stage.containers[0].arguments.clear();
    assert_eq!(kind(&stage), "no-access-log");
    stage.has_engine = false;
    assert_eq!(kind(&stage), "no-engine");
    // What `expect` says shows it without a log.
    let verdict = stage.judge(HEALTH, Ok(answer(200, r#"{"service":"api"}"#)), None);
    assert_eq!((verdict.result, verdict.evidence), (Outcome::Passed, Some(Evidence::Expect)), "{verdict:?}");
    let (kind, message) = stage.cause(HEALTH, Ok(answer(200, r#"{"service":"hunter2-hunter2"}"#)), None);
    assert_eq!(kind, "unexpected-answer");
    assert!(message.contains("`/service` in its body is \"********\", not `api`"), "{message}");
}

#[test]
fn a_middleware_that_answers_has_not_asked_the_service() {
    let own = access("shop-api-hooks@docker", "");
    let verdict = Stage::new().judge(HOOKS, Ok(answer(401, "")), Some(&own));
    assert_eq!((verdict.result, verdict.cause.unwrap().kind), (Outcome::Unproved, "middleware-answered"));
}

#[test]
fn the_wrong_service_is_a_failure_whatever_it_answers() {
    let mut stage = Stage::new();
    let label = |name: &str, value: &str| (format!("traefik.http.routers.greedy.{name}"), value.to_owned());
    stage.containers[2].labels = [label("rule", "PathPrefix(`/`)"), label("priority", "99999")].into();
    let other = access("greedy@docker", "172.20.0.4:3000");
    let (kind, message) = stage.cause(HEALTH, Ok(answer(200, r#"{"service":"api"}"#)), Some(&other));
    assert_eq!(kind, "wrong-service");
    assert!(message.starts_with("`web` answered (200), and not `api`: the router greedy took it"), "{message}");
    assert!(message.contains("shop-web-1: PathPrefix(`/`), priority 99999"), "{message}");
    // The right service by a wrong way is wrong as well, and so is a service of that name in another project.
    let own = access("greedy@docker", "172.20.0.3:8000");
    assert!(stage.cause(HEALTH, Ok(answer(200, "")), Some(&own)).1.starts_with("the router greedy took it, and not"));
    stage.containers[1].project = "other".to_owned();
    let own = access("shop-api-api@docker", "172.20.0.3:8000");
    let (_, message) = stage.cause(HEALTH, Ok(answer(200, "")), Some(&own));
    assert!(message.contains("`api of the project other` answered"), "{message}");
}

#[test]
fn who_answers_in_place_of_a_service_that_is_down_is_no_fault_of_its_own() {
    let other = access("shop-web-web@docker", "172.20.0.4:3000");
    let exited = || Stage::after(|containers| containers[1].state = "exited".to_owned());
    let down = ("service-down", "`api` does not run, as its own error explains".to_owned());
    for status in [200, 404] {
        assert_eq!(exited().cause(HEALTH, Ok(answer(status, "a page")), Some(&other)), down);
        // Without a log, too: from whom it may come, it does not come from this one.
        assert_eq!(exited().cause(HEALTH, Ok(answer(status, "a page")), None), down);
        assert_eq!(exited().cause(HOOKS, Ok(answer(status, "a page")), None), down);
    }
    let verdict = exited().judge(HEALTH, Ok(answer(200, "a page")), Some(&other));
    assert_eq!(verdict.answered_by.as_deref(), Some("web"), "it is said all the same");
    // Whom the proxy still leads to would have answered.
    let paused = Stage::after(|containers| containers[1].state = "paused".to_owned());
    assert_eq!(paused.cause(HEALTH, Ok(answer(200, "a page")), Some(&other)).0, "wrong-service");
}

#[test]
fn where_no_router_takes_it_the_labels_and_the_log_say_why() {
    let nobody = Access { status: 404, ..Access::default() };
    let ask = |stage: &Stage| {
        let verdict = stage.judge(HEALTH, Ok(answer(404, "404 page not found\n")), Some(&nobody));
        verdict.cause.unwrap()
    };
    let mut stage = Stage::new();
    stage.log =
        "2026-01-01T00:00:00Z ERR error while adding rule: hunter2-hunter2 routerName=shop-api-api@docker\n".to_owned();
    let cause = ask(&stage);
    assert_eq!(cause.kind, "no-router");
    assert!(cause.help.unwrap().contains("has no label `traefik.http.routers.shop-api-api.rule`"));
    assert_eq!(cause.log, ["ERR error while adding rule: ******** routerName=shop-api-api@docker"]);

    stage.containers[1].labels.insert("traefik.http.routers.shop-api-api.rule".to_owned(), "Host(`a`".to_owned());
    let help = ask(&stage).help.unwrap();
    assert!(help.contains("is Host(`a`, and services.toml makes it (Host(`shop.example.com`)"), "{help}");

    stage.containers[1].labels.insert("stackgen.edge".to_owned(), "elsewhere".to_owned());
    let cause = ask(&stage);
    assert_eq!(cause.kind, "not-taken");
    assert!(cause.message.contains("is `elsewhere`, and the proxy takes containers with `shop` alone"));

    let unhealthy = Stage::after(|containers| {
        containers[1].health = Some(Health { status: "unhealthy".to_owned(), ..Health::default() });
    });
    let cause = ask(&unhealthy);
    assert_eq!(cause.kind, "service-down");
    assert!(cause.message.contains("`api` is unhealthy, and the proxy leads nobody to it"), "{}", cause.message);

    // Without a log it can only be guessed, by the words of the answer.
    let verdict = Stage::new().judge(HEALTH, Ok(answer(404, "404 page not found\n")), None);
    assert!(verdict.cause.unwrap().message.ends_with("as it seems"));
    let (kind, message) = Stage::new().cause(HEALTH, Ok(answer(404, "{}")), None);
    assert_eq!(kind, "wrong-status");
    assert!(message.starts_with("it is answered with 404 instead of 200"), "{message}");
}

#[test]
fn a_bad_gateway_says_which_port_and_which_network() {
    let own = access("shop-api-api@docker", "172.20.0.3:8000");
    let (kind, message) = Stage::new().cause(HEALTH, Ok(answer(502, "Bad Gateway")), Some(&own));
    assert_eq!(kind, "not-listening");
    assert!(message.contains("on port 8000 of `api`"), "{message}");
    let other_port = access("shop-api-api@docker", "172.20.0.3:9000");
    let (kind, message) = Stage::new().cause(HEALTH, Ok(answer(502, "Bad Gateway")), Some(&other_port));
    assert_eq!(kind, "wrong-port");
    assert!(message.contains("on port 9000, and it listens on 8000"), "{message}");
    let apart = Stage::after(|containers| {
        containers[1].networks = [("shop_internal".to_owned(), vec!["172.20.0.3".parse().unwrap()])].into();
    });
    for end in [Ok(answer(504, "Gateway Timeout")), Err(Trouble::Timeout(Duration::from_secs(5)))] {
        let (kind, message) = apart.cause(HEALTH, end, Some(&own));
        assert_eq!(kind, "no-shared-network");
        assert!(message.contains("shop-api-1 has `shop_internal`, shop-traefik-1 has `shop_edge`"), "{message}");
    }
    // A service may answer 502 in its own words.
    assert_eq!(Stage::new().cause(HEALTH, Ok(answer(502, "{}")), Some(&own)).0, "wrong-status");
}

#[test]
fn no_answer_has_a_cause_each() {
    let stage = Stage::new();
    let kind = |trouble: Trouble| stage.cause(HEALTH, Err(trouble), None).0;
    assert_eq!(kind(Trouble::Refused), "refused");
    assert_eq!(kind(Trouble::Closed), "closed");
    assert_eq!(kind(Trouble::UnknownHost("a".to_owned())), "dns");
    assert_eq!(kind(Trouble::SlowName("a".to_owned(), Duration::from_secs(1))), "dns");
    assert_eq!(kind(Trouble::Timeout(Duration::from_secs(1))), "timeout");
    assert_eq!(kind(Trouble::Tls("no TLS".to_owned())), "tls");
    assert_eq!(kind(Trouble::Certificate(Distrust::Issuer)), "untrusted-certificate");
    assert_eq!(kind(Trouble::Certificate(Distrust::Name)), "certificate-name");
    assert_eq!(kind(Trouble::Certificate(Distrust::Time)), "certificate-expired");
    assert_eq!(kind(Trouble::Loop(Vec::new())), "redirect-loop");
    assert_eq!(kind(Trouble::Away("https://elsewhere.example/".to_owned())), "redirect-away");
    assert_eq!(kind(Trouble::Away("https://shop.example.com/".to_owned())), "redirect-port");
    let down = Stage::after(|containers| containers[0].state = "exited".to_owned());
    assert_eq!(down.cause(HEALTH, Err(Trouble::Refused), None).0, "proxy-down");
    let redis = Stage::after(|containers| containers[4].state = "exited".to_owned());
    assert_eq!(redis.cause("tcp 127.0.0.1:16379", Err(Trouble::Refused), None).0, "service-down");
    assert_eq!(stage.cause("tcp 127.0.0.1:16379", Err(Trouble::Closed), None).0, "not-listening");
}

#[test]
fn the_proxys_own_certificate_is_known_and_the_resolver_named() {
    let mut stage = Stage::new();
    stage.log = "2026-01-01T00:00:00Z ERR Unable to obtain ACME certificate for domains error=\"refused\"\n".to_owned();
    let verdict = stage.judge(HEALTH, Err(Trouble::Certificate(Distrust::TraefikDefault)), None);
    let cause = verdict.cause.unwrap();
    assert_eq!(cause.kind, "default-certificate");
    assert!(cause.message.contains("it has none from `letsencrypt` yet"), "{}", cause.message);
    assert_eq!(cause.log.len(), 1, "{:?}", cause.log);
}

#[test]
fn a_redirect_has_to_happen() {
    let redirect = "GET http://shop.example.com:10080/api/health";
    let own = access("shop-api-api@docker", "172.20.0.3:8000");
    let stage = Stage::new();
    let verdict = stage.judge(redirect, Ok(answer(200, r#"{"service":"api"}"#)), Some(&own));
    assert_eq!(verdict.result, Outcome::Passed, "{verdict:?}");
    // The same without one on the way.
    let check = stage.check(redirect);
    let verdict = stage.verdict(&check, Ok(answer(200, r#"{"service":"api"}"#)), Vec::new(), Some(&own));
    assert_eq!((verdict.result, verdict.cause.unwrap().kind), (Outcome::Failed, "no-redirect"));
}

#[test]
fn what_the_proxy_finds_no_address_for_has_no_router() {
    let apart = Stage::after(|containers| containers[1].networks.clear());
    let nobody = Access { status: 404, ..Access::default() };
    let (kind, message) = apart.cause(HEALTH, Ok(answer(404, "404 page not found\n")), Some(&nobody));
    assert_eq!(kind, "no-shared-network");
    assert!(message.contains("shop-api-1 has none"), "{message}");
}

#[test]
fn a_proxy_without_routes_of_its_own_is_asked_whether_it_listens() {
    let manifest = "[stack]\nname = \"shop\"\n[services.traefik]\nkind = \"traefik\"\nversion = \"3.6\"\nentrypoints.amqp = { port = 5671 }\n";
    let stage = Stage { plan: plans(manifest).remove(0), ..Stage::new() };
    let asked = "tcp 127.0.0.1:15671";
    // Who is behind it is the matter of those whose routes are there.
    assert_eq!(stage.judge(asked, Err(Trouble::Closed), None).result, Outcome::Passed);
    assert_eq!(stage.cause(asked, Err(Trouble::Refused), None).0, "refused");
}

#[test]
fn a_connection_to_an_entry_point_does_not_say_who_is_behind_it() {
    let asked = "tcp 127.0.0.1:15671";
    let verdict = Stage::new().judge(asked, Ok(Answer::default()), None);
    assert_eq!((verdict.result, verdict.cause.unwrap().kind), (Outcome::Unproved, "connection-only"));
    let down = Stage::after(|containers| containers[3].state = "exited".to_owned());
    assert_eq!(down.cause(asked, Ok(Answer::default()), None).0, "service-down");
}

#[test]
fn a_paused_service_takes_connections_and_does_not_work() {
    let asked = "tcp 127.0.0.1:16379";
    assert_eq!(Stage::new().judge(asked, Ok(Answer::default()), None).result, Outcome::Passed);
    let paused = Stage::after(|containers| containers[4].state = "paused".to_owned());
    let (kind, message) = paused.cause(asked, Ok(Answer::default()), None);
    assert_eq!((kind, message.as_str()), ("service-down", "`redis` is paused, as its own error explains"));
}

#[test]
fn a_proxy_without_servers_says_so() {
    let own = access("shop-api-api@docker", "");
    let own = Access { service: Some("shop-api@docker".to_owned()), ..own };
    let (kind, message) = Stage::new().cause(HEALTH, Ok(answer(503, "no available server")), Some(&own));
    assert_eq!(kind, "no-server");
    assert_eq!(message, "503 Service Unavailable: the proxy has no server for `api`");
}

#[test]
fn an_address_that_no_container_has_proves_nothing() {
    let stage = Stage::new();
    let elsewhere = access("shop-web-web@docker", "172.20.0.99:3000");
    let elsewhere = Access { service: Some("shop-web@docker".to_owned()), ..elsewhere };
    let web = "GET https://shop.example.com:10443/";
    let verdict = stage.judge(web, Ok(answer(200, "hello")), Some(&elsewhere));
    let cause = verdict.cause.unwrap();
    assert_eq!((verdict.result, cause.kind), (Outcome::Unproved, "unknown-server"));
    assert!(cause.message.contains("the proxy asked 172.20.0.99:3000"), "{}", cause.message);
    // What the answer itself shows still counts.
    let elsewhere = access("shop-api-api@docker", "172.20.0.99:8000");
    let verdict = stage.judge(HEALTH, Ok(answer(200, r#"{"service":"api"}"#)), Some(&elsewhere));
    assert_eq!((verdict.result, verdict.evidence), (Outcome::Passed, Some(Evidence::Expect)), "{verdict:?}");
    // On the host's network no address is its own.
    let on_host = Stage::after(|containers| containers[1].is_on_host = true);
    let verdict = on_host.judge(HEALTH, Ok(answer(200, r#"{"service":"api"}"#)), Some(&elsewhere));
    assert_eq!(verdict.evidence, Some(Evidence::AccessLog), "{verdict:?}");
}

#[test]
fn of_two_services_with_one_address_the_right_one_counts() {
    let shared = Stage::after(|containers| containers[1].networks = containers[2].networks.clone());
    let own = access("shop-api-api@docker", "172.20.0.4:8000");
    let verdict = shared.judge(HEALTH, Ok(answer(200, r#"{"service":"api"}"#)), Some(&own));
    assert_eq!((verdict.result, verdict.evidence), (Outcome::Passed, Some(Evidence::AccessLog)), "{verdict:?}");
    let other = access("shop-web-web@docker", "172.20.0.4:3000");
    assert_eq!(shared.cause(HEALTH, Ok(answer(200, "")), Some(&other)).0, "wrong-service");
}

#[test]
fn a_rule_with_a_secret_is_shown_as_it_is_written() {
    let manifest = SHOP.replace(
        "routes.web = { path = \"/\", smoke = \"/\" }",
        "routes.web = { rule = \"PathPrefix(`/`) || Header(`X-Token`, `${TOKEN}`)\", priority = 99999 }",
    );
    let plan = plans(&manifest).remove(0);
    let mut containers = containers();
    // With a value of before, which nobody knows here any more.
    let rule = "PathPrefix(`/`) || Header(`X-Token`, `swordfish-of-before`)".to_owned();
    containers[2].labels = [("traefik.http.routers.shop-web-web.rule".to_owned(), rule)].into();
    let stage = Stage { plan, containers, ..Stage::new() };
    let other = access("shop-web-web@docker", "172.20.0.4:3000");
    let (kind, message) = stage.cause(HEALTH, Ok(answer(200, "")), Some(&other));
    assert_eq!(kind, "wrong-service");
    assert!(message.contains("${TOKEN}") && !message.contains("swordfish"), "{message}");
}

#[test]
fn an_answer_that_breaks_off_is_a_failure_and_a_long_one_is_not_looked_into() {
    let own = access("shop-api-api@docker", "172.20.0.3:8000");
    let flawed = |flaw: Flaw| Ok(Answer { flaw: Some(flaw), ..answer(200, r#"{"service":"api"}"#) });
    let stage = Stage::new();
    let (kind, message) = stage.cause(HEALTH, flawed(Flaw::Broken("too early".to_owned())), Some(&own));
    assert_eq!(
        (kind, message.as_str()),
        ("broken-answer", "it is answered with 200, and its body breaks off: too early")
    );
    assert_eq!(stage.cause(HEALTH, flawed(Flaw::Endless(Duration::from_secs(5))), Some(&own)).0, "broken-answer");
    let (kind, message) = stage.cause(HEALTH, flawed(Flaw::TooLong), Some(&own));
    assert_eq!(kind, "unexpected-answer");
    assert!(message.contains("longer than 1 MiB"), "{message}");
    // Where nothing of it is expected, its length is no matter.
    let web = access("shop-web-web@docker", "172.20.0.4:3000");
    let verdict = stage.judge("GET https://shop.example.com:10443/", flawed(Flaw::TooLong), Some(&web));
    assert_eq!(verdict.result, Outcome::Passed, "{verdict:?}");
}
