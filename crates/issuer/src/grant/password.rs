//! A program types a person's password: in demos only, and never for people whose password alone must not open anything.

use ephor_domain::authentication::{Method, Proofs};
use ephor_identity::{Basis, Caller, Denied};

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

pub(super) async fn tokens(app: &App, call: &Call, form: &Form) -> Answer<Tokens> {
    if !app.settings.password_grant {
        return Err(Refused::PASSWORD_CLOSED);
    }
    let client = app.proved_client(&call.headers, form, &call.tenant, call.address).await?;
    let asked = asked(app, form)?;
    asked.granted(&client.permissions)?;
    let demand = Demand::read(form.get("claims"))?;
    let (caller, basis) = signed_in(app, call, form.need("username")?, form.need("password")?).await?;
    // Lock-outs, throttling and records of failures are those of every sign-in by password.
    let administers = !app.engine.administers(&caller.actor).await?.is_empty();
    let factors = app.ledger.factors(caller.principal.id).await?;
    if administers || !factors.is_empty() {
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
        basis: basis.and_factors(factors),
    };
    if !app.ledger.begin(family, None, row, note).await? {
        return Err(Refused::PASSWORD);
    }
    subject.tokens(app, &asked, &demand, None, refresh.map(|refresh| refresh.text)).await
}

async fn signed_in(app: &App, call: &Call, name: &str, password: &str) -> Answer<(Caller, Basis)> {
    app.identity.prove_password(name, password.into(), call.address).await.map_err(|denied| match denied {
        Denied::NotSignedIn(_) | Denied::Disabled(_) => Refused::PASSWORD,
        Denied::TooMany { retry_after } => Refused::too_many(retry_after.as_secs()),
        Denied::Busy | Denied::Unanswered => Refused::UNAVAILABLE,
        Denied::Unavailable(fault) => fault.into(),
    })
}
