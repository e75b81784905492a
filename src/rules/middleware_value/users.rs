//! Users of `basicAuth` and `digestAuth`, as Traefik reads them (go-http-auth, `basic.go` and `digest.go`).

/// Why nobody can log in as a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserFlaw {
    /// Not of the form that Traefik reads: it makes no middleware.
    Form,
    /// No hash behind the name.
    NoHash,
    /// A password in plain text.
    Plain,
    /// A hash of a kind that Traefik does not know.
    UnknownHash,
}

/// What is wrong with a user of `basicAuth`: `name:hash`.
pub(super) fn basic(user: &str) -> Option<UserFlaw> {
    let parts: Vec<&str> = user.split(':').collect();
    let [_, hash] = parts.as_slice() else { return Some(UserFlaw::Form) };
    let is_known = ["{SHA}", "$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|start| hash.starts_with(start));
    let parts: Vec<&str> = hash.split('$').collect();
    let is_md5 = matches!(parts.as_slice(), ["", "apr1" | "1", _, _]);
    match *hash {
        _ if is_known || is_md5 => None,
        "" => Some(UserFlaw::NoHash),
        hash if hash.starts_with('$') && parts.len() > 2 => Some(UserFlaw::UnknownHash),
        _ => Some(UserFlaw::Plain),
    }
}

/// What is wrong with a user of `digestAuth`: `name:realm:hash`, with the MD5 of the three.
pub(super) fn digest(user: &str) -> Option<UserFlaw> {
    let parts: Vec<&str> = user.split(':').collect();
    let [_, _, hash] = parts.as_slice() else { return Some(UserFlaw::Form) };
    let is_md5 = hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    match *hash {
        _ if is_md5 => None,
        "" => Some(UserFlaw::NoHash),
        _ => Some(UserFlaw::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_known_by_their_begin() {
        for user in ["a:$2y$05$x", "a:{SHA}x=", "a:$apr1$salt$hash", "a:$1$salt$hash"] {
            assert_eq!(basic(user), None, "{user}");
        }
        for (user, flaw) in [
            ("a", UserFlaw::Form),
            ("a:b:c", UserFlaw::Form),
            ("a:", UserFlaw::NoHash),
            ("a:secret", UserFlaw::Plain),
            ("a:$ecret", UserFlaw::Plain),
            ("a:$6$salt$hash", UserFlaw::UnknownHash),
            ("a:$argon2id$v=19$m=1$x$y", UserFlaw::UnknownHash),
        ] {
            assert_eq!(basic(user), Some(flaw), "{user}");
        }
        assert_eq!(digest("a:r:0123456789abcdef0123456789abcdef"), None);
        assert_eq!(
            [digest("a:r"), digest("a:r:x"), digest("a:r:")],
            [Some(UserFlaw::Form), Some(UserFlaw::Plain), Some(UserFlaw::NoHash)]
        );
    }
}
