//! Lower-case hexadecimal, the one spelling used for hashes, salts and key ids.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The bytes as lower-case hex.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from(*DIGITS.get(usize::from(nibble)).expect("a nibble is below 16")));
        }
    }
    out
}

/// Exactly `N` bytes from lower-case hex, or nothing.
pub(crate) fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut out = [0; N];
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(out)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        assert_eq!(encode(&[0x00, 0xaf, 0x10]), "00af10");
        assert_eq!(decode("00af10"), Some([0x00, 0xaf, 0x10]));
        for bad in ["00AF10", "00af1", "00af1g", "00af1000", ""] {
            assert_eq!(decode::<3>(bad), None, "{bad}");
        }
    }
}
