//! Where a page begins, as clients carry it: a text that means nothing to them (`ARM 2.5`).

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ephor_domain::scope::ArmScope;
use ephor_engine::schedule::RowCursor;

use crate::{
    call::{Call, bad_token, guid},
    error::Answer,
};

/// The text for a place.
pub(crate) fn write(cursor: &RowCursor) -> String {
    let RowCursor { direct, principal, scope, id } = cursor;
    BASE64_URL_SAFE_NO_PAD.encode(format!("{} {principal} {id} {scope}", u8::from(*direct)))
}

/// The place behind which the page that is asked for begins.
///
/// # Errors
/// 400 `InvalidSkipToken`.
pub(crate) fn read(call: &Call) -> Answer<Option<RowCursor>> {
    call.token().map(|text| parse(text).ok_or_else(bad_token)).transpose()
}

fn parse(text: &str) -> Option<RowCursor> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let mut parts = text.splitn(4, ' ');
    let direct = match parts.next()? {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    let (principal, id) = (guid(parts.next()?)?, guid(parts.next()?)?);
    let scope: ArmScope = parts.next()?.parse().ok()?;
    Some(RowCursor { direct, principal, scope: scope.key().to_owned(), id })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        for (direct, scope) in
            [(true, "/"), (false, "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a/resourcegroups/a b")]
        {
            let cursor =
                RowCursor { direct, principal: Uuid::from_u128(1), scope: scope.to_owned(), id: Uuid::from_u128(2) };
            assert_eq!(parse(&write(&cursor)), Some(cursor));
        }
        let nil = Uuid::nil();
        for text in [
            String::new(),
            "x".to_owned(),
            "o100".to_owned(),
            BASE64_URL_SAFE_NO_PAD.encode("0"),
            BASE64_URL_SAFE_NO_PAD.encode(format!("2 {nil} {nil} /")),
            BASE64_URL_SAFE_NO_PAD.encode(format!("0 {nil} {nil} nowhere/x")),
            BASE64_URL_SAFE_NO_PAD.encode(format!("0 {nil} x /")),
        ] {
            assert_eq!(parse(&text), None, "{text}");
        }
    }
}
