//! Subnets.

use stackgen::compose::subnet::{self, SubnetError};

use super::utf8;

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let subnets: Vec<_> = text.split('\n').filter_map(|text| subnet::parse(text).ok()).take(8).collect();
    for one in &subnets {
        assert_eq!(subnet::parse(&one.to_string()).as_ref(), Ok(one));
        assert!(one.contains(one.first) && one.overlaps(one), "{one}");
        let _ = (one.room(), one.gateway());
        assert!(one.broadcast().is_none_or(|last| one.contains(last)), "{one}");
        for other in &subnets {
            assert_eq!(one.overlaps(other), other.overlaps(one), "{one} and {other}");
        }
    }
    if let Err(SubnetError::Inside(_, meant)) = subnet::parse(text) {
        assert_eq!(subnet::parse(&meant.to_string()), Ok(meant), "what is meant by {text:?}");
    }
}
