//! Setting up an authenticator app: the picture, then its first code.

use axum::{extract::State, response::IntoResponse};
use ephor_domain::authentication::Method;
use ephor_identity::factor::{ChangeError, TotpEnrolment, Unproved};
use http::StatusCode;
use maud::{Markup, html};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::refused;
use crate::{
    answer::{Answer, html_of, see_other},
    call::{Sent, Signed},
    face::App,
    layout,
    parts::alert,
    qr,
    step_up::strengthen,
    text,
};

/// What it is to be called.
#[derive(Deserialize)]
pub(crate) struct Named {
    label: String,
}

impl Named {
    pub(crate) fn label(&self) -> &str {
        &self.label
    }
}

/// `POST /portal/mfa/app`.
pub(crate) async fn begin(State(app): State<App>, signed: Signed, Sent(named): Sent<Named>) -> Answer {
    match app.factors.begin_totp(&signed.caller, &named.label).await {
        Ok(begun) => Ok(html_of(&sheet(&begun, None))),
        Err(error) => refused(&app, &signed, error).await,
    }
}

fn sheet(begun: &TotpEnrolment, wrong: Option<&str>) -> Markup {
    let key = begun.key.expose_secret();
    let letters: Vec<char> = key.chars().collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    let bad = wrong.is_some();
    layout::plain(
        text::factors::APP_TITLE,
        &html! {
            p { (text::factors::APP_SCAN) }
            @if let Some(picture) = qr::picture(begun.uri.expose_secret(), text::factors::APP_SCAN) { (picture) }
            p.hint { (text::factors::APP_KEY) }
            p.key { code { (groups.join(" ")) } }
            (alert(wrong))
            form method="post" action="/portal/mfa/app/finish" {
                input type="hidden" name="secret" value=(begun.secret.expose_secret());
                label for="code" { (text::factors::APP_CODE) }
                input #code name="code" type="text" inputmode="numeric" autocomplete="one-time-code" maxlength="12" required
                    autofocus aria-describedby=[bad.then_some("alert")] aria-invalid=[bad.then_some("true")];
                button type="submit" { (text::factors::APP_FINISH) }
            }
            p.aside { a href="/portal/mfa" { (text::factors::CANCEL) } }
        },
    )
}

/// The first code.
#[derive(Deserialize)]
pub(crate) struct First {
    secret: SecretString,
    code: SecretString,
}

/// `POST /portal/mfa/app/finish`.
pub(crate) async fn finish(State(app): State<App>, signed: Signed, Sent(first): Sent<First>) -> Answer {
    match app.factors.finish_totp(&signed.caller, &first.secret, &first.code).await {
        Ok(()) => {
            // The code proved the factor just now.
            let mut response = see_other("/portal/mfa?added");
            strengthen(&app, &signed, Method::Totp, &mut response).await?;
            Ok(response)
        }
        Err(ChangeError::Unproved(Unproved::Wrong)) => {
            match app.factors.totp_again(&signed.caller, first.secret).await {
                Ok(begun) => {
                    Ok((StatusCode::FORBIDDEN, html_of(&sheet(&begun, Some(text::code::WRONG)))).into_response())
                }
                Err(error) => refused(&app, &signed, error).await,
            }
        }
        Err(error) => refused(&app, &signed, error).await,
    }
}
