//! Random values: from the operating system, in characters that nothing has to escape.

use crate::plan::Random;

/// Makes a random value; says why where it cannot.
pub type Entropy<'a> = dyn FnMut(Random) -> Result<String, String> + 'a;

/// The alphabet of URL-safe base64 (RFC 4648, section 5).
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// How many bytes a key has.
const KEY: usize = 32;

/// A random value from the operating system.
///
/// # Errors
/// Where it has no randomness to give.
pub fn from_system(random: Random) -> Result<String, String> {
    make(random, &mut |bytes| getrandom::fill(bytes).map_err(|error| error.to_string()))
}

/// A random value from `fill`. It never begins with `-`: a program that gets it as an argument would take it for an
/// option. That costs less than a fortieth of a bit.
fn make(random: Random, fill: &mut dyn FnMut(&mut [u8]) -> Result<(), String>) -> Result<String, String> {
    loop {
        let value = match random {
            Random::Key => {
                let mut bytes = [0; KEY];
                fill(&mut bytes)?;
                base64(&bytes)
            }
            Random::Characters(count) => {
                let mut bytes = vec![0; usize::from(count)];
                fill(&mut bytes)?;
                bytes.iter().map(|byte| letter(u32::from(*byte))).collect()
            }
        };
        if !value.starts_with('-') {
            return Ok(value);
        }
    }
}

/// URL-safe base64 without padding (RFC 4648, sections 3.2 and 5).
fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..=chunk.len() {
            out.push(letter(group >> (18 - 6 * position)));
        }
    }
    out
}

/// The letter of the lowest six bits.
fn letter(bits: u32) -> char {
    char::from(ALPHABET[(bits & 63) as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "-_-_");
    }

    #[test]
    fn values_are_as_long_as_they_should_be_and_never_the_same() {
        let values: Vec<String> = (0..200).map(|_| from_system(Random::Key).unwrap()).collect();
        assert!(values.iter().all(|value| value.len() == 43));
        assert_eq!(values.iter().collect::<std::collections::BTreeSet<_>>().len(), 200);
        for count in [8, 21, 1024] {
            assert_eq!(from_system(Random::Characters(count)).unwrap().len(), usize::from(count));
        }
    }

    #[test]
    fn every_letter_turns_up_and_no_other() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..50 {
            seen.extend(from_system(Random::Characters(1024)).unwrap().into_bytes());
        }
        assert_eq!(seen, ALPHABET.iter().copied().collect());
    }

    #[test]
    fn no_value_begins_with_a_hyphen() {
        let mut first = true;
        let mut fill = |bytes: &mut [u8]| {
            bytes.fill(if std::mem::take(&mut first) { 0b11_1110 } else { 0 });
            Ok(())
        };
        assert_eq!(make(Random::Characters(3), &mut fill).unwrap(), "AAA");
        assert!((0..2000).all(|_| !from_system(Random::Characters(8)).unwrap().starts_with('-')));
    }

    #[test]
    fn a_lack_of_randomness_is_said() {
        assert_eq!(make(Random::Key, &mut |_| Err("none".to_owned())), Err("none".to_owned()));
    }
}
