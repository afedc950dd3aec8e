//! The envelopes of JSON light: collections and single entities (`PAM 4.1`, `PAM 4.2`).

use ephor_front::Authority;
use http::{header, request::Parts};
use serde::Serialize;

/// An entity set, by its name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    Roles,
    Requests,
    ToApprove,
    Session,
}

impl Set {
    pub(crate) const ALL: [Self; 4] = [Self::Roles, Self::Requests, Self::ToApprove, Self::Session];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Roles => "pamroles",
            Self::Requests => "pamrequests",
            Self::ToApprove => "pamrequeststoapprove",
            Self::Session => "sessioninfo",
        }
    }
}

/// Scheme, host and base path as the client used them: every link in an answer begins so (`PAM-004`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base(String);

impl Base {
    pub(crate) fn of(call: &Parts) -> Self {
        let root = match call.extensions.get::<Authority>() {
            Some(authority) => authority.to_string(),
            // Without the listener in front there is only the header.
            None => {
                let host = call.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
                format!("http://{host}")
            }
        };
        Self(format!("{root}/api/pamresources"))
    }

    /// A link below the base.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }

    /// The value of `odata.metadata` for a collection; the dollar sign is encoded (`PAM 4`).
    pub(crate) fn metadata(&self, set: Set) -> String {
        format!("{}/%24metadata#{}", self.0, set.name())
    }

    /// The value of `odata.metadata` of the service document.
    pub(crate) fn service_metadata(&self) -> String {
        format!("{}/%24metadata", self.0)
    }
}

/// The rows of a collection, written as they come.
#[derive(Debug)]
pub(crate) struct Rows {
    written: Vec<u8>,
    any: bool,
}

impl Rows {
    /// The beginning of a collection.
    pub(crate) fn open(metadata: &str) -> Self {
        let mut written = Vec::with_capacity(1024);
        written.extend_from_slice(b"{\"odata.metadata\":");
        write(&mut written, &metadata);
        written.extend_from_slice(b",\"value\":[");
        Self { written, any: false }
    }

    /// One more row.
    pub(crate) fn push(&mut self, row: &impl Serialize) {
        if self.any {
            self.written.push(b',');
        }
        self.any = true;
        write(&mut self.written, row);
    }

    /// What was written since it was last taken.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.written)
    }

    /// The end, with what was written since it was last taken.
    pub(crate) fn close(mut self) -> Vec<u8> {
        self.written.extend_from_slice(b"]}");
        self.written
    }
}

/// A single entity: its own properties after `odata.metadata`.
pub(crate) fn single(base: &Base, set: Set, entity: &impl Serialize) -> Vec<u8> {
    let mut written = Vec::with_capacity(512);
    written.extend_from_slice(b"{\"odata.metadata\":");
    write(&mut written, &format!("{}/@Element", base.metadata(set)));
    let brace = written.len();
    write(&mut written, entity);
    if let Some(brace) = written.get_mut(brace) {
        *brace = b',';
    }
    written
}

fn write(written: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(written, value).expect("entities serialize, and a vector takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Base {
        Base("http://localhost:8086/api/pamresources".to_owned())
    }

    #[test]
    fn pam_003_a_collection_has_two_members_in_order() {
        let mut rows = Rows::open(&base().metadata(Set::Roles));
        let head = "{\"odata.metadata\":\"http://localhost:8086/api/pamresources/%24metadata#pamroles\",\"value\":[";
        rows.push(&1);
        assert_eq!(String::from_utf8(rows.take()).unwrap(), format!("{head}1"));
        rows.push(&2);
        rows.push(&"\\");
        assert_eq!(String::from_utf8(rows.close()).unwrap(), ",2,\"\\\\\"]}");
        assert_eq!(String::from_utf8(Rows::open(&base().metadata(Set::Roles)).close()).unwrap(), format!("{head}]}}"));
    }

    #[test]
    fn pam_005_a_single_entity_begins_with_its_metadata() {
        #[derive(Serialize)]
        struct Entity {
            a: u8,
            b: Option<u8>,
        }
        let written = String::from_utf8(single(&base(), Set::Requests, &Entity { a: 1, b: None })).unwrap();
        assert_eq!(
            written,
            "{\"odata.metadata\":\"http://localhost:8086/api/pamresources/%24metadata#pamrequests/@Element\",\"a\":1,\"b\":null}"
        );
    }
}
