//! A refresh token is exchanged for tokens and its successor; one that comes a second time ends all that came of the
//! sign-in, as either its owner or a thief holds a copy.

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
    let hash = secrets::hash(Purpose::Refresh, form.need("refresh_token")?);
    let (token, family) = app.ledger.refresh(hash).await?.ok_or(Refused::REFRESH)?;
    if family.client != client.id {
        return Err(Refused::REFRESH);
    }
    let now = app.now();
    if !person::is_alive(&family, now) || now >= token.expires {
        return Err(Refused::REFRESH);
    }
    let principal = person::account(app, &family).await?;
    let before = Asked::read(Some(&token.scopes), None, &app.settings)?;
    let asked = asked(app, form)?.or(before).refreshable(true);
    let facts = Facts::of(&family);
    // Not the claims of the sign-in: what they asked for may have aged, and the client does not ask for it now.
    let demand = Demand::read(form.get("claims"))?;
    let subject = Person { principal: &principal, client: &client, family: Some(family.id), proofs: &facts.proofs };
    asked.granted(&client.permissions)?;
    // A refusal uses nothing up: the client signs the person in again and asks anew.
    subject.met(app, &demand)?;

    let next = Refresh::fresh(app, &family, &asked);
    match app.ledger.rotate(&token, next.row.clone(), call.address).await? {
        Once::Good(()) => {}
        Once::Again => return Err(Refused::REFRESH_USED),
        Once::Unknown => return Err(Refused::REFRESH),
    }
    subject.tokens(app, &asked, &demand, None, Some(next.text)).await
}
