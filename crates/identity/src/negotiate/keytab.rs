//! What is in a key tab, for `ephor doctor`: names, numbers and kinds of keys, never the keys (MIT's file format 0x0502).

use std::fmt;

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Whose key it is: `HTTP/host@REALM`.
    pub principal: String,
    /// Number of the key (`kvno`).
    pub version: u32,
    /// What it encrypts with.
    pub encryption: Encryption,
}

/// A kind of key (RFC 3961).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Encryption(pub u16);

impl Encryption {
    /// Not to be used any more (RFC 6649, RFC 8429).
    #[must_use]
    pub const fn is_weak(self) -> bool {
        matches!(self.0, 1..=16 | 23 | 24)
    }
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            17 => f.write_str("aes128-cts-hmac-sha1-96"),
            18 => f.write_str("aes256-cts-hmac-sha1-96"),
            19 => f.write_str("aes128-cts-hmac-sha256-128"),
            20 => f.write_str("aes256-cts-hmac-sha384-192"),
            23 => f.write_str("rc4-hmac"),
            number => write!(f, "encryption type {number}"),
        }
    }
}

/// A file is no key tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeytabFault {
    /// It does not begin as one.
    #[error("it is no key tab")]
    Form,
    /// It ends in the middle.
    #[error("it is cut off or damaged")]
    Damaged,
}

/// The keys of a key tab, in the order of the file.
///
/// # Errors
/// [`KeytabFault`].
pub fn entries(bytes: &[u8]) -> Result<Vec<Entry>, KeytabFault> {
    let Some(mut rest) = bytes.strip_prefix(&[5, 2]) else { return Err(KeytabFault::Form) };
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let mut reader = Reader(rest);
        let size = reader.number::<4>().ok_or(KeytabFault::Damaged)?;
        // A hole left by a removed key has a negative size.
        let signed = i32::from_be_bytes(size.to_be_bytes());
        let length = usize::try_from(signed.unsigned_abs()).map_err(|_| KeytabFault::Damaged)?;
        let record = reader.take(length).ok_or(KeytabFault::Damaged)?;
        if signed > 0 {
            entries.push(entry(record).ok_or(KeytabFault::Damaged)?);
        } else if signed == 0 {
            break;
        }
        rest = reader.0;
    }
    Ok(entries)
}

fn entry(record: &[u8]) -> Option<Entry> {
    let mut reader = Reader(record);
    let components = reader.number::<2>()?;
    let realm = reader.text()?;
    let names = (0..components).map(|_| reader.text()).collect::<Option<Vec<String>>>()?;
    let _name_type = reader.number::<4>()?;
    let _written = reader.number::<4>()?;
    let short_version = reader.number::<1>()?;
    let encryption = u16::try_from(reader.number::<2>()?).ok()?;
    let length = usize::try_from(reader.number::<2>()?).ok()?;
    let _key = reader.take(length)?;
    let version = reader.number::<4>().filter(|version| *version != 0).unwrap_or(short_version);
    Some(Entry { principal: format!("{}@{realm}", names.join("/")), version, encryption: Encryption(encryption) })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of `N` bytes, at most four.
    fn number<const N: usize>(&mut self) -> Option<u32> {
        Some(self.take(N)?.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.number::<2>()?).ok()?;
        Some(String::from_utf8_lossy(self.take(length)?).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(names: &[&str], encryption: u16, version: u32) -> Vec<u8> {
        let counted = |text: &str| [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat();
        let mut out = u16::try_from(names.len()).unwrap().to_be_bytes().to_vec();
        out.extend(counted("CORP.TEST"));
        out.extend(names.iter().flat_map(|name| counted(name)));
        out.extend([0, 0, 0, 1, 0, 0, 0, 9, u8::try_from(version & 0xff).unwrap()]);
        out.extend(encryption.to_be_bytes());
        out.extend(counted("a key that is kept"));
        out.extend(version.to_be_bytes());
        [&u32::try_from(out.len()).unwrap().to_be_bytes()[..], &out].concat()
    }

    #[test]
    fn names_versions_and_kinds_are_read() {
        let hole = [0xff, 0xff, 0xff, 0xfc, 1, 2, 3, 4];
        let file = [&[5, 2][..], &record(&["HTTP", "localhost"], 18, 300), &hole, &record(&["host"], 23, 2)].concat();
        let entries = entries(&file).unwrap();
        let expected = [("HTTP/localhost@CORP.TEST", 300, 18), ("host@CORP.TEST", 2, 23)];
        let found: Vec<_> =
            entries.iter().map(|entry| (entry.principal.as_str(), entry.version, entry.encryption.0)).collect();
        assert_eq!(found, expected);
        assert_eq!(entries[0].encryption.to_string(), "aes256-cts-hmac-sha1-96");
        assert!(!entries[0].encryption.is_weak() && entries[1].encryption.is_weak());
    }

    #[test]
    fn what_is_no_key_tab() {
        assert_eq!(entries(b""), Err(KeytabFault::Form));
        assert_eq!(entries(b"-----BEGIN"), Err(KeytabFault::Form));
        assert_eq!(entries(&[5, 2]), Ok(Vec::new()));
        let file = [&[5, 2][..], &record(&["HTTP", "a"], 18, 1)].concat();
        for cut in 3..file.len() {
            assert_eq!(entries(&file[..cut]), Err(KeytabFault::Damaged), "{cut}");
        }
    }
}
