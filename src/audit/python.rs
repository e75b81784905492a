//! What Python reads: `os.environ` and `os.getenv` under whatever name, the libraries that stand before them, and the
//! fields of pydantic's settings.

mod lexer;
mod settings;

use lexer::Tokens;

use super::read::{Class, Helper, Need, Read, Scan, is_name, is_shouted, need_by_name};

/// What a file has in it, at the least, that reads a variable or makes a class that does.
const TRACES: [&str; 8] = ["environ", "getenv", "Settings", "decouple", "Config(", "Env(", "envvar", "expandvars"];

/// Looks at a file.
pub(super) fn scan(text: &str) -> Scan {
    if !TRACES.iter().any(|trace| text.contains(trace)) {
        return Scan::default();
    }
    let tokens = Tokens::of(text);
    let mut scanner = Scanner { text, tokens, names: Names::default(), out: Scan::default() };
    scanner.imports();
    scanner.aliases();
    scanner.reads();
    scanner.classes();
    scanner.own_calls();
    scanner.out.settle();
    scanner.out
}

/// What a file reads by calling functions of other files.
pub(super) fn scan_calls(text: &str, helpers: &[Helper]) -> Vec<Read> {
    if !helpers.iter().any(|helper| text.contains(helper.name.as_str())) {
        return Vec::new();
    }
    let mut scanner = Scanner { text, tokens: Tokens::of(text), names: Names::default(), out: Scan::default() };
    scanner.calls(helpers, false);
    scanner.out.settle();
    scanner.out.reads
}

/// Methods of a reader that read no variable of a name.
const OTHERS: [&str; 7] = ["read_env", "read_envfile", "seal", "dump", "parser_for", "add_parser", "prefixed"];

pub(super) use settings::resolve;

/// What is known under which names.
#[derive(Debug, Default)]
struct Names<'t> {
    /// The module `os`.
    os: Vec<&'t str>,
    /// The environment, as a mapping.
    environ: Vec<&'t str>,
    /// `os.getenv`.
    getenv: Vec<&'t str>,
    /// What is called with the name of a variable, and complains where it is not there: decouple, environs, starlette.
    readers: Vec<&'t str>,
    /// What `readers` are made of.
    makers: Vec<&'t str>,
    /// Variables with a default that a reader was made with.
    defaults: Vec<&'t str>,
}

struct Scanner<'t> {
    text: &'t str,
    tokens: Tokens<'t>,
    names: Names<'t>,
    out: Scan,
}

impl<'t> Scanner<'t> {
    fn imports(&mut self) {
        let tokens = &self.tokens;
        let mut line = 0;
        while line < tokens.len() {
            let end = tokens.next_line(line);
            let first = line + 1;
            if tokens.text(first) == "import" {
                let mut at = first + 1;
                while at < end {
                    let module = at;
                    let mut last = at;
                    while tokens.text(last + 1) == "." {
                        last += 2;
                    }
                    let is_renamed = tokens.text(last + 1) == "as";
                    let local = if is_renamed { tokens.text(last + 2) } else { tokens.text(last) };
                    match tokens.text(module) {
                        "os" if last == module => self.names.os.push(local),
                        // django-environ: `environ.Env(…)`
                        "environ" | "environs" | "decouple" if last == module => self.names.makers.push(local),
                        _ => {}
                    }
                    at = (last..end).find(|at| tokens.text(*at) == ",").map_or(end, |at| at + 1);
                }
            } else if tokens.text(first) == "from" {
                let module: Vec<&str> =
                    (first + 1..end).map(|at| tokens.text(at)).take_while(|text| *text != "import").collect();
                let module = module.concat();
                let mut at = first + 1;
                while at < end && tokens.text(at) != "import" {
                    at += 1;
                }
                at += 1;
                while at < end {
                    let name = tokens.text(at);
                    let local = if tokens.text(at + 1) == "as" { tokens.text(at + 2) } else { name };
                    match (module.as_str(), name) {
                        ("os", "environ") => self.names.environ.push(local),
                        ("os", "getenv") => self.names.getenv.push(local),
                        ("decouple", "config") | ("environs", "env") => self.names.readers.push(local),
                        ("decouple", "Config" | "AutoConfig")
                        | ("environs" | "environ", "Env" | "FileAwareEnv")
                        | ("starlette.config", "Config") => self.names.makers.push(local),
                        _ => {}
                    }
                    if tokens.text(at + 1) == "as" {
                        at += 2;
                    }
                    at += 1;
                }
            }
            line = end;
        }
    }

    /// The environment as a mapping that begins at a token; the token behind it.
    fn environ(&self, start: usize) -> Option<usize> {
        let tokens = &self.tokens;
        if !tokens.is_name(start) || tokens.before(start, 1) == "." {
            return None;
        }
        let text = tokens.text(start);
        if self.names.os.contains(&text)
            && tokens.text(start + 1) == "."
            && matches!(tokens.text(start + 2), "environ" | "environb")
        {
            return Some(start + 3);
        }
        let is_keyword =
            tokens.text(start + 1) == "=" && !tokens.before(start, 1).is_empty() && !tokens.is_line(start - 1);
        (self.names.environ.contains(&text) && !is_keyword).then_some(start + 1)
    }

    /// Names that the file gives to the environment, or to what reads it.
    fn aliases(&mut self) {
        for _ in 0..2 {
            for index in 0..self.tokens.len() {
                // `env = os.environ`, `def load(env=os.environ)`, `env: Mapping[str, str] = os.environ`
                if let Some(end) = self.environ(index) {
                    let is_copy = self.tokens.are(end, &[".", "copy", "("]);
                    let is_wrapped = self.tokens.before(index, 1) == "(" && self.tokens.before(index, 2) == "dict";
                    let after = self.tokens.text(if is_copy { self.tokens.pair(end + 2) + 1 } else { end });
                    let start = if is_wrapped { index - 2 } else { index };
                    if matches!(after, "." | "[") && !is_copy {
                        continue;
                    }
                    if let Some(name) = self.assigned(start)
                        && !self.names.environ.contains(&name)
                    {
                        self.names.environ.push(name);
                    }
                    continue;
                }
                // `env = Env()`, `env = environ.Env(DEBUG=(bool, False))`
                let maker = self.tokens.text(index);
                if !self.names.makers.contains(&maker) || self.tokens.before(index, 1) == "." {
                    continue;
                }
                let mut open = index + 1;
                while self.tokens.text(open) == "." {
                    open += 2;
                }
                if self.tokens.text(open) != "(" {
                    continue;
                }
                if let Some(name) = self.assigned(index)
                    && !self.names.readers.contains(&name)
                {
                    self.names.readers.push(name);
                    for at in open + 1..self.tokens.pair(open) {
                        if self.tokens.is_name(at) && self.tokens.are(at + 1, &["=", "("]) {
                            self.names.defaults.push(self.tokens.text(at));
                        }
                    }
                }
            }
        }
    }

    /// The name that what begins at a token is assigned to, or is the default of.
    fn assigned(&self, start: usize) -> Option<&'t str> {
        let tokens = &self.tokens;
        let assign = start.checked_sub(1).filter(|at| matches!(tokens.text(*at), "=" | ":="))?;
        let last = assign.checked_sub(1)?;
        if tokens.is_name(last) && !matches!(tokens.before(last, 1), "." | ":" | "|" | "->") {
            return Some(tokens.text(last));
        }
        // Behind a type.
        for back in 0..16 {
            let index = last.checked_sub(back)?;
            if tokens.is_line(index) {
                return None;
            }
            if tokens.text(index) == ":" && tokens.pair(index) == index {
                let name = index.checked_sub(1)?;
                return tokens.is_name(name).then(|| tokens.text(name));
            }
        }
        None
    }

    fn reads(&mut self) {
        for index in 0..self.tokens.len() {
            if let Some(end) = self.environ(index) {
                self.mapping(index, end);
            } else if self.tokens.is_name(index) {
                self.function(index);
            }
        }
    }

    fn push(&mut self, name: &str, start: usize, last: usize, need: Need) {
        if is_name(name) {
            let mut read = Read::new(name, self.tokens.span(start, last), need);
            // `os.getenv("A") or os.getenv("B")`, `os.getenv("A", os.getenv("B"))`
            let before = self.out.reads.last();
            if self.tokens.before(start, 1) == "or"
                && let Some(before) = before
                && Some(before.span.end) == start.checked_sub(2).map(|at| self.tokens.span(at, at).end)
            {
                read.behind = before.behind.iter().chain(&before.names).cloned().collect();
            } else if self.tokens.before(start, 1) == ","
                && let Some(before) = before
                && before.span.contains(&read.span.start)
            {
                read.behind.clone_from(&before.names);
            }
            self.out.reads.push(read);
        }
    }

    /// What is done with the environment from one token to another.
    fn mapping(&mut self, start: usize, end: usize) {
        let tokens = &self.tokens;
        match tokens.text(end) {
            "[" => {
                let close = tokens.pair(end);
                let is_set = tokens.text(close + 1) == "=";
                let is_deleted = tokens.before(start, 1) == "del";
                match tokens.string(end + 1) {
                    Some(name) if close == end + 2 && (is_set || is_deleted) => self.out.set.push(name.to_owned()),
                    Some(name) if close == end + 2 => {
                        let need = self.need_of_item(start, close);
                        self.push(name, start, close, need);
                    }
                    _ if is_set || is_deleted => {}
                    _ => self.variable(start, end + 1, close, close == end + 2, true),
                }
            }
            "." => {
                let open = end + 2;
                let close = tokens.pair(open);
                match tokens.text(end + 1) {
                    "get" | "pop" if tokens.text(open) == "(" => {
                        let is_pop = tokens.text(end + 1) == "pop";
                        self.call(start, open, close, if is_pop { Need::Demanded } else { Need::Bare });
                    }
                    "setdefault" => {
                        if let Some(name) = tokens.string(open + 1) {
                            self.out.set.push(name.to_owned());
                            self.push(name, start, close, Need::Fallback);
                        }
                    }
                    "update" => self.updated(open, close),
                    "copy" if self.assigned(start).is_some() => {}
                    _ => self.out.unknown.push(tokens.span(start, open)),
                }
            }
            _ => self.whole(start, end),
        }
    }

    /// `os.environ.update(NAME="…")`, `os.environ.update({"NAME": "…"})`
    fn updated(&mut self, open: usize, close: usize) {
        for at in open + 1..close {
            let name = match (self.tokens.string(at), self.tokens.text(at + 1)) {
                (Some(name), ":") => name,
                (None, "=") if self.tokens.is_name(at) => self.tokens.text(at),
                _ => continue,
            };
            self.out.set.push(name.to_owned());
        }
    }

    /// The whole environment, asked or handed on.
    fn whole(&mut self, start: usize, end: usize) {
        let tokens = &self.tokens;
        if tokens.before(start, 1) == "in" {
            let at = if tokens.before(start, 2) == "not" { start.checked_sub(3) } else { start.checked_sub(2) };
            if let Some(at) = at {
                if let Some(name) = tokens.string(at) {
                    let need = if self.gives_up_after(start) { Need::Demanded } else { Need::Fallback };
                    self.push(name, at, end - 1, need);
                    return;
                }
                let is_loop = tokens.before(at, 1) == "for" && !tokens.is_line(at);
                if tokens.is_name(at) && !is_loop {
                    self.variable(start, at, end - 1, true, false);
                    return;
                }
            }
        }
        let is_copied = tokens.before(start, 1) == "(" && tokens.before(start, 2) == "dict";
        let from = if is_copied { start - 2 } else { start };
        if self.assigned(from).is_some_and(|name| self.names.environ.contains(&name)) && !self.is_argument(from) {
            return;
        }
        self.out.unknown.push(tokens.span(start, end - 1));
    }

    /// Whether `name=…` before a token is an argument of a call.
    fn is_argument(&self, start: usize) -> bool {
        let line = self.tokens.line_of(start);
        let open = (line..start).rev().find(|at| self.tokens.text(*at) == "(" && self.tokens.pair(*at) > start);
        open.is_some() && !matches!(self.tokens.text(line + 1), "def" | "async")
    }

    /// A call of a function that reads a variable.
    fn function(&mut self, index: usize) {
        let tokens = &self.tokens;
        let text = tokens.text(index);
        if tokens.before(index, 1) == "." {
            return;
        }
        if self.names.os.contains(&text) && tokens.text(index + 1) == "." {
            match tokens.text(index + 2) {
                "getenv" | "getenvb" => self.call(index, index + 3, tokens.pair(index + 3), Need::Bare),
                "path" if tokens.are(index + 3, &[".", "expandvars", "("]) => self.expanded(index + 6),
                _ => {}
            }
            return;
        }
        if self.names.getenv.contains(&text) && tokens.text(index + 1) == "(" {
            self.call(index, index + 1, tokens.pair(index + 1), Need::Bare);
            return;
        }
        if self.names.readers.contains(&text) && !tokens.is_line(index + 1) {
            self.reader(index);
            return;
        }
        // click and typer
        if text == "envvar" && tokens.text(index + 1) == "=" {
            let end = if tokens.text(index + 2) == "[" { tokens.pair(index + 2) } else { index + 3 };
            for at in index + 2..end.max(index + 3) {
                if let Some(name) = self.tokens.string(at).filter(|name| is_name(name)) {
                    self.out.reads.push(Read::new(name, self.tokens.span(at, at), Need::Fallback));
                }
            }
        }
    }

    /// The variables in the text of `os.path.expandvars("$NAME/…")`.
    fn expanded(&mut self, at: usize) {
        let Some(text) = self.tokens.string(at) else {
            self.out.unknown.push(self.tokens.span(at, at));
            return;
        };
        for part in text.split('$').skip(1) {
            let part = part.trim_start_matches('{');
            let length = part.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(part.len());
            if is_name(&part[..length]) {
                self.out.reads.push(Read::new(&part[..length], self.tokens.span(at, at), Need::Bare));
            }
        }
    }

    /// A call that is given the name of a variable, and perhaps what it is without.
    fn call(&mut self, start: usize, open: usize, close: usize, need: Need) {
        if self.tokens.text(open) != "(" || close <= open {
            return;
        }
        let first = if self.tokens.are(open + 1, &["key", "="]) { open + 3 } else { open + 1 };
        let default =
            (first + 1..close).find(|at| self.tokens.text(*at) == ",").map(|at| at + 1).filter(|at| *at < close);
        let default = default.map(|at| if self.tokens.are(at, &["default", "="]) { at + 2 } else { at });
        let is_none = default.is_some_and(|at| self.tokens.text(at) == "None" && at + 1 >= close);
        let Some(name) = self.tokens.string(first) else {
            self.variable(start, first, close, first + 1 == close || default == Some(first + 2), false);
            return;
        };
        let need = match default {
            Some(_) if !is_none => Need::Fallback,
            Some(_) | None if need == Need::Bare => self.need(start, close),
            _ => need,
        };
        self.push(name, start, close, need);
    }

    /// decouple's `config("NAME")`, environs' `env.int("NAME")`, django-environ's `env.db()`.
    fn reader(&mut self, index: usize) {
        let tokens = &self.tokens;
        let method = if tokens.text(index + 1) == "." { tokens.text(index + 2) } else { "" };
        let open = if method.is_empty() { index + 1 } else { index + 3 };
        if tokens.text(open) != "(" {
            return;
        }
        if OTHERS.contains(&method) {
            // Names are put together.
            if method == "prefixed" {
                self.out.unknown.push(tokens.span(index, open));
            }
            return;
        }
        let close = tokens.pair(open);
        let default = (open + 1..close).find(|at| {
            tokens.are(*at, &["default", "="])
                || tokens.are(*at, &["missing", "="])
                || tokens.are(*at, &["load_default", "="])
        });
        let second = tokens.text(open + 2) == "," && tokens.text(open + 4) != "=" && open + 3 < close;
        // starlette's second argument is a type, decouple's is a default.
        let has_default = default.is_some() || (second && !self.text.contains("starlette"));
        let need = if has_default { Need::Fallback } else { Need::Demanded };
        let name = match tokens.string(open + 1) {
            Some(name) => name,
            None if close == open + 1 || default.is_some() => match method {
                "db" | "db_url" => "DATABASE_URL",
                "cache" | "cache_url" => "CACHE_URL",
                "email" | "email_url" => "EMAIL_URL",
                "search_url" => "SEARCH_URL",
                _ => return,
            },
            None => {
                self.variable(index, open + 1, close, tokens.is_name(open + 1), false);
                return;
            }
        };
        let need = if self.names.defaults.contains(&name) { Need::Fallback } else { need };
        self.push(name, index, close, need);
    }

    /// What happens without the value that stands from one token to another, where it would be `None`.
    fn need(&self, start: usize, last: usize) -> Need {
        let tokens = &self.tokens;
        let (before, after) = (tokens.before(start, 1), tokens.text(last + 1));
        let asks = |text: &str| matches!(text, "==" | "!=" | "is" | "in" | "and" | "if" | "<" | ">" | "not");
        if after == "or" {
            let is_condition = self.is_condition(start);
            return if is_condition && self.gives_up_after(last) { Need::Demanded } else { Need::Fallback };
        }
        if before == "not" || asks(after) || asks(before) || matches!(before, "elif" | "while" | "==" | "!=") {
            let is_missing = before == "not" || tokens.are(last + 1, &["is", "None"]);
            return if is_missing && self.gives_up_after(last) { Need::Demanded } else { Need::Fallback };
        }
        if before == "(" && after == ")" {
            let function = tokens.before(start, 2);
            if function.contains("bool") || function == "any" || tokens.text(last + 2) == "or" {
                return Need::Fallback;
            }
            if let Some(need) = tokens.is_name(start - 2).then(|| need_by_name(function)).flatten() {
                return need;
            }
        }
        if before == "assert" {
            return Need::Demanded;
        }
        // `if (name := os.getenv("NAME")) is not None:`
        if before == ":=" && self.is_condition(start) {
            let is_missing = tokens.are(last + 1, &[")", "is", "None"])
                || (tokens.before(start, 3) == "(" && tokens.before(start, 4) == "not");
            return if is_missing && self.gives_up_after(last) { Need::Demanded } else { Need::Fallback };
        }
        match self.assigned(start) {
            Some(name) if !self.is_argument(start) => self.need_of_local(name, last),
            _ => Need::Bare,
        }
    }

    /// What happens without an item, which raises `KeyError`.
    fn need_of_item(&self, start: usize, _last: usize) -> Need {
        let line = self.tokens.line_of(start);
        let indent = self.tokens.indent(line);
        // In a `try` that catches it.
        let mut at = line;
        let mut inner = indent;
        while at > 0 {
            at = self.tokens.line_of(at - 1);
            let of_line = self.tokens.indent(at);
            if of_line < inner {
                if self.tokens.are(at + 1, &["try", ":"]) {
                    return self.caught(at, of_line);
                }
                inner = of_line;
            }
            if at == 0 {
                break;
            }
        }
        Need::Bare
    }

    /// What the `except` of a `try` does.
    fn caught(&self, line: usize, indent: usize) -> Need {
        let mut at = line;
        loop {
            at = self.tokens.next_line(at);
            if at >= self.tokens.len() {
                return Need::Bare;
            }
            if self.tokens.indent(at) == indent && self.tokens.text(at + 1) == "except" {
                let end = self.tokens.next_line(at);
                let is_meant = (at..end)
                    .any(|at| matches!(self.tokens.text(at), "KeyError" | "Exception" | "LookupError"))
                    || self.tokens.text(at + 2) == ":";
                if is_meant {
                    return if self.raises_in(end, indent) { Need::Demanded } else { Need::Fallback };
                }
            } else if self.tokens.indent(at) <= indent {
                return Need::Bare;
            }
        }
    }

    /// Whether the lines from a token on that are moved in further than `indent` end the program.
    fn raises_in(&self, mut line: usize, indent: usize) -> bool {
        while line < self.tokens.len() && self.tokens.indent(line) > indent {
            let end = self.tokens.next_line(line);
            let stops = (line..end)
                .any(|at| matches!(self.tokens.text(at), "raise" | "exit" | "_exit" | "abort" | "SystemExit" | "fail"));
            if stops {
                return true;
            }
            line = end;
        }
        false
    }

    /// Whether a token stands in the condition of an `if`.
    fn is_condition(&self, at: usize) -> bool {
        matches!(self.tokens.text(self.tokens.line_of(at) + 1), "if" | "elif" | "while" | "assert")
    }

    /// Whether the program ends where the condition at a token holds.
    fn gives_up_after(&self, at: usize) -> bool {
        let line = self.tokens.line_of(at);
        let end = self.tokens.next_line(at);
        match self.tokens.text(line + 1) {
            "if" | "elif" => {
                // On the line itself, or in the block.
                (at..end).any(|at| matches!(self.tokens.text(at), "raise" | "exit"))
                    || self.raises_in(end, self.tokens.indent(line))
            }
            // A list of what is missing: the next line says what is done about it.
            _ if self.assigned_of_line(line) => {
                matches!(self.tokens.text(end + 1), "if") && {
                    let after = self.tokens.next_line(end);
                    self.raises_in(after, self.tokens.indent(end))
                }
            }
            _ => false,
        }
    }

    fn assigned_of_line(&self, line: usize) -> bool {
        self.tokens.is_name(line + 1) && self.tokens.text(line + 2) == "="
    }

    /// What happens without the value that a name of the file has, from a token on.
    fn need_of_local(&self, name: &str, from: usize) -> Need {
        let tokens = &self.tokens;
        let mut need = Need::Bare;
        for index in from + 1..tokens.len() {
            if !tokens.is_name(index) || tokens.text(index) != name || tokens.before(index, 1) == "." {
                continue;
            }
            let (before, after) = (tokens.before(index, 1), tokens.text(index + 1));
            let is_missing = before == "not" || tokens.are(index + 1, &["is", "None"]);
            if is_missing && self.gives_up_after(index) || before == "assert" {
                return Need::Demanded;
            }
            let is_asked = matches!(after, "or" | "and" | "is" | "==" | "!=" | "in" | "if" | "else")
                || matches!(before, "if" | "elif" | "not" | "and" | "while" | "or");
            if is_asked {
                need = Need::Fallback;
            }
        }
        need
    }

    /// A read of the variable whose name is the value of the token at `name`.
    fn variable(&mut self, start: usize, name: usize, last: usize, is_alone: bool, is_item: bool) {
        let tokens = &self.tokens;
        if is_alone && tokens.is_name(name) {
            if let Some(texts) = self.texts_of(name) {
                let need = if is_item { Need::Bare } else { self.need(start, last) };
                let need = if tokens.before(start, 1) == "in" { Need::Fallback } else { need };
                let need = if self.gives_up_after(start) { Need::Demanded } else { need };
                for at in texts {
                    if let Some(text) = self.tokens.string(at).filter(|text| is_name(text)) {
                        self.out.reads.push(Read::new(text, self.tokens.span(at, at), need));
                    }
                }
                return;
            }
            if let Some(helper) = self.helper(name, start, last, is_item) {
                if !self.out.helpers.contains(&helper) {
                    self.out.helpers.push(helper);
                }
                return;
            }
        }
        self.out.unknown.push(self.tokens.span(start, last));
    }

    /// The strings of which the name at a token is one after the other.
    fn texts_of(&self, name: usize) -> Option<Vec<usize>> {
        let tokens = &self.tokens;
        let word = tokens.text(name);
        let is_loop = |index: &usize| {
            tokens.text(*index) == word && tokens.before(*index, 1) == "for" && tokens.text(index + 1) == "in"
        };
        // In a comprehension the loop stands behind.
        let line = tokens.line_of(name);
        let end = tokens.next_line(name);
        let around = (line..end).find(is_loop);
        if let Some(found) = around.or_else(|| (0..name).rev().find(is_loop)) {
            return self.list_at(found + 2);
        }
        let constant = (0..tokens.len()).find(|index| {
            tokens.text(*index) == word
                && tokens.is_line(index.wrapping_sub(1))
                && tokens.text(index + 1) == "="
                && tokens.string(index + 2).is_some()
                && tokens.is_line(index + 3)
        })?;
        (!self.is_parameter(name)).then(|| vec![constant + 2])
    }

    fn list_at(&self, at: usize) -> Option<Vec<usize>> {
        let tokens = &self.tokens;
        if matches!(tokens.text(at), "[" | "(" | "{") {
            let close = tokens.pair(at);
            let inner = at + 1..close;
            let is_plain = inner.clone().all(|index| tokens.string(index).is_some() || tokens.text(index) == ",");
            return is_plain.then(|| inner.filter(|index| tokens.string(*index).is_some()).collect());
        }
        let name = tokens.text(at);
        let declared = (0..tokens.len()).find(|index| {
            tokens.text(*index) == name
                && tokens.is_line(index.wrapping_sub(1))
                && matches!(tokens.text(index + 1), "=" | ":")
        })?;
        let assign = (declared + 1..declared + 12).find(|index| tokens.text(*index) == "=")?;
        matches!(tokens.text(assign + 1), "[" | "(" | "{").then(|| self.list_at(assign + 1)).flatten()
    }

    /// The `def` in whose body a token stands: its first token.
    fn function_around(&self, at: usize) -> Option<usize> {
        let tokens = &self.tokens;
        let mut line = tokens.line_of(at);
        let mut indent = tokens.indent(line);
        let head = |line: usize| {
            let first = if tokens.text(line + 1) == "async" { line + 2 } else { line + 1 };
            (tokens.text(first) == "def").then_some(first)
        };
        if let Some(found) = head(line) {
            return Some(found);
        }
        while line > 0 {
            line = tokens.line_of(line - 1);
            if tokens.indent(line) < indent {
                indent = tokens.indent(line);
                if let Some(found) = head(line) {
                    return Some(found);
                }
            }
        }
        None
    }

    fn is_parameter(&self, at: usize) -> bool {
        let Some(def) = self.function_around(at) else { return false };
        let open = def + 2;
        (open..self.tokens.pair(open)).any(|index| self.tokens.text(index) == self.tokens.text(at))
    }

    /// The function of whose parameter the value at a token is.
    fn helper(&self, parameter: usize, start: usize, last: usize, is_item: bool) -> Option<Helper> {
        let tokens = &self.tokens;
        let word = tokens.text(parameter);
        let def = self.function_around(parameter)?;
        let name = tokens.text(def + 1);
        let open = def + 2;
        let close = tokens.pair(open);
        let mut position = None;
        let mut count = 0;
        let mut has_default = false;
        let mut at = open + 1;
        let mut is_first = true;
        while at < close {
            if is_first && tokens.is_name(at) {
                if tokens.text(at) == word {
                    position = Some(count);
                }
                if !matches!(tokens.text(at), "self" | "cls") {
                    count += 1;
                }
                is_first = false;
            }
            match tokens.text(at) {
                "," => is_first = true,
                "=" => has_default = true,
                _ => {}
            }
            at = tokens.pair(at).max(at) + 1;
        }
        let indent = tokens.indent(tokens.line_of(def));
        let stops = self.raises_in(tokens.next_line(close), indent);
        let own = if is_item { Need::Bare } else { self.need(start, last) };
        let has_second = count > 1;
        let need = need_by_name(name).unwrap_or(match (has_default && has_second, stops, own) {
            (_, true, _) => Need::Demanded,
            (true, ..) => Need::Fallback,
            (_, _, own) => own,
        });
        // In a class it is called on something, of which nothing is known in other files.
        let is_shared = indent == 0;
        Some(Helper { name: name.to_owned(), position: position?, need, takes_fallback: has_second, is_shared })
    }

    /// The calls of the file's own functions, and of those that call them.
    fn own_calls(&mut self) {
        let mut helpers = self.out.helpers.clone();
        // Each round goes one function further out.
        for _ in 0..4 {
            helpers = self.calls(&helpers, true);
            helpers.retain(|helper| self.out.helpers.iter().all(|known| known.name != helper.name));
            helpers.dedup();
            self.out.helpers.extend(helpers.iter().cloned());
        }
    }

    /// The calls of such functions. Gives functions that hand a parameter on to one.
    fn calls(&mut self, helpers: &[Helper], is_own: bool) -> Vec<Helper> {
        let mut further_helpers = Vec::new();
        if helpers.is_empty() {
            return further_helpers;
        }
        for index in 0..self.tokens.len() {
            if !self.tokens.is_name(index)
                || self.tokens.text(index + 1) != "("
                || self.tokens.before(index, 1) == "def"
            {
                continue;
            }
            let Some(helper) = helpers.iter().find(|helper| helper.name == self.tokens.text(index)) else { continue };
            let open = index + 1;
            let close = self.tokens.pair(open);
            let mut arguments = vec![open + 1];
            let mut at = open + 1;
            while at < close {
                if self.tokens.text(at) == "," {
                    arguments.push(at + 1);
                }
                at = self.tokens.pair(at).max(at) + 1;
            }
            arguments.retain(|at| *at < close);
            let Some(given) = arguments.get(helper.position) else { continue };
            let fits = if is_own { is_name } else { is_shouted };
            match self.tokens.string(*given).filter(|name| fits(name)) {
                Some(name) => {
                    let further = arguments.get(helper.position + 1).copied();
                    let has_fallback = further.is_some_and(|at| {
                        let at = if self.tokens.text(at + 1) == "=" { at + 2 } else { at };
                        !matches!(self.tokens.text(at), "None" | "True")
                    });
                    let is_firm = need_by_name(&helper.name) == Some(Need::Demanded);
                    let need = match helper.need {
                        _ if has_fallback && helper.takes_fallback && !is_firm => Need::Fallback,
                        Need::Bare => self.need(index, close),
                        need => need,
                    };
                    self.out.reads.push(Read::new(name, self.tokens.span(index, close), need));
                }
                None if is_own => {
                    let outer = self.tokens.is_name(*given).then(|| self.helper(*given, index, close, true)).flatten();
                    match outer.filter(|outer| outer.name != helper.name) {
                        Some(outer) => {
                            let need = outer.need.max(helper.need);
                            further_helpers.push(Helper { need, ..outer });
                        }
                        None => self.out.unknown.push(self.tokens.span(index, close)),
                    }
                }
                None => {}
            }
        }
        further_helpers
    }

    /// Classes whose fields may be variables.
    fn classes(&mut self) {
        if self.text.contains("Settings") {
            let found = settings::classes(&self.tokens, self.text);
            self.out.classes = found;
        }
    }
}

/// The reads of the fields of a class.
pub(super) fn fields(class: &Class, family: &settings::Family) -> Vec<Read> {
    settings::reads(class, family)
}

#[cfg(test)]
mod tests;
