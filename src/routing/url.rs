//! The path and the query of a request as Go keeps them: decoded, and as they were written where that is not what Go
//! would write itself (Go, package `net/url`, `URL.Path` and `URL.RawPath`).

/// The target of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Url {
    /// The path, decoded.
    pub(super) path: Vec<u8>,
    /// The path as it was written; empty where Go would write it alike.
    pub(super) raw: Vec<u8>,
    /// What follows the first `?`, as it was written.
    pub(super) query: Vec<u8>,
    /// Whether the target ends with the `?` alone.
    pub(super) ends_with_mark: bool,
}

impl Url {
    /// Takes a target apart (`url.ParseRequestURI`); none where Go answers 400: for a control character, a broken escape,
    /// or a path that does not begin with `/`.
    pub(super) fn parse(target: &[u8]) -> Option<Self> {
        if !target.starts_with(b"/") || target.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
            return None;
        }
        let mut url = Self::default();
        let at = target.iter().position(|byte| *byte == b'?').unwrap_or(target.len());
        let (path, query) = target.split_at(at);
        url.query = query.get(1..).unwrap_or_default().to_vec();
        url.ends_with_mark = query == b"?";
        url.set_path(path)?;
        Some(url)
    }

    /// Sets both forms of the path (`URL.setPath`); none for a broken escape.
    pub(super) fn set_path(&mut self, written: &[u8]) -> Option<()> {
        self.path = unescape(written)?;
        self.raw = if escape(&self.path) == written { Vec::new() } else { written.to_vec() };
        Some(())
    }

    /// The path as it goes over the wire (`URL.EscapedPath`).
    pub(super) fn escaped_path(&self) -> Vec<u8> {
        if !self.raw.is_empty() && is_valid_encoding(&self.raw) && unescape(&self.raw).as_ref() == Some(&self.path) {
            return self.raw.clone();
        }
        if self.path == b"*" { self.path.clone() } else { escape(&self.path) }
    }

    /// The target that is asked for (`URL.RequestURI`).
    pub(super) fn target(&self) -> Vec<u8> {
        let mut target = self.escaped_path();
        if target.is_empty() {
            target.push(b'/');
        }
        if self.ends_with_mark || !self.query.is_empty() {
            target.push(b'?');
            target.extend_from_slice(&self.query);
        }
        target
    }

    /// Writes escapes in capitals and takes away those that are not needed, in the form that was written alone.
    pub(super) fn normalise(&mut self) {
        let mut out = Vec::with_capacity(self.raw.len());
        let mut at = 0;
        while let Some(byte) = self.raw.get(at) {
            let Some(digits) = self.raw.get(at + 1..at + 3).filter(|_| *byte == b'%') else {
                out.push(*byte);
                at += 1;
                continue;
            };
            if let Some(code) = code(digits).filter(|code| is_unreserved(*code)) {
                out.push(code);
            } else {
                out.push(b'%');
                out.extend(digits.iter().map(u8::to_ascii_uppercase));
            }
            at += 3;
        }
        self.raw = out;
    }

    /// Takes `.`, `..` and doubled slashes out of the path (`URL.JoinPath` without an element).
    pub(super) fn clean(&mut self) {
        let written = self.escaped_path();
        let ends_with_slash = written.ends_with(b"/");
        let mut segments: Vec<&[u8]> = Vec::new();
        for segment in written.split(|byte| *byte == b'/') {
            match segment {
                b"" | b"." => {}
                b".." => {
                    segments.pop();
                }
                other => segments.push(other),
            }
        }
        let mut cleaned = Vec::with_capacity(written.len());
        for segment in segments {
            cleaned.push(b'/');
            cleaned.extend_from_slice(segment);
        }
        if cleaned.is_empty() || ends_with_slash {
            cleaned.push(b'/');
        }
        // What was an escape before is one now.
        let _ = self.set_path(&cleaned);
    }

    /// The path that rules are compared with: decoded, but for what means something in a URL (Traefik,
    /// `withRoutingPath`).
    pub(super) fn routing_path(&self) -> Vec<u8> {
        let written = self.escaped_path();
        let mut out = Vec::with_capacity(written.len());
        let mut at = 0;
        while let Some(byte) = written.get(at) {
            let digits = written.get(at + 1..at + 3).filter(|_| *byte == b'%');
            let Some((digits, code)) = digits.and_then(|digits| Some((digits, code(digits)?))) else {
                out.push(*byte);
                at += 1;
                continue;
            };
            if is_reserved(code) && !digits.iter().any(u8::is_ascii_lowercase) {
                out.push(b'%');
                out.extend_from_slice(digits);
            } else {
                out.push(code);
            }
            at += 3;
        }
        out
    }

    /// The parameters of the query; those that cannot be decoded, or hold a `;`, are left out (`URL.Query`).
    pub(super) fn parameters(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let parts = self.query.split(|byte| *byte == b'&');
        let parameter = |part: &[u8]| {
            if part.is_empty() || part.contains(&b';') {
                return None;
            }
            let at = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
            let (name, value) = part.split_at(at);
            let decode = |text: &[u8]| {
                let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
                unescape(&spaced)
            };
            Some((decode(name)?, decode(value.get(1..).unwrap_or_default())?))
        };
        parts.filter_map(parameter).collect()
    }
}

/// The byte that two hexadecimal digits stand for.
pub(super) fn code(digits: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match digits {
        [high, low] => Some(digit(high)? * 16 + digit(low)?),
        _ => None,
    }
}

/// Decodes escapes; none where one is broken.
pub(super) fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        if *byte == b'%' {
            out.push(code(text.get(at + 1..at + 3)?)?);
            at += 3;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    Some(out)
}

fn escape(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for byte in path {
        if is_escaped(*byte) {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)
}

/// RFC 3986, section 2.2, and the percent sign.
fn is_reserved(byte: u8) -> bool {
    b":/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// Whether Go escapes this byte of a path.
fn is_escaped(byte: u8) -> bool {
    !(is_unreserved(byte) || b"$&+,/:;=@".contains(&byte))
}

/// Whether Go leaves a path as it was written.
fn is_valid_encoding(path: &[u8]) -> bool {
    path.iter().all(|byte| b"!$&'()*+,;=:@[]%".contains(byte) || !is_escaped(*byte))
}

/// Bytes for the eyes of people.
pub(super) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(target: &str) -> (String, String) {
        let mut url = Url::parse(target.as_bytes()).unwrap_or_else(|| panic!("{target} is a target"));
        url.normalise();
        url.clean();
        (shown(&url.target()), shown(&url.routing_path()))
    }

    #[test]
    fn a_path_is_cleaned_and_decoded_where_that_means_nothing() {
        for (target, seen, routed) in [
            ("/a//b/../c/./", "/a/c/", "/a/c/"),
            ("/../a", "/a", "/a"),
            ("/a/.", "/a", "/a"),
            ("//", "/", "/"),
            ("/%61%2e%2E/b", "/a../b", "/a../b"),
            ("/a/%2e%2e/b?x=%2e", "/b?x=%2e", "/b"),
            ("/a%2fb", "/a%2Fb", "/a%2Fb"),
            ("/a%20b", "/a%20b", "/a b"),
            ("/ä", "/%C3%A4", "/ä"),
            ("/a!b(c)", "/a!b(c)", "/a!b(c)"),
            ("/a%21b", "/a%21b", "/a%21b"),
            ("/a\"b", "/a%22b", "/a\"b"),
            ("/a?", "/a?", "/a"),
            ("/a%25b", "/a%25b", "/a%25b"),
        ] {
            assert_eq!(normalised(target), (seen.to_owned(), routed.to_owned()), "{target}");
        }
        assert!(Url::parse(b"/%zz").is_none() && Url::parse(b"/a\n").is_none() && Url::parse(b"a").is_none());
    }

    #[test]
    fn parameters_are_decoded() {
        let url = Url::parse(b"/?a=1&b=x+y%21&a=&c&%zz=1&d;e").expect("a target");
        let text: Vec<(String, String)> = url.parameters().iter().map(|(n, v)| (shown(n), shown(v))).collect();
        let expected = [("a", "1"), ("b", "x y!"), ("a", ""), ("c", "")];
        assert_eq!(text, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
