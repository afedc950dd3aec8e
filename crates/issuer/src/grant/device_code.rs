//! A program without a browser asks whether a person has confirmed its code (RFC 8628).

use ephor_store::tx::device::DeviceState;

use super::{Call, person};
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
    settings::DEVICE_INTERVAL,
};

pub(super) async fn tokens(app: &App, call: &Call, form: &Form) -> Answer<Tokens> {
    let client = app.proved_client(&call.headers, form, &call.tenant, call.address).await?;
    let code = form.get("device_code").or_else(|| form.get("code")).ok_or(Refused::MISSING)?;
    let device = app.ledger.poll_device(secrets::hash(Purpose::Device, code)).await?.ok_or(Refused::DEVICE)?;
    if device.client != client.id {
        return Err(Refused::DEVICE);
    }
    let now = app.now();
    if now >= device.expires {
        return Err(Refused::DEVICE_EXPIRED);
    }
    match device.state {
        DeviceState::Waiting => {
            // A second of grace for the way.
            let soon = device.polled.is_some_and(|at| now.duration_since(at).as_secs() + 1 < DEVICE_INTERVAL.as_secs());
            return Err(if soon { Refused::SLOW_DOWN } else { Refused::PENDING });
        }
        DeviceState::Refused => return Err(Refused::DECLINED),
        DeviceState::Redeemed => {
            if let Some(family) = device.family {
                app.ledger.end_replayed(family, "device_code", call.address).await?;
            }
            return Err(Refused::DEVICE);
        }
        DeviceState::Allowed => {}
    }
    let family = match device.family {
        Some(id) => app.ledger.family(id).await?.ok_or(Refused::DEVICE)?,
        None => return Err(Refused::DEVICE),
    };
    if !person::is_alive(&family, now) {
        return Err(Refused::DEVICE);
    }
    let principal = person::account(app, &family).await?;
    let asked = Asked::read(Some(&device.scopes), None, &app.settings)?;
    let facts = Facts::of(&family);
    let demand = Demand::read(form.get("claims"))?;
    let subject = Person { principal: &principal, client: &client, family: Some(family.id), proofs: &facts.proofs };
    asked.granted(&client.permissions)?;
    subject.met(app, &demand)?;

    let refresh = asked.wants_refresh().then(|| Refresh::fresh(app, &family, &asked));
    let row = refresh.as_ref().map(|refresh| refresh.row.clone());
    match app.ledger.redeem_device(&device, row).await? {
        Once::Good(_) => {}
        Once::Again | Once::Unknown => return Err(Refused::DEVICE),
    }
    subject.tokens(app, &asked, &demand, None, refresh.map(|refresh| refresh.text)).await
}
