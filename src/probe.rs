//! What a health probe does, as far as its words say: the commands of a shell, whether they can fail at all, and whom
//! they ask (POSIX, "Shell Command Language"; the manuals of the programs that are known by name).
//!
//! Only what is certain is said. A script with loops, conditions or groups is not read.

use crate::addresses::{Address, addresses};

/// Shells, whose `-c` is followed by a script.
const SHELLS: [&str; 4] = ["sh", "bash", "ash", "dash"];

/// Words that begin what is not read here.
const COMPOUND: [&str; 12] =
    ["if", "for", "while", "until", "case", "select", "function", "{", "(", "[[", "set", "trap"];

/// How a command is joined to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// It is the first one, or runs in any case: `;`, or another line.
    Then,
    /// Only after success: `&&`.
    And,
    /// Only after a failure: `||`.
    Or,
    /// It reads what the one before it prints: `|`.
    Pipe,
}

/// A command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// How it is joined to the one before it.
    pub(crate) join: Join,
    /// Whether `!` turns its result around.
    pub(crate) negated: bool,
    /// The program and its arguments, without their quotes.
    pub(crate) words: Vec<String>,
}

/// The commands of a probe, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// The commands.
    pub(crate) commands: Vec<Command>,
}

/// Which results there can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Results {
    success: bool,
    failure: bool,
}

impl Script {
    /// Reads the words of a probe in exec form; none where they are no commands that are understood.
    pub(crate) fn of(words: &[String]) -> Option<Self> {
        if let [shell, flags @ .., text] = words
            && SHELLS.contains(&base_name(shell))
            && let [.., flag] = flags
            && flag.starts_with('-')
            && flag.ends_with('c')
        {
            // With `-e` the first failure ends it.
            return if flag.contains('e') { None } else { Self::of_shell(text) };
        }
        let command = Command { join: Join::Then, negated: false, words: words.to_vec() };
        (!words.is_empty()).then(|| Self { commands: vec![command] })
    }

    /// Reads a script.
    pub(crate) fn of_shell(text: &str) -> Option<Self> {
        let mut script = Self::default();
        let mut join = Join::Then;
        let mut negated = false;
        let mut words: Vec<String> = Vec::new();
        let mut is_closed = false;
        for token in tokens(text)? {
            let next = match token {
                Token::Word(word) => {
                    match word.as_str() {
                        "!" if words.is_empty() => negated = !negated,
                        word if words.is_empty() && COMPOUND.contains(&word) => return None,
                        _ => words.push(word),
                    }
                    is_closed = false;
                    continue;
                }
                Token::Join(next) => next,
            };
            if words.is_empty() {
                // Empty lines between commands mean nothing, an operator without a command is a mistake.
                if next == Join::Then && (is_closed || script.commands.is_empty()) {
                    continue;
                }
                return None;
            }
            script.commands.push(Command { join, negated, words: std::mem::take(&mut words) });
            (join, negated, is_closed) = (next, false, next == Join::Then);
        }
        if words.is_empty() {
            return (is_closed && !script.commands.is_empty()).then_some(script);
        }
        script.commands.push(Command { join, negated, words });
        Some(script)
    }

    /// Whether it succeeds whatever happens.
    pub(crate) fn always_succeeds(&self) -> bool {
        let mut results = Results { success: true, failure: false };
        let mut ended = Results { success: false, failure: false };
        let mut index = 0;
        while let Some(first) = self.commands.get(index) {
            // The result of a pipeline is that of its last command; `exit` in one ends nothing.
            let length = 1 + self.commands[index + 1..].iter().take_while(|next| next.join == Join::Pipe).count();
            let last = &self.commands[index + length - 1];
            let of_last = results_of(last);
            let own =
                if first.negated { Results { success: of_last.failure, failure: of_last.success } } else { of_last };
            let runs = match first.join {
                Join::And => results.success,
                Join::Or => results.failure,
                _ => true,
            };
            let skips = match first.join {
                Join::And => Results { success: false, failure: results.failure },
                Join::Or => Results { success: results.success, failure: false },
                _ => Results { success: false, failure: false },
            };
            if runs && length == 1 && base_name(&last.words[0]) == "exit" {
                ended = Results { success: ended.success || own.success, failure: ended.failure || own.failure };
                results = skips;
                if !results.success && !results.failure {
                    return ended.success && !ended.failure;
                }
            } else if runs {
                results = Results { success: own.success || skips.success, failure: own.failure || skips.failure };
            }
            index += length;
        }
        !(results.failure || ended.failure)
    }

    /// The commands whose own results count: not those whose output another one reads.
    pub(crate) fn deciding(&self) -> impl Iterator<Item = &Command> {
        let next = self.commands.iter().skip(1).map(Some).chain([None]);
        self.commands
            .iter()
            .zip(next)
            .filter(|(_, next)| next.is_none_or(|next| next.join != Join::Pipe))
            .map(|(it, _)| it)
    }

    /// The hosts that are asked, in their order.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        self.commands.iter().flat_map(Command::addresses).collect()
    }
}

impl Command {
    /// The program, without the way to it.
    pub(crate) fn program(&self) -> &str {
        let words = self.words.iter().map(String::as_str);
        // Variables that are set for it alone stand before it.
        let mut words = words.skip_while(|word| is_assignment(word));
        base_name(words.next().unwrap_or_default())
    }

    /// Whether it has one of these flags: `-x` also among others behind one hyphen, `--long` also with a value.
    pub(crate) fn has_flag(&self, short: Option<char>, long: &[&str]) -> bool {
        self.words.iter().skip(1).any(|word| match word.strip_prefix("--") {
            Some(name) => long.contains(&name.split('=').next().unwrap_or_default()),
            None => word.strip_prefix('-').is_some_and(|flags| short.is_some_and(|short| flags.contains(short))),
        })
    }

    /// The hosts that it asks: those of URLs, and of the flags of clients that are known by name.
    fn addresses(&self) -> Vec<Address> {
        let address = |host: &str, port: Option<&str>| Address {
            scheme: None,
            host: host.to_owned(),
            port: port.and_then(|port| port.parse().ok()),
            in_url: false,
        };
        let mut found: Vec<Address> = self.words.iter().skip(1).flat_map(|word| addresses(word)).collect();
        let flag = |names: &[&str]| {
            let mut words = self.words.iter().skip(1);
            while let Some(word) = words.next() {
                if names.contains(&word.as_str()) {
                    return words.next().map(String::as_str);
                }
                let mut long = names.iter().filter(|name| name.starts_with("--"));
                let valued = long.find_map(|name| word.strip_prefix(name)?.strip_prefix('='));
                if valued.is_some() {
                    return valued;
                }
            }
            None
        };
        match self.program() {
            "redis-cli" | "valkey-cli" | "psql" | "pg_isready" | "mysqladmin" | "mysql" | "mariadb-admin"
            | "mariadb" | "mongosh" | "mongo" => {
                found.extend(flag(&["-h", "--host"]).map(|host| address(host, flag(&["-p", "--port"]))));
            }
            "nc" | "ncat" | "netcat" => {
                let mut plain = self.words.iter().skip(1).filter(|word| !word.starts_with('-'));
                if let (Some(host), port) = (plain.next(), plain.next()) {
                    found.push(address(host, port.map(String::as_str)));
                }
            }
            _ => {}
        }
        for word in &self.words {
            let Some((_, rest)) = word.split_once("/dev/tcp/") else { continue };
            let mut parts = rest.split('/');
            if let (Some(host), port) = (parts.next(), parts.next()) {
                found.push(address(host, port));
            }
        }
        found
    }
}

/// What a command can end with.
fn results_of(command: &Command) -> Results {
    let (success, failure) = match (command.program(), command.words.get(1).map(String::as_str)) {
        ("true" | ":" | "echo" | "printf" | "cat" | "tee" | "head" | "tail" | "wc", _) | ("exit", Some("0")) => {
            (true, false)
        }
        ("false", _) => (false, true),
        ("exit", Some(code)) if code.parse::<u8>().is_ok() => (false, true),
        _ => (true, true),
    };
    Results { success, failure }
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}

enum Token {
    Word(String),
    Join(Join),
}

/// Splits a script; none where a quote or a substitution is open, or something runs in the background.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let join = match c {
            ';' | '\n' => Some(Join::Then),
            '|' if characters.next_if_eq(&'|').is_some() => Some(Join::Or),
            '|' => {
                characters.next_if_eq(&'&');
                Some(Join::Pipe)
            }
            '&' if characters.next_if_eq(&'&').is_some() => Some(Join::And),
            // `2>&1` and `&>file` are redirections, anything else is the background.
            '&' if !(word.as_ref().is_some_and(|word| word.ends_with(['>', '<']))
                || characters.peek() == Some(&'>')) =>
            {
                return None;
            }
            '(' | ')' => return None,
            _ => None,
        };
        if join.is_some() || c.is_whitespace() {
            tokens.extend(word.take().map(Token::Word));
            tokens.extend(join.map(Token::Join));
            continue;
        }
        if c == '#' && word.is_none() {
            while characters.next_if(|c| *c != '\n').is_some() {}
            continue;
        }
        let out = word.get_or_insert_default();
        match c {
            '\'' => loop {
                match characters.next()? {
                    '\'' => break,
                    c => out.push(c),
                }
            },
            '"' => loop {
                match characters.next()? {
                    '"' => break,
                    '\\' => out.extend(characters.next()),
                    '`' => return None,
                    c => out.push(c),
                }
            },
            '\\' => out.extend(characters.next()),
            '`' => return None,
            '$' if characters.peek() == Some(&'(') => out.push_str(&substitution(&mut characters)?),
            c => out.push(c),
        }
    }
    tokens.extend(word.map(Token::Word));
    Some(tokens)
}

/// A `$(…)` as it is written, from its parenthesis on.
fn substitution(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut out = "$".to_owned();
    let mut depth = 0_usize;
    loop {
        let c = characters.next()?;
        out.push(c);
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(out),
            ')' => depth -= 1,
            '\'' | '"' => loop {
                let inner = characters.next()?;
                out.push(inner);
                if inner == c {
                    break;
                }
            },
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn always(text: &str) -> Option<bool> {
        Script::of_shell(text).map(|script| script.always_succeeds())
    }

    #[test]
    fn what_cannot_fail_is_known() {
        for text in [
            "curl -f http://x || true",
            "curl -f http://x || exit 0",
            "curl -f http://x; exit 0",
            "curl -f http://x; true",
            "curl -f http://x || :",
            "curl -f http://x | cat",
            "curl -f http://x || echo down",
            "true",
            "exit 0; false",
            "! false",
            "a || b || true\n",
            "a || true || exit 1",
        ] {
            assert_eq!(always(text), Some(true), "{text}");
        }
        for text in [
            "curl -f http://x || exit 1",
            "curl -f http://x && echo up",
            "true && a",
            "a || exit 1; exit 0",
            "a; b",
            "a || b",
            "a | grep ok",
            "true || false; a",
            "! true",
            "a && true",
            "exit 1; true",
        ] {
            assert_eq!(always(text), Some(false), "{text}");
        }
        for text in ["if a; then true; fi", "(a)", "a 'b", "set -e; a; true", "a & true", "a `b`", "|| a", ""] {
            assert_eq!(always(text), None, "{text}");
        }
    }

    #[test]
    fn the_commands_are_those_of_the_shell_or_the_words() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let of = |list: &[&str]| Script::of(&words(list)).map(|script| script.commands.len());
        assert_eq!(of(&["sh", "-c", "a && b | c"]), Some(3));
        assert_eq!(of(&["/bin/sh", "-c", "a"]), Some(1));
        assert_eq!(of(&["bash", "-ec", "a"]), None);
        assert_eq!(of(&["a", "||", "b"]), Some(1));
        assert_eq!(of(&[]), None);
        let quoted = Script::of_shell("test \"$(curl -s -o /dev/null)\" = '2 0' # why\nA=1 /bin/b 2>&1").unwrap();
        assert_eq!(quoted.commands[0].words[3], "2 0");
        assert_eq!(quoted.commands[1].program(), "b");
        let deciding = Script::of_shell("a | b || c").unwrap();
        assert_eq!(deciding.deciding().map(Command::program).collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn flags_may_stand_together_and_have_values() {
        let command = |text: &str| Script::of_shell(text).unwrap().commands.remove(0);
        assert!(command("curl -fsS x").has_flag(Some('f'), &["fail"]));
        assert!(command("curl --fail-with-body x").has_flag(Some('f'), &["fail", "fail-with-body"]));
        assert!(!command("curl --silent x").has_flag(Some('f'), &["fail"]));
    }

    #[test]
    fn hosts_are_found_where_clients_take_them() {
        let hosts = |text: &str| {
            let found = Script::of_shell(text).unwrap().addresses();
            found
                .into_iter()
                .map(|address| format!("{}:{}", address.host, address.port.unwrap_or(0)))
                .collect::<Vec<_>>()
        };
        assert_eq!(hosts("curl -f http://api:8000/health || exit 1"), ["api:8000"]);
        assert_eq!(hosts("redis-cli -h cache -p 6380 ping"), ["cache:6380"]);
        assert_eq!(hosts("pg_isready --host=db"), ["db:0"]);
        assert_eq!(hosts("nc -z db 5432"), ["db:5432"]);
        assert_eq!(hosts("bash -c 'echo > /dev/tcp/db/5432'"), ["db:5432"]);
        assert_eq!(hosts("pgrep -f worker"), [""; 0]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ab|&;!()$`'\"\\\\#\n ={}-]{0,40}") {
            if let Some(script) = Script::of_shell(&text) {
                script.always_succeeds();
                script.addresses();
                proptest::prop_assert!(script.commands.iter().all(|command| !command.words.is_empty()));
            }
        }
    }
}
