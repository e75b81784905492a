//! What is wrong with the options of a middleware, type by type. Each of these was tried with Traefik 3.7.

use std::ops::Range;

use super::instance::{Complaint, Instance};
use super::users::{self, UserFlaw};
use crate::diagnostics::{Severity, words};
use crate::traefik::dynamic::value;
use crate::traefik::regex;
use crate::traefik::rule::{UNKNOWN, is_address};

/// What becomes of a middleware that Traefik cannot make.
const OFF: &str = "Traefik switches off every route that uses it";

/// Status codes that have a name (Go, `net/http`): only those can be an answer of `ipAllowList`.
const NAMED: [i64; 62] = [
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308, 400,
    401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424, 425,
    426, 428, 429, 431, 451, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
];

/// What can be compressed with.
const ENCODINGS: [&str; 3] = ["gzip", "br", "zstd"];

/// Everything that is wrong with a middleware.
pub(super) fn of(middleware: &Instance<'_>) -> Vec<Complaint> {
    let mut check = Check { middleware, complaints: Vec::new() };
    // Those of `[middlewares]` are told where they are used.
    if let [_, second, ..] = middleware.types.as_slice() {
        if !middleware.is_in_labels() {
            return Vec::new();
        }
        let types: Vec<String> = middleware.types.iter().map(|kind| format!("`{kind}`")).collect();
        let message = format!("`{}` has {} types, {}: {OFF}", middleware.name, types.len(), words::and(&types));
        let help = format!("write two middlewares, one of them for `{second}`, and name both");
        check.complain(None, message, "two in one", help);
        return check.complaints;
    }
    for kind in &middleware.types {
        check.kind(kind);
    }
    check.complaints
}

struct Check<'c, 'a> {
    middleware: &'c Instance<'a>,
    complaints: Vec<Complaint>,
}

impl Check<'_, '_> {
    fn kind(&mut self, kind: &str) {
        match kind {
            "stripPrefixRegex" => self.regexes("stripPrefixRegex.regex"),
            "replacePathRegex" => self.regex("replacePathRegex.regex"),
            "redirectRegex" => self.regex("redirectRegex.regex"),
            "headers" => self.regexes("headers.accessControlAllowOriginListRegex"),
            "redirectScheme" => self.redirect(),
            "ipAllowList" | "ipWhiteList" => self.addresses(kind),
            "inFlightReq" => self.in_flight(),
            "basicAuth" => self.users(kind, users::basic),
            "digestAuth" => self.users(kind, users::digest),
            "forwardAuth" => self.forward(),
            "errors" => self.errors(),
            "rateLimit" => self.rate(),
            "buffering" => self.buffering(),
            "circuitBreaker" => self.needs("circuitBreaker.expression", "`NetworkErrorRatio() > 0.30`"),
            "compress" => self.compress(),
            "retry" => self.retry(),
            "addPrefix" => self.needs("addPrefix.prefix", "`/api`"),
            "replacePath" => self.path(),
            "plugin" => self.plugin(),
            _ => {}
        }
    }

    fn complain(&mut self, option: Option<&str>, message: String, label: &'static str, help: impl Into<String>) {
        self.complaints.push(Complaint {
            option: option.map(str::to_lowercase),
            item: None,
            severity: Severity::Error,
            message,
            label,
            help: help.into(),
            is_secret: false,
        });
    }

    /// Lets the last complaint be a warning: everybody gets through.
    fn soften(&mut self) {
        if let Some(last) = self.complaints.last_mut() {
            last.severity = Severity::Warning;
        }
    }

    fn at_item(&mut self, option: &str, item: (usize, Range<usize>), message: String, label: &'static str, help: &str) {
        self.complain(Some(option), message, label, help);
        if let Some(last) = self.complaints.last_mut() {
            last.item = Some(item);
        }
    }

    /// The value of an option, where it is known.
    fn known(&self, option: &str) -> Option<&str> {
        self.middleware.get(option).filter(|value| !value.contains(UNKNOWN))
    }

    fn number(&self, option: &str) -> Option<i64> {
        value::integer(self.known(option)?)
    }

    /// An option without which there is no middleware.
    fn needs(&mut self, option: &str, example: &str) {
        let last = option.rsplit('.').next().unwrap_or_default();
        match self.middleware.get(option) {
            None => self.complain(
                None,
                format!("`{}` has no `{last}`, and cannot do without: {OFF}", self.middleware.name),
                "one option is missing",
                format!("set it: `{last} = {}`", example.replace('`', "\"")),
            ),
            Some("") => {
                self.complain(
                    Some(option),
                    format!("`{last}` is empty: {OFF}"),
                    "empty",
                    format!("write one, such as {example}"),
                );
            }
            Some(_) => {}
        }
    }

    fn regexes(&mut self, option: &str) {
        for item in self.middleware.items(option) {
            self.regex_flaw(option, item.index, item.text);
        }
    }

    fn regex(&mut self, option: &str) {
        if let Some(text) = self.known(option).map(str::to_owned) {
            self.regex_flaw(option, 0, &text);
        }
    }

    fn regex_flaw(&mut self, option: &str, index: usize, text: &str) {
        let Err(flaw) = regex::check(text) else { return };
        let (message, help) = crate::rules::rule_syntax::regex_words(flaw.kind);
        let message = format!("{message}: {OFF}");
        // A comma of an expression is none of a list.
        let is_list = option.ends_with("stripPrefixRegex.regex") || option.ends_with("ListRegex");
        if is_list || !text.contains(',') {
            self.at_item(option, (index, flaw.range), message, "no regular expression for Traefik", help);
        } else {
            self.complain(Some(option), message, "no regular expression for Traefik", help);
        }
    }

    fn address_items(&mut self, option: &str) {
        for item in self.middleware.items(option) {
            if !is_address(item.text) {
                let message = format!("`{}` is no IP address, and no network: {OFF}", item.text);
                let help = "write one, such as `192.0.2.1` or `10.0.0.0/8`";
                self.at_item(option, (item.index, 0..item.text.len()), message, "no address", help);
            }
        }
    }

    fn excluded(&mut self) {
        for option in self.middleware.ending("ipstrategy.excludedips") {
            self.address_items(&option);
        }
    }

    fn addresses(&mut self, kind: &str) {
        let range = format!("{kind}.sourceRange");
        self.needs(&range, "`10.0.0.0/8`");
        self.address_items(&range);
        self.excluded();
        let option = format!("{kind}.rejectStatusCode");
        if let Some(code) = self.number(&option).filter(|code| !NAMED.contains(code)) {
            let message = format!("{code} is no status that has a name: {OFF}");
            self.complain(
                Some(&option),
                message,
                "not to be answered with",
                "write 403, 404 or another one of HTTP's own",
            );
        }
    }

    /// By what requests are told apart: at most one of three.
    fn criterion(&mut self, kind: &str) {
        self.excluded();
        let base = format!("{kind}.sourceCriterion");
        let names = ["ipStrategy", "requestHeaderName", "requestHost"];
        let set: Vec<&str> = names
            .into_iter()
            .filter(|name| self.middleware.has(&format!("{base}.{name}")) && self.is_on(&base, name))
            .collect();
        if let [first, second, ..] = set.as_slice() {
            let message = format!("`{first}` and `{second}` exclude each other: {OFF}");
            self.complain(
                Some(&format!("{base}.{second}")),
                message,
                "one too many",
                "tell requests apart by one of them",
            );
        }
    }

    /// Whether a criterion is set to something.
    fn is_on(&self, base: &str, name: &str) -> bool {
        match self.known(&format!("{base}.{name}")) {
            Some(text) if name == "requestHost" => value::boolean(text) == Some(true),
            Some(text) if name == "requestHeaderName" => !text.is_empty(),
            _ => name == "ipStrategy",
        }
    }

    fn redirect(&mut self) {
        const SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];
        self.needs("redirectScheme.scheme", "`https`");
        if let Some(scheme) = self.known("redirectScheme.scheme").filter(|scheme| !scheme.is_empty())
            && !SCHEMES.contains(&scheme.to_ascii_lowercase().as_str())
        {
            let message =
                format!("`{scheme}` is no scheme that a browser follows: it is sent to an address that leads nowhere");
            let help = match words::nearest(scheme, SCHEMES) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write `https`".to_owned(),
            };
            self.complain(Some("redirectScheme.scheme"), message, "no scheme", help);
        }
        if let Some(port) = self.known("redirectScheme.port").filter(|port| !port.is_empty())
            && !port.parse::<u16>().is_ok_and(|port| port > 0)
        {
            let message = format!("`{port}` is no port: no browser follows the redirect");
            self.complain(Some("redirectScheme.port"), message, "no port", "write a number, such as `443`");
        }
    }

    fn in_flight(&mut self) {
        self.criterion("inFlightReq");
        let help = "say how many requests may run at the same time: `amount = 50`";
        match self.middleware.get("inFlightReq.amount") {
            None => {
                let message = format!("`{}` has no `amount`, and lets nothing through", self.middleware.name);
                self.complain(None, message, "answers 429 to every request", help);
            }
            Some(_) => {
                if let Some(amount) = self.number("inFlightReq.amount").filter(|amount| *amount <= 0) {
                    let message = format!("{amount} requests at the same time are none: nothing gets through");
                    self.complain(Some("inFlightReq.amount"), message, "answers 429 to every request", help);
                }
            }
        }
    }

    fn users(&mut self, kind: &str, judge: fn(&str) -> Option<UserFlaw>) {
        let option = format!("{kind}.users");
        let has_file = self.middleware.get(&format!("{kind}.usersFile")).is_some_and(|file| !file.is_empty());
        let (tool, form) = match kind {
            "basicAuth" => ("`htpasswd -nB <name>`", "`name:hash`"),
            _ => ("`htdigest`", "`name:realm:hash`"),
        };
        if !has_file {
            match self.middleware.get(&option) {
                None => {
                    let message = format!("`{}` has no users: {OFF}", self.middleware.name);
                    self.complain(
                        None,
                        message,
                        "nobody could log in",
                        format!("name them in `users`, or in a file with `usersFile`; {tool} writes one"),
                    );
                }
                Some("") => {
                    let help = format!("write one: {form}, as {tool} does");
                    self.complain(Some(&option), format!("there are no users: {OFF}"), "empty", help);
                }
                Some(_) => {}
            }
        }
        for item in self.middleware.items(&option) {
            let Some(flaw) = judge(item.text) else { continue };
            let (message, label) = match flaw {
                UserFlaw::Form => (format!("a user is not of the form {form}: {OFF}"), "no user"),
                UserFlaw::NoHash => ("a user has no hash: nobody can log in as this one".to_owned(), "always 401"),
                UserFlaw::Plain => {
                    ("a user has no hash of a password, but something else, perhaps the password: the answer is always 401".to_owned(), "always 401")
                }
                UserFlaw::UnknownHash => {
                    ("the hash of a user is of a kind that Traefik does not know: the answer is always 401".to_owned(), "always 401")
                }
            };
            let help = format!("write {form} as {tool} prints it");
            self.at_item(&option, (item.index, 0..item.text.len()), message, label, &help);
            if let Some(last) = self.complaints.last_mut() {
                last.is_secret = true;
            }
        }
    }

    fn forward(&mut self) {
        self.regex("forwardAuth.authResponseHeadersRegex");
        let option = "forwardAuth.address";
        let help = "write the whole address: `http://auth:9000/verify`";
        match self.known(option) {
            None if self.middleware.get(option).is_none() => {
                let message =
                    format!("`{}` has no `address`, and asks nobody: every answer is 500", self.middleware.name);
                self.complain(None, message, "asks nobody", help);
            }
            Some(address) if !address.starts_with("http://") && !address.starts_with("https://") => {
                let message = "`address` does not begin with `http://` or `https://`: every answer is 500".to_owned();
                self.complain(Some(option), message, "no address", help);
            }
            _ => {}
        }
    }

    /// Status codes and ranges of them.
    fn statuses(&mut self, option: &str) {
        for item in self.middleware.items(option) {
            let bounds: Vec<Option<i64>> = item.text.split('-').take(2).map(value::integer).collect();
            let range = (item.index, 0..item.text.len());
            let help = "write codes and ranges: `502`, `500-599`";
            match bounds.as_slice() {
                [Some(_)] => {}
                [Some(first), Some(last)] if first <= last => {}
                [Some(_), Some(_)] => {
                    let message = format!("`{}` begins behind its end, and is no status at all", item.text);
                    self.at_item(option, range, message, "never happens", help);
                    self.soften();
                }
                _ => {
                    let message = format!("`{}` is no status, and no range of them: {OFF}", item.text);
                    self.at_item(option, range, message, "no status", help);
                }
            }
        }
    }

    fn errors(&mut self) {
        self.needs("errors.service", "`pages`");
        self.statuses("errors.status");
        if self.middleware.get("errors.status").is_none_or(str::is_empty) {
            let message = format!("`{}` names no `status`, and does nothing", self.middleware.name);
            let option = self.middleware.has("errors.status").then_some("errors.status");
            self.complain(option, message, "no status", "say which answers it replaces: `status = [\"500-599\"]`");
            self.soften();
        }
    }

    fn rate(&mut self) {
        self.criterion("rateLimit");
        if let Some(period) = self.known("rateLimit.period").and_then(value::duration).filter(|period| *period < 0) {
            let message = format!("a period is not negative, and this one is {} s: {OFF}", period / 1_000_000_000);
            self.complain(Some("rateLimit.period"), message, "negative", "write a duration, such as `1m`");
        }
        let average = self.middleware.get("rateLimit.average");
        if average.is_none() || self.number("rateLimit.average").is_some_and(|average| average <= 0) {
            let message = format!("`{}` has no `average` above 0, and limits nothing", self.middleware.name);
            let option = average.map(|_| "rateLimit.average");
            self.complain(option, message, "no limit", "say how many requests may come in a `period`: `average = 100`");
            self.soften();
        }
    }

    fn buffering(&mut self) {
        for name in ["maxRequestBodyBytes", "memRequestBodyBytes", "maxResponseBodyBytes", "memResponseBodyBytes"] {
            let option = format!("buffering.{name}");
            if self.number(&option).is_some_and(|bytes| bytes < 0) {
                let message = format!("`{name}` is negative: {OFF}");
                self.complain(Some(&option), message, "negative", "write a number of bytes, or remove it");
            }
        }
    }

    fn compress(&mut self) {
        let (included, excluded) = ("compress.includedContentTypes", "compress.excludedContentTypes");
        let is_set = |option: &str| self.middleware.get(option).is_some_and(|list| !list.is_empty());
        if is_set(included) && is_set(excluded) {
            let message = format!("`includedContentTypes` and `excludedContentTypes` exclude each other: {OFF}");
            self.complain(Some(excluded), message, "one too many", "keep one of the two");
        }
        let mut allowed: Vec<String> = ENCODINGS.map(str::to_owned).to_vec();
        for item in self.middleware.items("compress.encodings") {
            if !ENCODINGS.contains(&item.text) {
                let message = format!("Traefik does not compress with `{}`: {OFF}", item.text);
                let range = (item.index, 0..item.text.len());
                self.at_item("compress.encodings", range, message, "unknown", "there are `gzip`, `br` and `zstd`");
            }
        }
        if let Some(list) = self.known("compress.encodings").filter(|list| !list.is_empty()) {
            allowed = list.split(',').map(|item| item.trim().to_owned()).collect();
        } else if is_set("compress.encodings") {
            return;
        }
        let option = "compress.defaultEncoding";
        if let Some(default) = self.known(option).filter(|default| !default.is_empty())
            && !allowed.iter().any(|known| known == default)
        {
            let message = format!("`{default}` is none of the encodings: {OFF}");
            self.complain(Some(option), message, "unknown", format!("there are {}", words::names(&allowed)));
        }
    }

    fn retry(&mut self) {
        self.statuses("retry.status");
        let attempts = self.middleware.get("retry.attempts");
        if attempts.is_none() || self.number("retry.attempts").is_some_and(|attempts| attempts <= 0) {
            let message = format!("`{}` has no `attempts` above 0: {OFF}", self.middleware.name);
            let option = attempts.map(|_| "retry.attempts");
            self.complain(option, message, "no attempts", "say how many: `attempts = 3`");
        }
    }

    fn path(&mut self) {
        let option = "replacePath.path";
        if let Some(path) = self.known(option).filter(|path| !path.is_empty() && !path.starts_with('/')) {
            let message = format!("the path `{path}` does not begin with `/`: servers take such a request for broken");
            self.complain(Some(option), message, "no `/` at its begin", "begin it with `/`");
        }
    }

    fn plugin(&mut self) {
        let Some(plugins) = self.middleware.plugins.clone() else { return };
        let names: Vec<String> = self.middleware.below("plugin").into_iter().map(str::to_owned).collect();
        let Some(name) = names.into_iter().find(|name| !plugins.contains(name)) else { return };
        let message = format!("the proxy has no plugin `{name}`: {OFF}");
        let help = format!(
            "add it to the proxy: `static = {{ experimental.plugins.{name} = {{ moduleName = \"…\", version = \"…\" }} }}`"
        );
        self.complain(None, message, "unknown to the proxy", help);
    }
}
