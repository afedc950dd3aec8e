//! Reading what `ldapsearch -LLL` prints.

/// One entry: its attributes in the order of the answer, `dn` first.
pub(super) type Entry = Vec<(String, String)>;

/// Takes unwrapped LDIF apart. Values in base64 are decoded when they are text.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    text.split("\n\n")
        .map(|block| block.lines().filter(|line| !line.starts_with('#')).filter_map(attribute).collect::<Entry>())
        .filter(|entry| !entry.is_empty())
        .collect()
}

fn attribute(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let value = match value.strip_prefix(':') {
        Some(encoded) => String::from_utf8(base64(encoded.trim())?).ok()?,
        None => value.strip_prefix(' ').unwrap_or(value).to_owned(),
    };
    Some((name.to_owned(), value))
}

/// Sixteen lines in place of a dependency of every test crate.
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        held = (held << 6 | u32::try_from(value).ok()?) & 0xFFFF;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xFF).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_with_plain_and_encoded_values() {
        let text = "dn: cn=a,dc=x\nmember: uid=b\nmember:: dWlkPcOpbWlsZQ==\ndescription:\n\ndn: cn=c,dc=x\n\n";
        let read = entries(text);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            read,
            [
                vec![
                    pair("dn", "cn=a,dc=x"),
                    pair("member", "uid=b"),
                    pair("member", "uid=émile"),
                    pair("description", "")
                ],
                vec![pair("dn", "cn=c,dc=x")],
            ]
        );
    }
}
