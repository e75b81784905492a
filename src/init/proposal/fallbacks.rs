//! What a program takes where a variable is not set, as the line says that reads it.

use toml::Value;

use super::values::typed;
use crate::init::judgement::{is_secret, is_sensitive, is_shown, is_suspect};
use crate::secrets::forms::unmistakable;

/// What a program takes where a variable is not set.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fallback {
    /// This.
    Value(Value),
    /// Nothing, or an empty text: it is all the same to it.
    Empty,
    /// Nothing; and an empty text would be something else.
    Absent,
    /// Something that is not shown here: an expression, a list, an address of this machine.
    Own,
    /// Something that looks like a secret.
    Withheld,
}

/// What a line takes where the variable is not set; none where it does not say.
pub(super) fn fallback(name: &str, line: &str) -> Option<Fallback> {
    let rest = behind(name, line)?;
    let is_quoted = rest.starts_with(['"', '\'', '`']);
    let rest = rest.trim_start_matches(['"', '\'', '`', ']']).trim_start();
    // `NAME: type = value` of a settings class, `NAME: z.string().default(value)` of a schema.
    if let Some(annotated) = rest.strip_prefix(':') {
        return of_schema(name, annotated).or_else(|| of_class(name, annotated));
    }
    let rest = rest.trim_start_matches(')').trim_start();
    // Only this word switches it on.
    if ["== \"true\"", "== 'true'", "=== \"true\"", "=== 'true'", "== \"1\"", "=== \"1\"", "=== '1'"]
        .iter()
        .any(|test| rest.starts_with(test))
    {
        return Some(Fallback::Value(false.into()));
    }
    if rest.starts_with("in os.environ") {
        return Some(Fallback::Absent);
    }
    if rest.starts_with("==") || rest.starts_with("!=") {
        return None;
    }
    // What stands behind a comma belongs to the same call only where the name is one of its arguments.
    let operators = ["||", "??", "or ", ",", "="];
    let operator = operators.into_iter().find(|operator| rest.starts_with(operator))?;
    if operator == "," && !is_quoted {
        return None;
    }
    let value = rest[operator.len()..].trim_start();
    let value = value.strip_prefix("default=").unwrap_or(value);
    of_value(name, value)
}

/// What stands behind the name of a variable where it is read. A field of a settings class may be called otherwise: without
/// the prefix of them all (`allowed_origins: …` reads `SHOP_ALLOWED_ORIGINS`), or with the name as an alias.
pub(super) fn behind<'l>(name: &str, line: &'l str) -> Option<&'l str> {
    let (name, lower) = (name.to_ascii_lowercase(), line.to_ascii_lowercase());
    let field = field(line);
    match (lower.find(&name), field) {
        (Some(at), Some(end)) if lower[end..at.max(end)].contains("alias=") => line.get(end..),
        (Some(at), _) => line.get(at + name.len()..),
        (None, Some(end)) if name.ends_with(&lower[..end]) => line.get(end..),
        (None, _) => None,
    }
}

/// Where the name of a field ends with which a line begins: `name: …`.
pub(super) fn field(line: &str) -> Option<usize> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    (end > 0 && line[end..].starts_with(':')).then_some(end)
}

/// What a schema in JavaScript takes: `.default(value)`, `{ default: value }`, `.optional()`.
fn of_schema(name: &str, chain: &str) -> Option<Fallback> {
    let chain = chain.trim_start();
    for word in [".default(", "default:"] {
        if let Some((_, value)) = chain.split_once(word) {
            let value = value.trim_start();
            let is_nothing = value.starts_with("undefined") || value.starts_with("null");
            return if is_nothing { Some(Fallback::Absent) } else { of_value(name, value) };
        }
    }
    let is_optional = [".optional()", ".nullish()", ".nullable()"].iter().any(|word| chain.contains(word));
    // Whatever else is asked of the text, an empty one is not it.
    let is_any = chain.starts_with("z.string().optional()");
    is_optional.then_some(if is_any { Fallback::Empty } else { Fallback::Absent })
}

/// What a field of a class takes: `= value`, `= Field(default=value`.
fn of_class(name: &str, annotated: &str) -> Option<Fallback> {
    let (kind, value) = annotated.split_once('=')?;
    let mut value = value.trim();
    if let Some(inner) = value.strip_prefix("Field(") {
        let inner = inner.trim_start();
        if inner.starts_with("default_factory") {
            return Some(Fallback::Own);
        }
        value = inner.strip_prefix("default=").unwrap_or(inner);
        // Other arguments say nothing of its value.
        let word = value.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        if value.starts_with("...") || (word.starts_with('=') && word.len() < value.len()) {
            return None;
        }
    }
    for class in ["SecretStr(", "str("] {
        value = value.strip_prefix(class).unwrap_or(value);
    }
    if let Some(list) = of_list(name, value) {
        return Some(list);
    }
    let found = of_value(name, value)?;
    // Who asks for nothing asks for no empty text; but of a secret both are the same: there is none.
    let is_text = kind.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "str" | "SecretStr"));
    let is_nothing = found == Fallback::Empty && value.starts_with("None");
    Some(if is_nothing && !(is_text && is_secret(name)) { Fallback::Absent } else { found })
}

/// The list that a field of a class takes, as JSON, which is how such classes read it.
fn of_list(name: &str, value: &str) -> Option<Fallback> {
    let inner = value.strip_prefix('[')?.split_once(']')?.0;
    let items: Vec<&str> = inner.split(',').map(str::trim).filter(|item| !item.is_empty()).collect();
    let texts: Option<Vec<&str>> = items
        .into_iter()
        .map(|item| {
            let first = item.chars().next().filter(|first| matches!(first, '"' | '\''))?;
            let text = item.strip_prefix(first)?.strip_suffix(first)?;
            (!text.contains(['"', '\'', '\\'])).then_some(text)
        })
        .collect();
    let is_copied = |text: &&str| {
        let is_here = text.contains("localhost") || text.contains("127.0.0.1");
        is_shown(name, text) && !text.contains(['$', '{']) && (!is_here || is_page(name, text) || !text.contains(':'))
    };
    let texts = texts?;
    if !texts.iter().all(is_copied) {
        return None;
    }
    Some(Fallback::Value(serde_json::to_string(&texts).ok()?.into()))
}

/// Whether an address on this machine is one that browsers say, which are on this machine too.
fn is_page(name: &str, text: &str) -> bool {
    let is_meant = |word: &str| matches!(word, "CORS" | "ORIGIN" | "ORIGINS");
    name.to_ascii_uppercase().split('_').any(is_meant) && text.split(',').all(|item| item.trim().starts_with("http"))
}

/// Whether a line takes an empty text as if nothing was set.
pub(super) fn takes_empty(name: &str, line: &str) -> bool {
    let Some(rest) = behind(name, line) else { return false };
    if let Some((kind, _)) = rest.strip_prefix(':').and_then(|rest| rest.split_once('=')) {
        let mut words = kind.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        return words.all(|word| matches!(word, "str" | "SecretStr" | "None" | "Optional"));
    }
    let rest = rest.trim_start_matches(['"', '\'', '`', ']', ')']).trim_start();
    rest.starts_with("||") || rest.starts_with("or ")
}

/// What a text of a program stands for, as far as it can be shown.
fn of_value(name: &str, value: &str) -> Option<Fallback> {
    let value = value.trim();
    let first = value.chars().next()?;
    if matches!(first, '"' | '\'' | '`') {
        let end = value[1..].find(first)?;
        let text = &value[1..=end];
        if text.is_empty() {
            return Some(Fallback::Empty);
        }
        // In a container, this machine is another one.
        let is_here = text.contains("localhost") || text.contains("127.0.0.1");
        let is_address =
            text.contains(':') || ["HOST", "ADDR", "ADDRESS", "URL", "SERVER"].iter().any(|end| name.ends_with(end));
        if is_suspect(name, text) {
            // A long text under a plain name is the program's own affair.
            let is_kept = is_sensitive(name) || text.contains(':') || unmistakable(text).is_some();
            return Some(if is_kept { Fallback::Withheld } else { Fallback::Own });
        }
        let is_elsewhere = is_here && is_address && !is_page(name, text);
        let is_copied = is_shown(name, text) && !is_elsewhere && !text.contains(['$', '{']);
        return Some(if is_copied { Fallback::Value(typed(text)) } else { Fallback::Own });
    }
    let word: String =
        value.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')).collect();
    match word.as_str() {
        "true" | "True" => Some(Fallback::Value(true.into())),
        "false" | "False" => Some(Fallback::Value(false.into())),
        "None" | "null" | "undefined" => Some(Fallback::Empty),
        _ if first.is_ascii_digit() || first == '-' => {
            let plain = word.replace('_', "");
            let number = typed(&plain);
            // A product is not a number yet.
            let after = value[word.len()..].trim_start();
            let is_copied = !number.is_str() && !after.starts_with('*') && is_shown(name, &plain);
            Some(if is_copied { Fallback::Value(number) } else { Fallback::Own })
        }
        _ => Some(Fallback::Own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_is_nothing_to_some_lines() {
        for (name, line) in [
            ("A", "A || join(x)"),
            ("A", "A\") or x"),
            ("B_A", "a: str | None = None"),
            ("A", "a: Optional[str] = None"),
        ] {
            assert!(takes_empty(name, line), "{line}");
        }
        for (name, line) in
            [("A", "A ?? join(x)"), ("A", "A\", x)"), ("A", "a: int | None = None"), ("A", "a: list[str] = x")]
        {
            assert!(!takes_empty(name, line), "{line}");
        }
    }

    #[test]
    fn a_line_says_what_is_taken_without_the_variable() {
        let value = |value: Value| Some(Fallback::Value(value));
        for (name, line, expected) in [
            ("LOG_LEVEL", "LOG_LEVEL\", \"info\").upper(),", value("info".into())),
            ("A", "A || \"7d\";", value("7d".into())),
            ("A", "A ?? 'x'", value("x".into())),
            ("A", "A\") or 'x'", value("x".into())),
            ("CLI_TIMEOUT", "CLI_TIMEOUT\", 1_800_000, 2)", value(1_800_000.into())),
            ("DB_POOL_SIZE", "db_pool_size: int = 5", value(5.into())),
            ("BACKEND_TIMEOUT", "backend_timeout: float = Field(default=30.0, gt=0)", value(30.0.into())),
            ("DEBUG", "debug: bool = False", value(false.into())),
            ("DEBUG", "DEBUG\") == \"true\", lifespan=x)", value(false.into())),
            ("LEVEL", "LEVEL: z.string().default(\"info\"),", value("info".into())),
            ("PORT", "PORT: port({ default: 3000 }),", value(3000.into())),
            // A prefix of the class, or an alias.
            ("SHOP_POOL", "pool: int = 5", value(5.into())),
            ("SHOP_POOL", "pool: int | None = None", Some(Fallback::Absent)),
            ("SHOP_SIZE", "pool: int = Field(default=6, alias=\"SHOP_SIZE\")", value(6.into())),
            ("SHOP_POOL", "size: int = 5", None),
            ("TTL", "TTL\", default=60)", value(60.into())),
            ("A", "A || undefined,", Some(Fallback::Empty)),
            ("CORS", "cors: str = \"\"", Some(Fallback::Empty)),
            ("API_KEY", "api_key: str | None = None", Some(Fallback::Empty)),
            ("A", "a: SecretStr = SecretStr(\"\")", Some(Fallback::Empty)),
            ("A", "A: z.string().optional(),", Some(Fallback::Empty)),
            // An empty text is no number, and no address.
            ("A", "a: int | None = None", Some(Fallback::Absent)),
            ("A", "a: str | None = None", Some(Fallback::Absent)),
            ("A", "A: z.string().url().optional(),", Some(Fallback::Absent)),
            ("A", "A: url({ default: undefined }),", Some(Fallback::Absent)),
            ("A", "A\" in os.environ:", Some(Fallback::Absent)),
            ("REDIS_URL", "REDIS_URL\", default=\"redis://127.0.0.1:6379/1\")", Some(Fallback::Own)),
            ("HOSTS", "HOSTS\", default=[\"localhost\"])", Some(Fallback::Own)),
            (
                "HOSTS",
                "hosts: list[str] = ['a.example.org', \"b.example.org\"]",
                value(r#"["a.example.org","b.example.org"]"#.into()),
            ),
            ("URLS", "urls: list[str] = [\"http://localhost:1\"]", Some(Fallback::Own)),
            // Browsers are on this machine too.
            ("CORS_ORIGIN", "CORS_ORIGIN || \"http://localhost:5173\"", value("http://localhost:5173".into())),
            ("API_URL", "API_URL || \"http://localhost:5173\"", Some(Fallback::Own)),
            ("A", "A ?? join(here, 'x')", Some(Fallback::Own)),
            ("SECRET_KEY", "SECRET_KEY\", \"dev\")", Some(Fallback::Withheld)),
            ("SECRET_KEY", "SECRET_KEY\", token_hex())", Some(Fallback::Own)),
            ("A", "A\"]", None),
            ("A", "A, other: process.env.B }", None),
            ("A", "A === 'production'", None),
            ("A", "A: z.string().min(1),", None),
            ("A", "a: str = Field(description=\"x\")", None),
            ("A", "a: str = Field(..., gt=0)", None),
        ] {
            assert_eq!(fallback(name, line), expected, "{line}");
        }
    }
}
