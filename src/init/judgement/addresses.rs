//! What addresses of databases ask for behind the database: options of clients that are no secret, whatever is in front of
//! them.

/// Names of such options whose values only choose among what everybody knows, or count (Prisma, "Connection URLs" of
/// `PostgreSQL` and `MySQL`; libpq, "Parameter Key Words"; Doctrine, Django and `SQLAlchemy` for the rest).
const OPTIONS: [&str; 34] = [
    "schema",
    "connection_limit",
    "pool_timeout",
    "pool_size",
    "max_overflow",
    "pool_recycle",
    "pool_pre_ping",
    "connect_timeout",
    "connection_timeout",
    "socket_timeout",
    "statement_timeout",
    "command_timeout",
    "max_idle_connection_lifetime",
    "pgbouncer",
    "statement_cache_size",
    "prepared_statement_cache_size",
    "prepare_threshold",
    "prepared_statements",
    "application_name",
    "search_path",
    "currentschema",
    "target_session_attrs",
    "client_encoding",
    "charset",
    "encoding",
    "timezone",
    "serverversion",
    "parsetime",
    "retrywrites",
    "keepalives",
    "keepalives_idle",
    "ssl",
    "sslmode",
    "sslaccept",
];

/// Values that ask for no encryption: the database of a stack offers none.
const IN_THE_CLEAR: [&str; 8] = ["disable", "allow", "prefer", "false", "no", "off", "0", "accept_invalid_certs"];

/// What stands behind the `?` of an address: the pairs that can be copied, and the names of the others.
pub(in crate::init) fn asked_of_database(address: &str) -> (Vec<String>, Vec<String>) {
    let (mut shown, mut unsaid) = (Vec::new(), Vec::new());
    let Some((_, query)) =
        address.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@').unwrap_or(("", rest)).1.split_once('?'))
    else {
        return (shown, unsaid);
    };
    for pair in query.split('#').next().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let lower = name.to_ascii_lowercase();
        let is_known = OPTIONS.contains(&lower.as_str());
        let is_plain = super::is_identifier(value)
            || value.len() <= 6 && !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let is_encryption = lower.starts_with("ssl");
        if is_known && is_plain && (!is_encryption || IN_THE_CLEAR.contains(&value)) {
            shown.push(format!("{name}={value}"));
        } else {
            // What is no name of an option may be anything.
            let is_name = name.len() <= 24 && name.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
            unsaid.push(if is_name { name.to_owned() } else { "…".to_owned() });
        }
    }
    (shown, unsaid)
}

#[cfg(test)]
mod tests {
    use super::asked_of_database;

    #[test]
    fn options_of_clients_are_copied_and_others_are_named() {
        let asked = |address: &str| {
            let (shown, unsaid) = asked_of_database(address);
            (shown.join("&"), unsaid.join(" "))
        };
        let both = |shown: &str, unsaid: &str| (shown.to_owned(), unsaid.to_owned());
        assert_eq!(
            asked("postgresql://u:p?q@db/d?schema=shop&connection_limit=10"),
            both("schema=shop&connection_limit=10", "")
        );
        assert_eq!(asked("postgresql://db/d?sslmode=disable#x"), both("sslmode=disable", ""));
        assert_eq!(
            asked("postgresql://db/d?sslmode=require&sslpassword=a&password=b"),
            both("", "sslmode sslpassword password")
        );
        assert_eq!(asked("postgresql://db/d?schema=a8f3kd93jf02kd9s&x8f3kd9=1"), both("", "schema …"));
        assert_eq!(asked("postgresql://db/d"), both("", ""));
        assert_eq!(asked("schema=shop"), both("", ""));
    }
}
