//! The index of a repository, as far as the names of its files (git docs, "gitformat-index").

use std::collections::BTreeSet;

/// The length of an object's name: SHA-1, or SHA-256.
const HASHES: [usize; 2] = [20, 32];

/// The part of an entry before its object's name: ten numbers of four bytes.
const STAT: usize = 40;

/// Which of the `wanted` paths the index has; none where it cannot be read, or is only a part of one (a split index).
pub(super) fn among(bytes: &[u8], wanted: &BTreeSet<String>) -> Option<Vec<String>> {
    HASHES.into_iter().find_map(|hash| Index { bytes, hash }.among(wanted))
}

struct Index<'b> {
    bytes: &'b [u8],
    hash: usize,
}

impl Index<'_> {
    fn among(&self, wanted: &BTreeSet<String>) -> Option<Vec<String>> {
        if self.bytes.get(..4)? != b"DIRC" {
            return None;
        }
        let version = self.number(4)?;
        if !(2..=4).contains(&version) {
            return None;
        }
        let mut found = Vec::new();
        let mut path: Vec<u8> = Vec::new();
        let mut at = 12;
        for _ in 0..self.number(8)? {
            at = self.entry(at, version, &mut path)?;
            if let Ok(name) = std::str::from_utf8(&path)
                && wanted.contains(name)
                && found.last().is_none_or(|last| last != name)
            {
                found.push(name.to_owned());
            }
        }
        self.is_whole(at).then_some(found)
    }

    /// Reads the path of the entry at `at`; gives where the next one begins.
    fn entry(&self, at: usize, version: u32, path: &mut Vec<u8>) -> Option<usize> {
        let flags_at = at + STAT + self.hash;
        let flags = u16::from_be_bytes(self.bytes.get(flags_at..flags_at + 2)?.try_into().ok()?);
        let is_extended = flags & 0x4000 != 0;
        let mut name_at = flags_at + if is_extended && version >= 3 { 4 } else { 2 };
        let before = path.clone();
        if version == 4 {
            // Of the path before, all but so many bytes.
            let (taken, length) = self.offset(name_at)?;
            path.truncate(path.len().checked_sub(taken)?);
            name_at += length;
        } else {
            path.clear();
        }
        let length = self.bytes.get(name_at..)?.iter().position(|byte| *byte == 0)?;
        path.extend_from_slice(&self.bytes[name_at..name_at + length]);
        // What tells that the object's name has another length.
        let said = usize::from(flags & 0x0fff);
        if (said < 0x0fff && said != path.len()) || *path < before {
            return None;
        }
        let end = name_at + length + 1;
        // Up to the eighth byte, with one to eight zeros.
        Some(if version == 4 { end } else { at + (end - at).next_multiple_of(8) })
    }

    /// A number of a variable length, as in a pack (`OFS_DELTA`), and how many bytes it takes.
    fn offset(&self, at: usize) -> Option<(usize, usize)> {
        let mut byte = *self.bytes.get(at)?;
        let mut value = usize::from(byte & 0x7f);
        let mut length = 1;
        while byte & 0x80 != 0 {
            byte = *self.bytes.get(at + length)?;
            value = (value.checked_add(1)?.checked_mul(128)?) | usize::from(byte & 0x7f);
            length += 1;
        }
        Some((value, length))
    }

    /// Whether extensions follow from `at` on, up to the checksum, and none says that the rest lies elsewhere.
    fn is_whole(&self, mut at: usize) -> bool {
        let Some(end) = self.bytes.len().checked_sub(self.hash) else { return false };
        while at < end {
            let Some(name) = self.bytes.get(at..at + 4) else { return false };
            let Some(length) = self.number(at + 4) else { return false };
            if name == b"link" {
                return false;
            }
            at += 8 + length as usize;
        }
        at == end
    }

    fn number(&self, at: usize) -> Option<u32> {
        Some(u32::from_be_bytes(self.bytes.get(at..at + 4)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of version 2 with these paths, made by hand.
    fn index(paths: &[&str], hash: usize) -> Vec<u8> {
        let count = u32::try_from(paths.len()).unwrap();
        let mut bytes = [b"DIRC".as_slice(), &2u32.to_be_bytes(), &count.to_be_bytes()].concat();
        for path in paths {
            let start = bytes.len();
            bytes.extend([7; STAT]);
            bytes.extend(vec![9; hash]);
            bytes.extend(u16::try_from(path.len()).unwrap().to_be_bytes());
            bytes.extend(path.as_bytes());
            let length = bytes.len() - start;
            bytes.resize(start + (length + 1).next_multiple_of(8), 0);
        }
        bytes.extend(vec![3; hash]);
        bytes
    }

    fn wanted(paths: &[&str]) -> BTreeSet<String> {
        paths.iter().map(|path| (*path).to_owned()).collect()
    }

    #[test]
    fn what_is_tracked_is_found_with_either_hash() {
        for hash in HASHES {
            let bytes = index(&[".env", "a", "stack/.env.prod"], hash);
            let found = among(&bytes, &wanted(&[".env", "stack/.env", "stack/.env.prod"]));
            assert_eq!(found, Some(vec![".env".to_owned(), "stack/.env.prod".to_owned()]), "{hash}");
        }
        assert_eq!(among(&index(&[], 20), &wanted(&["a"])), Some(Vec::new()));
    }

    #[test]
    fn what_is_no_index_says_nothing() {
        let whole = index(&["a", "b"], 20);
        for length in 0..whole.len() {
            assert_eq!(among(&whole[..length], &wanted(&["a"])), None, "{length}");
        }
        let mut split = whole.clone();
        let checksum = split.len() - 20;
        split.splice(checksum..checksum, [b"link".as_slice(), &4u32.to_be_bytes(), &[0; 4]].concat());
        assert_eq!(among(&split, &wanted(&["a"])), None);
        let mut other = whole;
        other[7] = 9;
        assert_eq!(among(&other, &wanted(&["a"])), None);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(mut bytes in proptest::collection::vec(0u8..=255, 0..200), version in 2u8..5) {
            let head = [b"DIRC".as_slice(), &[0, 0, 0, version, 0, 0, 0, 2]].concat();
            bytes.splice(0..0, head);
            let _ = among(&bytes, &wanted(&["a"]));
        }
    }
}
