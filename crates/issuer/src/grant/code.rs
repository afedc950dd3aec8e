//! A code is redeemed: by the client it was given to, at the address it was sent to, with the verifier, once.

use super::{Call, asked, person};
use crate::{
    answer::Tokens,
    demand::Demand,
    face::App,
    form::Form,
    grant::person::{Facts, Person, Refresh},
    ledger::Once,
    oauth::{Answer, Refused},
    scopes::Asked,
    secrets::{self, Purpose},
};

pub(super) async fn tokens(app: &App, call: &Call, form: &Form) -> Answer<Tokens> {
    let client = app.proved_client(&call.headers, form, &call.tenant, call.address).await?;
    let hash = secrets::hash(Purpose::Code, form.need("code")?);
    let (code, family) = app.ledger.code(hash).await?.ok_or(Refused::CODE)?;
    // A foreign client's code says nothing to this one, not even that it is there.
    if family.client != client.id {
        return Err(Refused::CODE);
    }
    let now = app.now();
    if family.revoked.is_some() {
        return Err(Refused::CODE_USED);
    }
    if form.need("redirect_uri")? != code.redirect {
        return Err(Refused::CODE_REDIRECT);
    }
    match (&code.challenge, form.get("code_verifier")) {
        (Some(challenge), Some(verifier)) if secrets::verifies(verifier, challenge) => {}
        // Each code has a challenge: one without would be a way round it.
        (_, _) => return Err(Refused::VERIFIER),
    }
    if now >= code.expires {
        // Also what came of it, should it have been redeemed in time by somebody else.
        app.ledger.end_replayed(family.id, "code", call.address).await?;
        return Err(Refused::CODE);
    }
    let before = Asked::read(Some(&code.scopes), None, &app.settings)?;
    let wants_refresh = before.wants_refresh();
    let asked = asked(app, form)?.or(before).refreshable(wants_refresh);
    let facts = Facts::of(&family);
    let demand = Demand::read(form.get("claims").or(facts.claims.as_deref()))?;
    let principal = person::account(app, &family).await?;
    let subject = Person { principal: &principal, client: &client, family: Some(family.id), proofs: &facts.proofs };
    asked.granted(&client.permissions)?;
    subject.met(app, &demand)?;

    let refresh = wants_refresh.then(|| Refresh::fresh(app, &family, &asked));
    let row = refresh.as_ref().map(|refresh| refresh.row.clone());
    match app.ledger.redeem_code(&code, row, call.address).await? {
        Once::Good(()) => {}
        Once::Again => return Err(Refused::CODE_USED),
        Once::Unknown => return Err(Refused::CODE),
    }
    subject.tokens(app, &asked, &demand, code.nonce.clone(), refresh.map(|refresh| refresh.text)).await
}
