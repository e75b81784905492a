//! References to images.

use stackgen::compose::image;

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    match image::parse(text) {
        Ok(reference) => {
            let tag = reference.tag.map(|tag| format!(":{tag}")).unwrap_or_default();
            let digest = reference.digest.map(|digest| format!("@{digest}")).unwrap_or_default();
            assert_eq!(format!("{}{tag}{digest}", reference.name), text);
        }
        Err(flaw) => assert_inside(text, &flaw.range),
    }
}
