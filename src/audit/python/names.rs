//! The names under which a file of Python knows the environment, and what reads it.

use super::Scanner;

impl<'t> Scanner<'t> {
    pub(super) fn imports(&mut self) {
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
    pub(super) fn environ(&self, start: usize) -> Option<usize> {
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
    pub(super) fn aliases(&mut self) {
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
    pub(super) fn assigned(&self, start: usize) -> Option<&'t str> {
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
}
