//! Sign-in by name: the directory's part of the fixture.

use std::collections::HashMap;

use ephor_domain::{
    id::PersonId,
    principal::{Actor, Proof},
};
use ephor_face_pam::{Caller, Identity, Unidentified};
use futures_util::future::BoxFuture;
use http::{HeaderValue, header, request::Parts};

use super::Fixture;

/// Takes `Basic NAME` (ambient) and `Bearer NAME` (not ambient) at their word.
pub struct Names {
    callers: HashMap<String, Caller>,
}

impl Names {
    pub fn of(fixture: &Fixture) -> Self {
        let callers = fixture
            .principals()
            .map(|(name, principal)| {
                let actor = Actor {
                    principal: principal.id,
                    person: PersonId::new(principal.person.uuid()),
                    address: Some("127.0.0.1".to_owned()),
                    proof: Proof::Person,
                };
                (name.to_owned(), Caller { actor, username: principal.username(), ambient: false })
            })
            .collect();
        Self { callers }
    }
}

impl Identity for Names {
    fn identify<'a>(&'a self, call: &'a Parts) -> BoxFuture<'a, Result<Caller, Unidentified>> {
        let authorization = call.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, name) = authorization.and_then(|value| value.split_once(' ')).unwrap_or_default();
        Box::pin(async move {
            match name {
                "panic" => panic!("asked to"),
                "slow" => return Err(Unidentified::Timeout),
                "down" => return Err(Unidentified::Unavailable),
                "hangs" => std::future::pending::<()>().await,
                _ => {}
            }
            let caller = self.callers.get(&name.to_lowercase()).cloned();
            caller.map(|caller| Caller { ambient: scheme == "Basic", ..caller }).ok_or_else(|| Unidentified::Unknown {
                challenges: vec![HeaderValue::from_static("Basic realm=\"Ephor\", charset=\"UTF-8\"")],
            })
        })
    }
}
