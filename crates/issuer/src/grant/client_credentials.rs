//! An application asks for itself: its app roles, and nothing of anybody else.

use ephor_identity::Basis;

use super::{Call, asked};
use crate::{
    answer::Tokens,
    demand::{Demand, Met},
    face::App,
    form::Form,
    grant::person::Facts,
    ledger::Note,
    mint::Subject,
    oauth::{Answer, Refused},
    settings::ACCESS_LIFE,
};

pub(super) async fn tokens(app: &App, call: &Call, form: &Form) -> Answer<Tokens> {
    let client = app.proved_client(&call.headers, form, &call.tenant, call.address).await?;
    let principal = client.principal.as_ref().filter(|_| !client.public).ok_or(Refused::PUBLIC)?;
    let asked = asked(app, form)?;
    if !asked.is_default_alone() {
        return Err(Refused::SCOPE);
    }
    let demand = Demand::read(form.get("claims"))?;
    // So that the token ends with the credential that it was asked for with, and with what was consented to.
    let family = Facts::default().family(app, client.id, principal.id, ACCESS_LIFE);
    let subject = Subject {
        principal,
        client: client.id.to_string(),
        confidential: true,
        family: Some(family.id),
        methods: Vec::new(),
        authenticated: None,
        follows_challenges: demand.follows_challenges,
    };
    let met = Met { contexts: Vec::new(), until: None };
    let audience = asked.audience(&app.settings);
    let note = Note {
        principal: principal.id,
        client: client.id,
        address: call.address,
        grant: "client_credentials",
        session: None,
        basis: Basis::default(),
    };
    if !app.ledger.begin(family, None, None, note).await? {
        return Err(Refused::CLIENT_DISABLED);
    }
    let minted = app.access_token(&subject, audience, &client.permissions, met, ACCESS_LIFE).await?;
    Ok(Tokens {
        token_type: "Bearer",
        scope: None,
        expires_in: minted.lives,
        ext_expires_in: minted.lives,
        access_token: minted.token,
        refresh_token: None,
        id_token: None,
        client_info: None,
        resource: None,
        expires_on: None,
    })
}
