//! One audit record: who did what, when, to which request and entitlement, and how it came out (PAM 15.3).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::detail::{Detail, Details};
use crate::events::Event;

/// A word of a fixed vocabulary (status, reason, provider): usually a literal, owned when read back.
pub type Word = Cow<'static, str>;

/// Who caused it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Actor {
    /// A person or an application.
    Principal {
        /// The principal that acted.
        id: Uuid,
        /// The account that signed in, when it is another one of the same person.
        #[serde(skip_serializing_if = "Option::is_none")]
        signed_in_as: Option<Uuid>,
    },
    /// The server itself.
    System {
        /// Which part: `scheduler`, `reconciler`, `monitor` …
        component: Word,
    },
    /// Nobody known.
    Anonymous,
}

impl Actor {
    /// A principal acting with its own account.
    #[must_use]
    pub const fn principal(id: Uuid) -> Self {
        Self::Principal { id, signed_in_as: None }
    }

    /// A part of the server.
    #[must_use]
    pub const fn system(component: &'static str) -> Self {
        Self::System { component: Cow::Borrowed(component) }
    }
}

/// One record. Everything but [`erasable`](Self::erasable) is in the leaf and can only go with the whole body; no field
/// may hold a secret, token, PIN or password (promise A4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// When it happened: the due instant for a settled transition.
    pub at: Timestamp,
    /// When it was recorded, if that was later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_at: Option<Timestamp>,
    /// Number of the event: see [`crate::events`].
    pub event: u16,
    /// Dotted word that groups events: `request.transition`.
    pub kind: Word,
    /// Who caused it.
    pub actor: Actor,
    /// Where the call came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_address: Option<IpAddr>,
    /// Rule set: `pam`, `directory_roles`, `groups`, `resources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Word>,
    /// The request it belongs to, by its wire id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Uuid>,
    /// The role or other entitlement concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entitlement_id: Option<Uuid>,
    /// The principal whose access is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<Uuid>,
    /// Status before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_status: Option<Word>,
    /// Status after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_status: Option<Word>,
    /// Code of the refusal or cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Word>,
    /// Ties records of one call or one matter together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// Structured facts without personal text.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub details: Details,
    /// Free text and personal names (`justification`, `actor_name` …): hashed through a salted digest only, so they can
    /// be erased while every proof stays valid. Empty after erasure.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub erasable: BTreeMap<String, String>,
}

impl Record {
    /// A record with nothing but the event, its instant and its cause.
    #[must_use]
    pub const fn new(at: Timestamp, event: Event, actor: Actor) -> Self {
        Self {
            at,
            recorded_at: None,
            event: event.id,
            kind: Cow::Borrowed(event.kind),
            actor,
            actor_address: None,
            provider: None,
            request_id: None,
            entitlement_id: None,
            subject: None,
            old_status: None,
            new_status: None,
            reason: None,
            correlation_id: None,
            details: Details::new(),
            erasable: BTreeMap::new(),
        }
    }

    /// Adds a structured fact.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<Detail>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Adds free text or a personal name, which can be erased later.
    #[must_use]
    pub fn erasable_text(mut self, name: &str, text: impl Into<String>) -> Self {
        self.erasable.insert(name.to_owned(), text.into());
        self
    }
}
