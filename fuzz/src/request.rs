//! Requests, as they are written on the command line.

use stackgen::routing::Request;

use super::utf8;

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let mut lines = text.lines();
    let Ok(mut request) = Request::parse(lines.next().unwrap_or_default()) else { return };
    for header in lines {
        // One that is none is refused, and nothing else comes of it.
        let _ = request.add_header(header);
    }
}
