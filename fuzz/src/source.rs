//! Programs, of which it is asked what they read from their environment.

use stackgen::audit::{self, Language};

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    for language in [Language::JavaScript, Language::Python, Language::Shell, Language::Prisma] {
        for read in audit::scan(text, language).reads {
            assert_inside(text, &read.span);
        }
    }
}
