//! What Traefik has printed: who answered a request (its access log, as JSON), and what it complains of.

use std::net::SocketAddr;

use serde_json::Value;

use super::container::Container;
use super::url::MARK;

/// The access log's word on one request (Traefik docs, "Access logs", the list of fields; the names are those of version 3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Access {
    /// The mark of the request.
    pub(super) mark: String,
    /// The router that took it, with its provider; none where no router did.
    pub(super) router: Option<String>,
    /// Traefik's service behind it, with its provider; none where a middleware answered.
    pub(super) service: Option<String>,
    /// The server that was asked; none where none was.
    pub(super) server: Option<SocketAddr>,
    /// The status that the client got.
    pub(super) status: u16,
}

/// The requests with a mark, in the order of the log.
pub(super) fn accesses(log: &str) -> Vec<Access> {
    log.lines().filter(|line| line.contains(MARK)).filter_map(access).collect()
}

fn access(line: &str) -> Option<Access> {
    let entry: Value = serde_json::from_str(line.trim()).ok()?;
    let path = entry["RequestPath"].as_str()?;
    let start = path.find(&format!("{MARK}="))? + MARK.len() + 1;
    let mark = path[start..].split('&').next().unwrap_or_default().to_owned();
    let text = |key: &str| entry[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    // `ServiceAddr` is the server's address; the URL has a scheme and perhaps a path besides.
    let server = text("ServiceAddr").and_then(|address| address.parse().ok());
    let status = entry["DownstreamStatus"].as_u64().and_then(|status| u16::try_from(status).ok());
    Some(Access {
        mark,
        router: text("RouterName"),
        service: text("ServiceName"),
        server,
        status: status.unwrap_or_default(),
    })
}

/// Why requests cannot be found in the access log of this container, as a clause; none where they can.
pub(super) fn silence(proxy: &Container) -> Option<&'static str> {
    let flag = |name: &str| {
        proxy.arguments.iter().rev().find_map(|argument| {
            let argument = argument.strip_prefix("--")?;
            let (known, value) = argument.split_once('=').unwrap_or((argument, "true"));
            known.eq_ignore_ascii_case(name).then(|| value.to_ascii_lowercase())
        })
    };
    let is_below = |name: &str| {
        proxy.arguments.iter().any(|argument| {
            argument.strip_prefix("--").is_some_and(|argument| argument.to_ascii_lowercase().starts_with(name))
        })
    };
    let is_on = match flag("accesslog").as_deref() {
        Some(value) => matches!(value, "true" | "1" | "t"),
        None => is_below("accesslog."),
    };
    if !is_on {
        return Some("the proxy writes no access log");
    }
    if flag("accesslog.format").as_deref() != Some("json") {
        return Some("the proxy's access log is not JSON, and so does not say who answered");
    }
    if flag("accesslog.filepath").is_some_and(|path| !path.is_empty()) {
        return Some("the proxy writes its access log to a file of its container");
    }
    None
}

/// The last complaints that mention one of the names: lines of warnings and errors, without colors.
pub(super) fn complaints(log: &str, names: &[&str], most: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in log.lines().rev() {
        let line = without_colors(line);
        if is_complaint(&line) && names.iter().any(|name| !name.is_empty() && line.contains(name)) {
            let line = without_time(line.trim()).to_owned();
            if !found.contains(&line) {
                found.push(line);
            }
            if found.len() == most {
                break;
            }
        }
    }
    found.reverse();
    found
}

fn is_complaint(line: &str) -> bool {
    let is_access = line.contains("\"RequestPath\"");
    let levels = [" ERR ", " WRN ", " FTL ", "\"level\":\"error\"", "\"level\":\"warn\"", "level=error", "level=warn"];
    !is_access && levels.iter().any(|level| line.contains(level))
}

/// The line without the time at its beginning, which says nothing.
fn without_time(line: &str) -> &str {
    match line.split_once(' ') {
        Some((time, rest)) if time.len() > 18 && time.starts_with("20") && time.contains('T') => rest,
        _ => line,
    }
}

/// The text without the escapes by which a terminal is told colors (ECMA-48, "SGR").
pub(super) fn without_colors(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        rest = match after.find(|c: char| c.is_ascii_alphabetic()) {
            Some(end) => &after[end + 1..],
            None => "",
        };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"DownstreamStatus":200,"RequestPath":"/?a=b&stackgen-smoke=x1","RouterName":"shop-web@docker","ServiceAddr":"172.22.0.2:80","ServiceName":"shop-web@docker","ServiceURL":"http://172.22.0.2:80"}"#;

    #[test]
    fn the_access_log_says_who_answered() {
        let log = format!(
            "2026-01-01T00:00:00Z INF started\n{LINE}\n{{\"RequestPath\":\"/stackgen-smoke\"}}\n{{broken stackgen-smoke"
        );
        let found = accesses(&log);
        assert_eq!(found.len(), 1, "{found:?}");
        let access = &found[0];
        assert_eq!((access.mark.as_str(), access.status), ("x1", 200));
        assert_eq!(access.router.as_deref(), Some("shop-web@docker"));
        assert_eq!(access.server, Some("172.22.0.2:80".parse().unwrap()));
        let nobody = accesses(r#"{"DownstreamStatus":404,"RequestPath":"/?stackgen-smoke=x2&c=d"}"#);
        assert_eq!((nobody[0].mark.as_str(), &nobody[0].router), ("x2", &None));
    }

    #[test]
    fn a_proxy_that_cannot_tell_is_known_by_its_flags() {
        let of = |arguments: &[&str]| {
            let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
            silence(&Container { arguments, ..Container::default() })
        };
        assert_eq!(of(&["--accesslog=true", "--accesslog.format=json"]), None);
        assert_eq!(of(&["--accessLog.format=json"]), None);
        assert_eq!(of(&["--log.level=INFO"]), Some("the proxy writes no access log"));
        assert_eq!(of(&["--accesslog=false", "--accesslog.format=json"]), Some("the proxy writes no access log"));
        assert!(of(&["--accesslog"]).unwrap().contains("not JSON"));
        assert!(of(&["--accesslog", "--accesslog.format=json", "--accesslog.filepath=/x"]).unwrap().contains("a file"));
    }

    #[test]
    fn complaints_are_those_that_speak_of_it() {
        let log = "\u{1b}[90m2026-11-22T01:18:59Z\u{1b}[0m \u{1b}[31mERR\u{1b}[0m \u{1b}[1mno such\u{1b}[0m routerName=\u{1b}[0mshop-api@docker\n\
                   2026-11-22T01:18:59Z INF shop-api@docker is fine\n2026-11-22T01:18:59Z WRN other-api\n\
                   {\"RequestPath\":\"/shop-api\",\"level\":\"error\"}";
        assert_eq!(complaints(log, &["shop-api"], 3), ["ERR no such routerName=shop-api@docker"]);
        assert_eq!(complaints(log, &[""], 3), Vec::<String>::new());
    }
}
