//! One's sessions, and how to end them.

use axum::extract::{Query, State};
use ephor_identity::session::SessionView;
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    answer::{Answer, html_of, see_other},
    call::{Sent, Signed},
    face::App,
    layout::{self, Place},
    parts::{notice, time},
    text,
};

/// What the page is called with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Parameters {
    ended: Option<String>,
}

/// `GET /portal/sessions`.
pub(crate) async fn page(State(app): State<App>, signed: Signed, Query(asked): Query<Parameters>) -> Answer {
    let sessions = app.identity.sessions(&signed.caller).await?;
    let content = html! {
        p.lead { (text::sessions::LEAD) }
        (notice(asked.ended.is_some().then_some(text::sessions::ENDED)))
        section.card { ul.rows { @for session in &sessions { (row(session)) } } }
        @if sessions.len() > 1 {
            form method="post" action="/portal/sessions/end-others" {
                button.quiet type="submit" { (text::sessions::END_OTHERS) }
            }
        }
    };
    Ok(html_of(&layout::page(Place::Sessions, text::sessions::TITLE, &signed.caller.principal.display_name, &content)))
}

fn row(session: &SessionView) -> Markup {
    html! {
        li {
            div.what {
                strong {
                    @if session.current { (text::sessions::THIS) } @else { (text::sessions::OTHER) }
                    @if let Some(address) = session.address {
                        " " (text::sessions::FROM) " " code { (address) }
                    }
                }
                p.hint {
                    (text::sessions::BEGAN) " " (time(session.created)) " · " (text::sessions::SEEN) " "
                    (time(session.last_seen)) " · " (text::sessions::ENDS) " " (time(session.expires))
                }
            }
            @if !session.current {
                form method="post" action="/portal/sessions/end" {
                    input type="hidden" name="handle" value=(session.handle);
                    button.quiet.small type="submit" { (text::sessions::END) }
                }
            }
        }
    }
}

/// Which one.
#[derive(Deserialize)]
pub(crate) struct Which {
    handle: String,
}

/// `POST /portal/sessions/end`.
pub(crate) async fn end(State(app): State<App>, signed: Signed, Sent(which): Sent<Which>) -> Answer {
    app.identity.end_session(&signed.caller, &which.handle).await?;
    Ok(see_other("/portal/sessions?ended"))
}

/// `POST /portal/sessions/end-others`.
pub(crate) async fn end_others(State(app): State<App>, signed: Signed) -> Answer {
    app.identity.end_other_sessions(&signed.caller).await?;
    Ok(see_other("/portal/sessions?ended"))
}
