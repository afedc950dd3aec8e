//! Applications: registered by administrators, never asking for access and never deciding (S1, F13).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::AdministratorRole,
    application::{Permission, PermissionKind, Redirect, RedirectKind},
    approval::Verdict,
    authentication::Methods,
    id::PrincipalId,
    principal::{Actor, Delegation, Proof},
};
use ephor_engine::admin::{
    administrator::Appoint,
    application::{
        AddKey, ApplicationDetail, ChangeApplication, GetApplication, GrantConsent, ListApplications, NewApplication,
        NewKey, RegisterApplication, RemoveApplication, RemoveCredential, SECRET_PREFIX, WithdrawConsent, secret_hash,
    },
    person::Link,
    user::NewUser,
};
use ephor_store::tx::family::TokenFamily;
use ephor_testkit::world::{Options, World, approval_of, for_both_stores, id, minutes};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;

use crate::scene::{refusal, seed};

fn new(name: &str, public: bool) -> RegisterApplication {
    let redirects = vec![Redirect::parse(RedirectKind::Web, "https://app.example/back").unwrap()];
    RegisterApplication(NewApplication { display_name: name.to_owned(), public, redirects })
}

async fn register(world: &World, name: &str) -> ApplicationDetail {
    let root = world.caller("root");
    world.engine().administer(root.actor(), new(name, false)).await.unwrap()
}

fn acting(app: &ApplicationDetail) -> Actor {
    let principal = &app.row.principal;
    Actor {
        principal: principal.id,
        person: principal.person,
        address: None,
        proof: Proof::Application,
        methods: Methods::default(),
        delegation: Delegation::Whole,
    }
}

#[tokio::test]
async fn applications_are_for_administrators_to_register() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (engine, jen, root) = (world.engine(), world.caller("jen"), world.caller("root"));
        assert_eq!(refusal(engine.administer(jen.actor(), new("App", false)).await), Refusal::NotAdministrator);
        let app = register(world, "App").await;
        assert_ne!(app.row.application.client.uuid(), app.row.principal.id.uuid());
        let listed = engine.consult(root.actor(), ListApplications { after: None, limit: 10 }).await.unwrap();
        assert_eq!(listed.rows, vec![app.row.clone()]);
        let application = app.row.principal.id;
        let invalid = engine.administer(root.actor(), new(" ", false)).await;
        assert!(matches!(refusal(invalid), Refusal::Invalid { field: "displayName", .. }));
        let change = ChangeApplication {
            application,
            display_name: Some("Other".to_owned()),
            enabled: None,
            redirects: Some(Vec::new()),
        };
        let changed = engine.administer(root.actor(), change).await.unwrap();
        assert_eq!(
            (changed.row.principal.display_name.as_str(), changed.row.application.redirects.len()),
            ("Other", 0)
        );
        assert_eq!(world.count(events::APPLICATION_CHANGED).await, 2);

        engine.administer(root.actor(), RemoveApplication { application }).await.unwrap();
        let gone = engine.consult(root.actor(), GetApplication { application }).await;
        assert_eq!(refusal(gone), Refusal::NotFound { what: "application" });
        assert_eq!(world.count(events::APPLICATION_DELETED).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_secret_leaves_once_and_is_kept_as_a_hash() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (engine, root) = (world.engine(), world.caller("root"));
        let app = register(world, "App").await;
        let application = app.row.principal.id;
        let life = SignedDuration::from_hours(24);
        let add = |actor: Actor, life| async move {
            engine.add_application_secret(&actor, application, "first".to_owned(), life).await
        };
        // A secret outlives the token that asks for it.
        let token = world.caller("root").with_proof(Proof::FreshApiToken);
        assert_eq!(refusal(add(token.actor().clone(), life).await), Refusal::PersonRequired);
        let (text, secret) = add(root.actor().clone(), life).await.unwrap();
        assert!(text.expose_secret().starts_with(SECRET_PREFIX));
        assert_eq!(text.expose_secret().len(), SECRET_PREFIX.len() + 64);
        assert_eq!(secret.hash, secret_hash(&text));
        assert_eq!(secret.expires, world.now().saturating_add(life).unwrap());
        assert!(matches!(
            refusal(add(root.actor().clone(), SignedDuration::from_hours(24 * 731)).await),
            Refusal::Invalid { field: "expires", .. }
        ));

        let key = NewKey {
            public_key: "{}".to_owned(),
            thumbprint: vec![1; 32],
            label: String::new(),
            expires: world.now().saturating_add(life).unwrap(),
        };
        let stored = engine.administer(root.actor(), AddKey { application, key: key.clone() }).await.unwrap();
        let twice = engine.administer(root.actor(), AddKey { application, key }).await;
        assert_eq!(refusal(twice), Refusal::Conflict { what: "the key" });
        let family = TokenFamily {
            id: id("family"),
            client: id("client"),
            principal: application,
            facts: "{}".to_owned(),
            created: world.now(),
            expires: world.now().saturating_add(life).unwrap(),
            revoked: None,
        };
        world
            .change(move |tx| {
                let family = family.clone();
                Box::pin(async move { tx.insert_token_family(&family).await })
            })
            .await;
        for credential in [secret.id, stored.id] {
            engine.administer(root.actor(), RemoveCredential { application, credential }).await.unwrap();
        }
        let family = world.store().read(|tx| Box::pin(tx.token_family(id("family")))).await.unwrap().unwrap();
        assert_eq!(family.revoked, Some(world.now()));
        let again = engine.administer(root.actor(), RemoveCredential { application, credential: secret.id }).await;
        assert_eq!(refusal(again), Refusal::NotFound { what: "credential" });
        assert_eq!(world.count(events::APPLICATION_CREDENTIAL_ADDED).await, 2);
        // Nothing of it is in the record.
        for record in world.records().await {
            assert!(!format!("{record:?}").contains(text.expose_secret()), "{record:?}");
        }

        let public = engine.administer(root.actor(), new("Public", true)).await.unwrap();
        let application = public.row.principal.id;
        let refused = engine.add_application_secret(root.actor(), application, String::new(), life).await;
        assert!(matches!(refusal(refused), Refusal::Invalid { field: "application", .. }));
    })
    .await;
}

#[tokio::test]
async fn consent_is_an_administrators_act_and_taking_it_back_ends_the_tokens() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (engine, root) = (world.engine(), world.caller("root"));
        let app = register(world, "App").await;
        let (application, client) = (app.row.principal.id, app.row.application.client);
        let permission = Permission::find(PermissionKind::Scope, "Pam.Use").unwrap();
        let padm = world.caller("jen");
        let refused = engine.administer(padm.actor(), GrantConsent { application, permission }).await;
        assert_eq!(refusal(refused), Refusal::NotAdministrator);
        for _ in 0..2 {
            engine.administer(root.actor(), GrantConsent { application, permission }).await.unwrap();
        }
        assert_eq!(world.count(events::CONSENT_GRANTED).await, 1);
        let detail = engine.consult(root.actor(), GetApplication { application }).await.unwrap();
        assert_eq!(detail.consents.iter().map(|consent| consent.permission).collect::<Vec<_>>(), [permission]);

        let family = TokenFamily {
            id: id("family"),
            client,
            principal: id("jen"),
            facts: "{}".to_owned(),
            created: world.now(),
            expires: world.now().saturating_add(minutes(60)).unwrap(),
            revoked: None,
        };
        world
            .change(move |tx| {
                let family = family.clone();
                Box::pin(async move { tx.insert_token_family(&family).await })
            })
            .await;
        engine.administer(root.actor(), WithdrawConsent { application, permission }).await.unwrap();
        let family = world.store().read(|tx| Box::pin(tx.token_family(id("family")))).await.unwrap().unwrap();
        assert_eq!(family.revoked, Some(world.now()));
    })
    .await;
}

#[tokio::test]
async fn s1_a_service_principal_administers_but_never_asks_and_never_decides() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (engine, root) = (world.engine(), world.caller("root"));
        let app = register(world, "App").await;
        let (me, principal): (Actor, PrincipalId) = (acting(&app), app.row.principal.id);
        let role = AdministratorRole::Global;
        engine.administer(root.actor(), Appoint { principal, role }).await.unwrap();
        assert_eq!(engine.administers(&me).await.unwrap(), [AdministratorRole::Global]);

        let asked = world.caller("jen").ask("R1", 600).await.unwrap();
        let decided = engine.pam_decide(&me, approval_of(&asked), Verdict::Approve, None).await;
        assert_eq!(refusal(decided), Refusal::UnknownCaller);
        let order = ephor_engine::pam::create::NewRequest {
            role: id("R0"),
            ttl: 600,
            start: None,
            justification: None,
            channel: ephor_domain::request::Channel::PamRest,
        };
        assert_eq!(refusal(engine.pam_create(&me, order).await), Refusal::UnknownCaller);

        // Nor by becoming somebody's other account.
        let link = engine.administer(root.actor(), Link { one: id("pat"), other: principal }).await;
        assert_eq!(refusal(link), Refusal::NotFound { what: "user" });
        let corp = NewUser {
            source_domain: "app".to_owned(),
            source_account: app.row.principal.account.clone(),
            priv_account: Some("robot".to_owned()),
            ..NewUser::default()
        };
        let taken = engine.create_user(root.actor(), corp).await;
        assert!(matches!(refusal(taken), Refusal::Conflict { .. }));
        // And it makes no secrets for itself.
        let life = SignedDuration::from_hours(1);
        let secret = engine.add_application_secret(&me, principal, String::new(), life).await;
        assert_eq!(refusal(secret), Refusal::PersonRequired);
    })
    .await;
}

#[tokio::test]
async fn a_disabled_application_loses_its_tokens_and_comes_back_without_them() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let (engine, root) = (world.engine(), world.caller("root"));
        let app = register(world, "App").await;
        let application = app.row.principal.id;
        for enabled in [false, true] {
            let change = ChangeApplication { application, display_name: None, enabled: Some(enabled), redirects: None };
            let changed = engine.administer(root.actor(), change).await.unwrap();
            assert_eq!(changed.row.principal.enabled, enabled);
        }
        assert_eq!(world.count(events::PRINCIPAL_DISABLED).await, 1);
        assert_eq!(world.count(events::PRINCIPAL_ENABLED).await, 1);
    })
    .await;
}
