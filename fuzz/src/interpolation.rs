//! Compose's variables in texts.

use stackgen::compose::interpolation::{names, substitute};

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let lookup = |name: &str| match name.len() % 3 {
        0 => None,
        1 => Some(format!("<{name}>$")),
        _ => Some(String::new()),
    };
    let names = names(text);
    match substitute(text, &lookup) {
        Ok(made) => {
            assert!(made.unset.iter().all(|name| names.contains(name)), "{made:?}, but {names:?}");
            // What is escaped means itself.
            let again = substitute(&made.text.replace('$', "$$"), &lookup).expect("an escaped text");
            assert_eq!((again.text, again.unset), (made.text, Vec::new()));
        }
        Err(error) => {
            assert_inside(text, error.range());
            assert!(text[error.range().clone()].starts_with("${"), "{error:?} of {text:?}");
        }
    }
}
