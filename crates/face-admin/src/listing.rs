//! Lists: pages by key. `next` is handed back as it is for the page after; it names a place, not a number.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_engine::admin::{Listing, NameCursor};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::problem::Problem;

/// Rows of a page when the caller does not say.
const USUAL: u32 = 100;
/// Most rows of a page.
const MOST: u32 = 1000;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The rows.
    pub(crate) items: Vec<T>,
    /// Pass it as `cursor` for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// A list that has no further page.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Renders a page.
pub(crate) fn page<R, C: Place, T>(listing: Listing<R, C>, row: impl Fn(R) -> T) -> Page<T> {
    Page { items: listing.rows.into_iter().map(row).collect(), next: listing.next.map(|place| place.text()) }
}

/// How many rows a page has.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(USUAL),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::invalid("A page has 1 to 1000 rows.").about("limit")),
    }
}

/// Where a list goes on.
pub(crate) fn after<C: Place>(cursor: Option<&str>) -> Result<Option<C>, Problem> {
    let unknown = || Problem::invalid("The cursor is not one of this list.").about("cursor");
    cursor.map(|text| C::read(text).ok_or_else(unknown)).transpose()
}

/// A place in a list, as text that says nothing to its bearer.
pub(crate) trait Place: Sized {
    fn text(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

impl Place for NameCursor {
    fn text(&self) -> String {
        let mut bytes = self.id.as_bytes().to_vec();
        bytes.extend(self.name.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, name) = bytes.split_at_checked(16)?;
        Some(Self { id: Uuid::from_slice(id).ok()?, name: String::from_utf8(name.to_vec()).ok()? })
    }
}

impl<Kind> Place for ephor_domain::id::Id<Kind> {
    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.uuid().as_bytes())
    }

    fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Uuid::from_slice(&bytes).ok().map(Self::new)
    }
}

impl Place for u64 {
    fn text(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use ephor_domain::id::GroupId;

    use super::*;

    #[test]
    fn places_are_read_back_and_nothing_else_is() {
        let name = NameCursor { id: Uuid::from_u128(7), name: "größe".to_owned() };
        assert_eq!(NameCursor::read(&name.text()), Some(name));
        let id = GroupId::new(Uuid::from_u128(9));
        assert_eq!(GroupId::read(&id.text()), Some(id));
        assert_eq!(NameCursor::read("AAAA"), None);
        assert_eq!(GroupId::read("%%"), None);
        assert_eq!(u64::read("12"), Some(12));
    }

    #[test]
    fn a_page_is_bounded() {
        assert_eq!(limit(None).unwrap(), 100);
        assert_eq!(limit(Some(1000)).unwrap(), 1000);
        assert_eq!(limit(Some(0)).unwrap_err().facts(), (400, "invalid"));
        assert_eq!(limit(Some(1001)).unwrap_err().facts(), (400, "invalid"));
    }
}
