//! What a client has put behind `Negotiate`, as far as it must be known before a library of C reads it: only tokens that
//! begin with a Kerberos ticket go on to it. Reads a few bytes of DER (RFC 4178 §4.2) and allocates nothing.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Begins with a Kerberos ticket, in SPNEGO or bare.
    Ticket,
    /// NTLM, in SPNEGO or bare.
    Ntlm,
    /// SPNEGO whose first message is of no mechanism that counts here, or the second message of an exchange.
    Elsewhere,
    /// None of all that.
    Malformed,
}

/// What every message of NTLM begins with.
const NTLM: &[u8] = b"NTLMSSP\0";

const SPNEGO: &[u8] = b"\x2b\x06\x01\x05\x05\x02";
const KERBEROS: &[u8] = b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
/// Kerberos as old Windows spelled it by mistake, and new ones still do first.
const KERBEROS_OF_WINDOWS: &[u8] = b"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02";
const NTLM_MECHANISM: &[u8] = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";

const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 0x04;
/// `[APPLICATION 0]`: the first token of a mechanism (RFC 2743 §3.1).
const INITIAL: u8 = 0x60;
/// `negTokenInit`.
const FIRST: u8 = 0xa0;
/// `negTokenResp`.
const LATER: u8 = 0xa1;

/// What these bytes are.
#[must_use]
pub fn kind(token: &[u8]) -> Kind {
    if token.starts_with(NTLM) {
        return Kind::Ntlm;
    }
    match token.first() {
        Some(&INITIAL) => initial(token).unwrap_or(Kind::Malformed),
        Some(&LATER) => Kind::Elsewhere,
        Some(_) | None => Kind::Malformed,
    }
}

fn initial(token: &[u8]) -> Option<Kind> {
    let (body, rest) = element(token, INITIAL)?;
    if !rest.is_empty() {
        return None;
    }
    let (mechanism, inner) = element(body, OBJECT_IDENTIFIER)?;
    match mechanism {
        KERBEROS => Some(if inner.is_empty() { Kind::Malformed } else { Kind::Ticket }),
        SPNEGO => offer(inner),
        _ => Some(Kind::Elsewhere),
    }
}

/// `NegTokenInit ::= SEQUENCE { mechTypes [0], reqFlags [1] OPTIONAL, mechToken [2] OPTIONAL, … }`.
fn offer(inner: &[u8]) -> Option<Kind> {
    let (first, _) = element(inner, FIRST)?;
    let (fields, _) = element(first, SEQUENCE)?;
    let (mechanisms, mut fields) = element(fields, 0xa0)?;
    let (mechanisms, _) = element(mechanisms, SEQUENCE)?;
    let (preferred, _) = element(mechanisms, OBJECT_IDENTIFIER)?;
    let mut message: &[u8] = &[];
    while let Some((tag, content, rest)) = next(fields) {
        if tag == 0xa2 {
            message = element(content, OCTETS)?.0;
        }
        fields = rest;
    }
    if preferred == NTLM_MECHANISM || message.starts_with(NTLM) {
        return Some(Kind::Ntlm);
    }
    let kerberos = preferred == KERBEROS || preferred == KERBEROS_OF_WINDOWS;
    Some(if kerberos && !message.is_empty() { Kind::Ticket } else { Kind::Elsewhere })
}

/// The content of an element with this tag, and what follows it.
fn element(bytes: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = next(bytes)?;
    (tag == wanted).then_some((content, rest))
}

/// Tag, content and what follows. Lengths of up to four bytes, of definite form; tags of one byte.
fn next(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&short, rest) = rest.split_first()?;
    let (length, rest) = if short < 0x80 {
        (usize::from(short), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(short & 0x7f)).filter(|(digits, _)| {
            // Indefinite, or longer than anything that gets here.
            (1..=4).contains(&digits.len())
        })?;
        (digits.iter().fold(0, |length: usize, digit| (length << 8) | usize::from(*digit)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match u8::try_from(content.len()) {
            Ok(short) if short < 0x80 => out.push(short),
            _ => {
                out.push(0x82);
                out.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
            }
        }
        out.extend(content);
        out
    }

    fn spnego(mechanisms: &[&[u8]], message: Option<&[u8]>) -> Vec<u8> {
        let list: Vec<u8> = mechanisms.iter().flat_map(|oid| der(OBJECT_IDENTIFIER, oid)).collect();
        let mut fields = der(0xa0, &der(SEQUENCE, &list));
        if let Some(message) = message {
            fields.extend(der(0xa2, &der(OCTETS, message)));
        }
        let token = der(FIRST, &der(SEQUENCE, &fields));
        der(INITIAL, &[der(OBJECT_IDENTIFIER, SPNEGO), token].concat())
    }

    #[test]
    fn what_clients_send() {
        let ticket = &[7; 1500][..];
        assert_eq!(kind(&spnego(&[KERBEROS], Some(ticket))), Kind::Ticket);
        // As Windows offers it.
        assert_eq!(kind(&spnego(&[KERBEROS_OF_WINDOWS, KERBEROS, NTLM_MECHANISM], Some(ticket))), Kind::Ticket);
        assert_eq!(kind(&der(INITIAL, &[&der(OBJECT_IDENTIFIER, KERBEROS)[..], ticket].concat())), Kind::Ticket);
    }

    #[test]
    fn ntlm_is_seen_in_every_wrapping() {
        let hello = b"NTLMSSP\0\x01\0\0\0";
        assert_eq!(kind(hello), Kind::Ntlm);
        assert_eq!(kind(&spnego(&[NTLM_MECHANISM], Some(hello))), Kind::Ntlm);
        assert_eq!(kind(&spnego(&[NTLM_MECHANISM, KERBEROS], None)), Kind::Ntlm);
        assert_eq!(kind(&spnego(&[KERBEROS, NTLM_MECHANISM], Some(hello))), Kind::Ntlm);
    }

    #[test]
    fn what_is_no_first_ticket() {
        assert_eq!(kind(&spnego(&[KERBEROS], None)), Kind::Elsewhere);
        assert_eq!(
            kind(&spnego(&[b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e", KERBEROS], Some(b"x"))),
            Kind::Elsewhere
        );
        assert_eq!(kind(&der(LATER, b"")), Kind::Elsewhere);
        assert_eq!(kind(&der(INITIAL, &der(OBJECT_IDENTIFIER, b"\x2a"))), Kind::Elsewhere);
        for broken in [&b""[..], b"x", b"\x60", b"\x60\x80", b"\x60\x85\0\0\0\0\x01x", b"\x60\x02\x06\x09"] {
            assert_eq!(kind(broken), Kind::Malformed, "{broken:?}");
        }
        let mut trailing = spnego(&[KERBEROS], Some(b"ticket"));
        trailing.push(0);
        assert_eq!(kind(&trailing), Kind::Malformed);
    }

    proptest! {
        #[test]
        fn a_cut_token_is_no_ticket(message in prop::collection::vec(any::<u8>(), 1..400), cut in 0_usize..100) {
            let token = spnego(&[KERBEROS], Some(&message));
            let cut = cut % token.len();
            prop_assert_eq!(kind(&token[..cut]), Kind::Malformed);
        }

        #[test]
        fn any_bytes_are_something(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            // A ticket is never seen where no Kerberos mechanism is named.
            let named = [KERBEROS, KERBEROS_OF_WINDOWS].iter().any(|oid| bytes.windows(oid.len()).any(|part| part == *oid));
            prop_assert!(kind(&bytes) != Kind::Ticket || named);
        }

        #[test]
        fn a_changed_byte_never_turns_ntlm_into_a_ticket(at in 0_usize..60, byte in any::<u8>()) {
            let mut token = spnego(&[NTLM_MECHANISM], Some(b"NTLMSSP\0\x01\0\0\0"));
            let at = at % token.len();
            token[at] = byte;
            prop_assert_ne!(kind(&token), Kind::Ticket);
        }
    }
}
