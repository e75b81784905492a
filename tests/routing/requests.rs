//! Requests to a made-up stack: most near something that one of its routers takes.

use proptest::prelude::*;
use serde_json::{Value, json};
use stackgen::routing::Request;

use super::stacks::{HEADERS, HOSTS, METHODS, QUERIES, Stack, pick};

/// A request as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    line: String,
    headers: Vec<(String, String)>,
}

impl Sent {
    pub(crate) fn to_json(&self) -> Value {
        let (method, url) = self.line.split_once(' ').expect("a method and a URL");
        let headers: serde_json::Map<String, Value> =
            self.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        json!({ "method": method, "url": url, "headers": headers })
    }

    pub(crate) fn parse(&self) -> Request {
        let mut request = Request::parse(&self.line).expect("a request");
        for (name, value) in &self.headers {
            request.add_header(&format!("{name}: {value}")).expect("a header");
        }
        request
    }
}

/// What is put behind a path.
const TAILS: &[&str] = &[
    "",
    "",
    "",
    "",
    "/",
    "/x",
    "/x/y",
    "x",
    "/../b",
    "//",
    "/./a",
    "/%2e%2e/a",
    "%20",
    "/a%2Fb",
    "/a%2fb",
    "/%61",
    "/%c3%a4",
    "/(x)",
    "/a!b",
    "/a;b",
    "/%7Eu",
    "/a%25b",
    "/a%3Bb",
    "/a%5Cb",
    "/a:b",
    "/a,b",
    "/*",
    "/a%22b",
    "/%C3%A4",
    "/%zz",
    "/..",
    "../x",
    "./x",
    "..",
    "%2F..%2Fx",
    "/a=b&c",
    "/a+b",
    "/[x]",
    "/v1/users",
    "/a%3Fb",
    "/a%23b",
];

/// Queries beside those that rules ask for.
const OTHER_QUERIES: &[&str] = &[
    "?",
    "?v=1&v=2",
    "?debug",
    "?debug=",
    "?debug=1",
    "?x=a+b",
    "?x=a%20b",
    "?a;v=2",
    "?v=%32",
    "?v",
    "?x=%zz&v=2",
    "?q=a%26b",
];

/// A request.
pub(crate) fn request(stack: &Stack) -> BoxedStrategy<Sent> {
    let paths = stack.paths();
    let place = prop_oneof![
        24 => Just("http://HOST"),
        2 => Just("http://HOST:80"),
        10 => Just("https://HOST"),
        4 => Just("http://HOST:8080"),
        2 => Just("http://HOST:18080"),
        1 => Just("http://HOST:7"),
    ];
    let path = prop_oneof![
        7 => (prop::sample::select(paths), pick(TAILS)).prop_map(|(path, tail)| {
            if tail.starts_with('/') { format!("{}{tail}", path.trim_end_matches('/')) } else { format!("{path}{tail}") }
        }),
        1 => pick(TAILS).prop_map(|tail| format!("/{}", tail.trim_start_matches('/'))),
        1 => Just("/nowhere".to_owned()),
    ];
    let host = prop_oneof![
        16 => pick(HOSTS),
        1 => pick(HOSTS).prop_map(|host| host.to_uppercase()),
        1 => pick(HOSTS).prop_map(|host| format!("{host}.")),
        1 => Just("other.example".to_owned()),
        1 => Just("127.0.0.9".to_owned()),
    ];
    let query = prop_oneof![
        6 => Just(String::new()),
        3 => prop::sample::select(QUERIES).prop_map(|(name, value)| format!("?{name}={}", value.replace(' ', "+").replace('&', "%26"))),
        2 => pick(OTHER_QUERIES),
    ];
    let method = prop_oneof![6 => Just("GET".to_owned()), 3 => pick(METHODS)];
    let header = prop_oneof![
        4 => prop::sample::select(HEADERS).prop_map(|(name, value)| (name.to_owned(), value.to_owned())),
        1 => prop::sample::select(HEADERS).prop_map(|(name, value)| (name.to_lowercase(), value.to_owned())),
        1 => Just(("X-Forwarded-Proto".to_owned(), "https".to_owned())),
        1 => Just(("X-Forwarded-Host".to_owned(), "b.example".to_owned())),
        1 => Just(("Connection".to_owned(), "X-Tenant".to_owned())),
    ];
    let headers = prop::collection::vec(header, 0..3);
    (method, place, host, path, query, headers)
        .prop_map(|(method, place, host, path, query, mut headers)| {
            // The client of the tests sends each header once.
            let mut seen: Vec<String> = Vec::new();
            headers.retain(|(name, _)| {
                let name = name.to_lowercase();
                let is_new = !seen.contains(&name);
                seen.push(name);
                is_new
            });
            Sent { line: format!("{method} {}{path}{query}", place.replace("HOST", &host)), headers }
        })
        .boxed()
}
