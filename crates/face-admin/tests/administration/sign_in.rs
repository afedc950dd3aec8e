//! Sign-ins beside what ends them, and what ends with a way in (S1, S4), on both stores.

use std::net::IpAddr;

use ephor_domain::{
    authentication::{Method, Missing, Proofs},
    id::{ClientId, PrincipalId, TokenFamilyId},
    principal::Principal,
};
use ephor_engine::{
    Denied as EngineDenied,
    admin::{
        credential::SetPassword,
        factor::ResetFactors,
        identity::{LinkIdentity, UnlinkIdentity},
    },
};
use ephor_identity::{
    Basis, Caller, Denied, Presented, Reason, SignIn,
    factor::{ChangeError, HalfSignIn},
    identity::SetPasswordError,
    token::{Scope, TokenError},
};
use ephor_store::tx::{credential::Credential, factor::Factor, family::TokenFamily};
use http::HeaderMap;
use jiff::SignedDuration;
use uuid::Uuid;

use crate::app::{App, hours, minutes, on_both};

const OLD: &str = "correct horse battery";
const NEW: &str = "staple horse battery";
const ISSUER: &str = "https://issuer.example";

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

impl App {
    /// ada sets the password of somebody, a moment later.
    async fn set_password(&self, name: &str, password: &str) {
        self.pass();
        let hash = self.identity.hash_assigned(name, password.into()).await.unwrap();
        let command = SetPassword { principal: self.typed(name), hash };
        self.engine.administer(&self.actor("ada").await, command).await.unwrap();
    }

    /// A second goes by.
    fn pass(&self) {
        self.clock.set(self.now() + SignedDuration::from_secs(1));
    }

    async fn sign_in(&self, name: &str, password: &str, last: u8) -> Result<SignIn, Denied> {
        let headers = HeaderMap::new();
        let presented = Presented { headers: &headers, address: address(last), secure: true };
        self.identity.sign_in(&format!("PRIV\\{name}"), password.into(), &presented).await
    }

    /// Somebody at the portal, by a link.
    async fn session_of(&self, name: &str) -> Caller {
        let proofs = Proofs::of(Method::Link, self.now());
        let principal = self.principal(name).await;
        self.identity.begin_session(principal, proofs, Basis::default(), address(1), None).await.unwrap().caller
    }

    async fn sessions_of(&self, name: &str) -> usize {
        let principal: PrincipalId = self.typed(name);
        self.read(move |tx| Box::pin(tx.sessions_of(principal))).await.len()
    }

    async fn enrol_of(&self, name: &str) {
        let factor = Factor {
            id: Uuid::from_u128(self.id(name).as_u128() ^ 1),
            principal: self.typed(name),
            kind: "totp".to_owned(),
            label: "phone".to_owned(),
            secret: Vec::new(),
            counter: 0,
            created: self.now(),
            used: None,
            disabled: None,
        };
        self.write(move |tx| {
            let factor = factor.clone();
            Box::pin(async move { tx.insert_factor(&factor).await })
        })
        .await;
    }

    async fn family_of(&self, name: &str) -> TokenFamilyId {
        let family = TokenFamily {
            id: TokenFamilyId::new(Uuid::from_u128(self.id(name).as_u128() ^ 2)),
            client: ClientId::new(Uuid::from_u128(9)),
            principal: self.typed(name),
            facts: "{}".to_owned(),
            created: self.now(),
            expires: self.now() + hours(24),
            revoked: None,
        };
        let id = family.id;
        self.write(move |tx| {
            let family = family.clone();
            Box::pin(async move { tx.insert_token_family(&family).await })
        })
        .await;
        id
    }

    async fn is_revoked(&self, family: TokenFamilyId) -> bool {
        self.read(move |tx| Box::pin(tx.token_family(family))).await.unwrap().revoked.is_some()
    }
}

#[tokio::test]
async fn s1_no_session_begins_after_what_it_rests_on_has_ended() {
    on_both(async |app| {
        for end in ["nothing", "password", "factor", "account"] {
            app.set_password("jen", OLD).await;
            let (caller, basis) = app.identity.prove_password("PRIV\\jen", OLD.into(), address(1)).await.unwrap();
            let basis = basis.and_factors(Vec::new());
            match end {
                "password" => app.set_password("jen", NEW).await,
                "factor" => app.enrol_of("jen").await,
                "account" => {
                    let jen = app.principal("jen").await;
                    app.write(move |tx| {
                        let off = Principal { enabled: false, ..jen.clone() };
                        Box::pin(async move { tx.update_principal(&off).await })
                    })
                    .await;
                }
                _ => {}
            }
            let proofs = Proofs::of(Method::Password, app.now());
            let begun = app.identity.begin_session(caller.principal, proofs, basis, address(1), None).await.map(drop);
            let expected = if end == "nothing" { Ok(()) } else { Err(Denied::NotSignedIn(Reason::Ended)) };
            assert_eq!(begun, expected, "{end}");
            assert_eq!(app.sessions_of("jen").await, usize::from(end == "nothing"), "{end}");
            if end == "factor" {
                let reset = ResetFactors { principal: app.typed("jen") };
                assert_eq!(app.engine.administer(&app.actor("ada").await, reset).await.unwrap(), 1);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn s1_half_a_sign_in_ends_with_the_password_it_began_by() {
    on_both(async |app| {
        app.set_password("jen", OLD).await;
        app.enrol_of("jen").await;
        for reset in [false, true] {
            let Ok(SignIn::SecondFactor(caller, proofs, basis)) = app.sign_in("jen", OLD, 1).await else {
                panic!("a second factor is asked for")
            };
            let half = HalfSignIn { principal: caller.principal.id, proofs, basis, then: "/".to_owned() };
            let secret = app.factors.begin_half(half.clone()).await.unwrap();
            if reset {
                app.set_password("jen", NEW).await;
            }
            let kept = app.factors.end_half(&secret).await.unwrap().unwrap();
            assert_eq!(kept, half, "as the store keeps it");
            let proofs = kept.proofs.and(Method::Totp, app.now());
            let begun = app.identity.begin_session_of(kept.principal, proofs, kept.basis, address(1), None).await;
            let expected = if reset { Err(Denied::NotSignedIn(Reason::Ended)) } else { Ok(()) };
            assert_eq!(begun.map(drop), expected);
        }
        assert_eq!(app.sessions_of("jen").await, 0);
    })
    .await;
}

#[tokio::test]
async fn s1_sign_ins_that_race_with_a_new_password_leave_nothing_behind() {
    on_both(async |app| {
        app.set_password("jen", OLD).await;
        for round in 0..4 {
            let (before, after) = if round % 2 == 0 { (OLD, NEW) } else { (NEW, OLD) };
            let many = futures_util::future::join_all((1..=6).map(|last| app.sign_in("jen", before, round * 6 + last)));
            tokio::join!(many, app.set_password("jen", after));
            assert_eq!(app.sessions_of("jen").await, 0, "{round}");
        }
    })
    .await;
}

#[tokio::test]
async fn s1_a_session_that_has_ended_makes_no_token_and_changes_no_factor_and_no_password() {
    on_both(async |app| {
        let caller = app.session_of("jen").await;
        let scopes = || [Scope::PamUse].into();
        let made = app.identity.make_token(&caller, "script", scopes(), hours(24)).await;
        assert!(made.is_ok());
        let begun = app.factors.begin_totp(&caller, "phone").await.unwrap();
        // Of three calls that are on their way, none is carried out once the sessions end.
        app.set_password("jen", NEW).await;
        let made = app.identity.make_token(&caller, "late", scopes(), hours(24)).await.map(drop);
        assert_eq!(made, Err(TokenError::Denied(Denied::NotSignedIn(Reason::Ended))));
        let codes = app.factors.new_recovery_codes(&caller).await.map(drop);
        assert_eq!(codes, Err(ChangeError::Missing(Missing::SignIn)));
        drop(begun);
        let jen = app.principal("jen").await;
        let set = app.identity.set_password(&caller, &jen, "another horse battery".into()).await;
        let ended = Denied::NotSignedIn(Reason::Ended);
        assert!(matches!(&set, Err(SetPasswordError::Denied(denied)) if *denied == ended), "{set:?}");
        assert!(app.sign_in("jen", NEW, 2).await.unwrap().done().is_some());
    })
    .await;
}

#[tokio::test]
async fn f18_recovery_leaves_no_way_in_but_its_link() {
    on_both(async |app| {
        let hash = app.identity.hash_assigned("ada", OLD.into()).await.unwrap();
        let (ada, changed): (PrincipalId, _) = (app.typed("ada"), app.now());
        app.write(move |tx| {
            let credential = Credential { principal: ada, hash: hash.clone(), changed };
            Box::pin(async move { tx.put_credential(&credential).await })
        })
        .await;
        app.enrol_of("ada").await;
        let zoe = app.engine.init_administrator("zoe", true).await.unwrap().principal;
        let mut by = app.actor("ada").await;
        (by.principal, by.person) = (zoe.id, zoe.person);
        let link = LinkIdentity { principal: ada, issuer: ISSUER.to_owned(), subject: "ada".to_owned() };
        app.engine.administer(&by, link).await.unwrap();
        assert!(matches!(app.sign_in("ada", OLD, 1).await, Ok(SignIn::SecondFactor(..))));

        app.pass();
        app.engine.recover_administrator("ada", true).await.unwrap();
        // The password was half of a sign-in; it must not be all of one now.
        assert_eq!(app.sign_in("ada", OLD, 1).await.map(drop), Err(Denied::NotSignedIn(Reason::Wrong)));
        assert!(app.read(move |tx| Box::pin(tx.credential(ada))).await.unwrap().is_held());
        let linked = app.read(|tx| Box::pin(async move { tx.linked_principal(ISSUER, "ada").await })).await;
        assert_eq!(linked, None);
        // Nor does a sign-in begin that was proved otherwise.
        let proofs = Proofs::of(Method::Kerberos, app.now());
        let begun = app.identity.begin_session_of(ada, proofs, Basis::default(), address(1), None).await;
        assert_eq!(begun.map(drop), Err(Denied::NotSignedIn(Reason::Ended)));

        // A link that ran out is no lock-out.
        app.advance(minutes(16)).await;
        let again = app.engine.recover_administrator("ada", true).await.unwrap();
        let hash = app.identity.hash_assigned("ada", NEW.into()).await.unwrap();
        let (account, at) = app.engine.redeem_enrolment(&again.secret, hash).await.unwrap();
        assert_eq!((account.id, at), (ada, app.now()));
        assert!(app.sign_in("ada", NEW, 1).await.unwrap().done().is_some());
        let nothing_lost = app.engine.recover_administrator("ada", true).await;
        assert!(matches!(nothing_lost, Err(EngineDenied::Refused(_))));
    })
    .await;
}

#[tokio::test]
async fn s1_what_rests_on_a_link_or_a_factor_ends_with_it() {
    on_both(async |app| {
        let ada = app.actor("ada").await;
        for end in ["link", "factors"] {
            let (name, principal): (_, PrincipalId) =
                if end == "link" { ("jen", app.typed("jen")) } else { ("pat", app.typed("pat")) };
            let (issuer, subject) = (ISSUER.to_owned(), name.to_owned());
            let link = LinkIdentity { principal, issuer: issuer.clone(), subject: subject.clone() };
            app.engine.administer(&ada, link).await.unwrap();
            app.enrol_of(name).await;
            app.session_of(name).await;
            let family = app.family_of(name).await;
            app.caller(name).get("me").await.ok(200);
            assert_eq!((app.sessions_of(name).await, app.is_revoked(family).await), (1, false));
            if end == "link" {
                app.engine.administer(&ada, UnlinkIdentity { principal, issuer, subject }).await.unwrap();
            } else {
                app.engine.administer(&ada, ResetFactors { principal }).await.unwrap();
            }
            assert_eq!((app.sessions_of(name).await, app.is_revoked(family).await), (0, true), "{end}");
            assert_eq!(app.caller(name).get("me").await.problem().0, 401, "{end}");
        }
    })
    .await;
}
