//! Making a passkey.

use axum::extract::State;
use ephor_domain::authentication::Method;
use ephor_identity::factor::{ChangeError, Unproved};
use maud::html;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{app::Named, refused, sheet};
use crate::{
    answer::{Answer, html_of, see_other},
    call::{Sent, Signed},
    face::App,
    layout, parts,
    step_up::strengthen,
    text,
};

/// `POST /portal/mfa/passkey`.
pub(crate) async fn begin(State(app): State<App>, signed: Signed, Sent(named): Sent<Named>) -> Answer {
    let begun = match app.factors.begin_passkey(&signed.caller, named.label()).await {
        Ok(begun) => begun,
        Err(error) => return refused(&app, &signed, error).await,
    };
    let secret = begun.secret.expose_secret();
    let button = text::factors::PASSKEY_CREATE;
    let action = "/portal/mfa/passkey/finish";
    Ok(html_of(&layout::with_passkey(
        text::factors::PASSKEY_TITLE,
        &html! {
            p { (text::factors::PASSKEY_LEAD) }
            (parts::passkey("create", action, &begun.options, secret, button, false, &html! {}))
            p.aside { a href="/portal/mfa" { (text::factors::CANCEL) } }
        },
    )))
}

/// What the browser made.
#[derive(Deserialize)]
pub(crate) struct Made {
    secret: SecretString,
    answer: String,
}

/// `POST /portal/mfa/passkey/finish`.
pub(crate) async fn finish(State(app): State<App>, signed: Signed, Sent(made): Sent<Made>) -> Answer {
    match app.factors.finish_passkey(&signed.caller, &made.secret, &made.answer).await {
        Ok(()) => {
            // Making it took the person's finger, face or PIN just now.
            let mut response = see_other("/portal/mfa?added");
            strengthen(&app, &signed, Method::Passkey, &mut response).await?;
            Ok(response)
        }
        Err(ChangeError::Unproved(Unproved::Wrong)) => sheet(&app, &signed, None, Some(text::passkey::WRONG)).await,
        Err(error) => refused(&app, &signed, error).await,
    }
}
