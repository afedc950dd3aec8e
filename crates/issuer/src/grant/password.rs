//! A program types a person's password: in demos only, and never for people whose password alone must not open anything.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ephor_domain::authentication::{Method, Proofs};
use ephor_identity::{Accepted, Denied, Presented};
use http::{HeaderMap, HeaderValue, header};

use super::{Call, asked};
use crate::{
    answer::Tokens,
    demand::Demand,
    face::App,
    form::Form,
    grant::person::{Facts, Person, Refresh},
    ledger::Note,
    oauth::{Answer, Refused},
    settings::FAMILY_LIFE,
};

/// Basic: what is presented is nothing else.
const BASIC: Accepted = Accepted { session: false, negotiate: false, ..Accepted::PAM };

pub(super) async fn tokens(app: &App, call: &Call, form: &Form) -> Answer<Tokens> {
    if !app.settings.password_grant {
        return Err(Refused::PASSWORD_CLOSED);
    }
    let client = app.proved_client(&call.headers, form, &call.tenant, call.address).await?;
    let asked = asked(app, form)?;
    asked.granted(&client.permissions)?;
    let demand = Demand::read(form.get("claims"))?;
    let caller = signed_in(app, call, form.need("username")?, form.need("password")?).await?;
    // Lock-outs, throttling and records of failures are those of every sign-in by password.
    let administers = !app.engine.administers(&caller.actor).await?.is_empty();
    if administers || app.ledger.has_factor(caller.principal.id).await? {
        return Err(Refused::interaction(None));
    }
    let facts = Facts { proofs: Proofs::of(Method::Password, app.now()), claims: None };
    let family = facts.family(app, client.id, caller.principal.id, FAMILY_LIFE);
    let subject =
        Person { principal: &caller.principal, client: &client, family: Some(family.id), proofs: &facts.proofs };
    subject.met(app, &demand)?;
    let refresh = asked.wants_refresh().then(|| Refresh::fresh(app, &family, &asked));
    let row = refresh.as_ref().map(|refresh| refresh.row.clone());
    let note = Note {
        principal: caller.principal.id,
        client: client.id,
        address: call.address,
        grant: "password",
        session: None,
    };
    if !app.ledger.begin(family, None, row, note).await? {
        return Err(Refused::PASSWORD);
    }
    subject.tokens(app, &asked, &demand, None, refresh.map(|refresh| refresh.text)).await
}

async fn signed_in(app: &App, call: &Call, name: &str, password: &str) -> Answer<ephor_identity::Caller> {
    // A name with a colon cannot be told from its password, and no account has one.
    if name.contains(':') {
        return Err(Refused::PASSWORD);
    }
    let pair = STANDARD.encode(format!("{name}:{password}"));
    let mut line = HeaderValue::from_str(&format!("Basic {pair}")).map_err(|_| Refused::PASSWORD)?;
    line.set_sensitive(true);
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, line)]);
    let presented = Presented { headers: &headers, address: call.address, secure: true };
    app.identity.caller(&presented, BASIC).await.map_err(|denied| match denied {
        Denied::NotSignedIn(_) | Denied::Disabled(_) => Refused::PASSWORD,
        Denied::TooMany { retry_after } => Refused::too_many(retry_after.as_secs()),
        Denied::Busy | Denied::Unanswered => Refused::UNAVAILABLE,
        Denied::Unavailable(fault) => fault.into(),
    })
}
