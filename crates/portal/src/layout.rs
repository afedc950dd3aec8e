//! The frame of every page.

use maud::{DOCTYPE, Markup, html};

use crate::{assets, text};

/// Which page of the menu is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The overview.
    Home,
    /// Second factors.
    Factors,
    /// Sessions.
    Sessions,
}

fn document(title: &str, head: &Markup, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (text::PRODUCT) }
                link rel="icon" type="image/svg+xml" href=(assets::url("mark.svg"));
                link rel="stylesheet" href=(assets::url("portal.css"));
                (head)
            }
            body { (body) }
        }
    }
}

fn mark() -> Markup {
    html! { img.mark src=(assets::url("mark.svg")) alt="" width="28" height="28"; span { (text::PRODUCT) } }
}

fn card(title: &str, content: &Markup) -> Markup {
    html! {
        div.alone {
            p.brand { (mark()) }
            main.card #content { h1 { (title) } (content) }
        }
    }
}

/// A page for somebody who is not signed in, or in the middle of it: one card, nothing around it.
pub(crate) fn plain(title: &str, content: &Markup) -> Markup {
    document(title, &html! {}, &card(title, content))
}

/// The same, with the script that asks for passkeys.
pub(crate) fn with_passkey(title: &str, content: &Markup) -> Markup {
    let script = html! { script type="module" src=(assets::url("passkey.js")) {} };
    document(title, &script, &card(title, content))
}

/// A page that goes on by itself.
pub(crate) fn passing(title: &str, place: &str, content: &Markup) -> Markup {
    let refresh = html! { meta http-equiv="refresh" content={ "0;url=" (place) }; };
    document(title, &refresh, &card(title, content))
}

/// A page of somebody who is signed in.
pub(crate) fn page(place: Place, title: &str, who: &str, content: &Markup) -> Markup {
    let link = |to: Place, href: &str, name: &str| {
        html! { li { a href=(href) aria-current=[(to == place).then_some("page")] { (name) } } }
    };
    document(
        title,
        &html! {},
        &html! {
            a.skip href="#content" { (text::SKIP) }
            header.top {
                a.brand href="/" { (mark()) }
                nav aria-label=(text::nav::LABEL) {
                    ul {
                        (link(Place::Home, "/", text::nav::HOME))
                        (link(Place::Factors, "/portal/mfa", text::nav::FACTORS))
                        (link(Place::Sessions, "/portal/sessions", text::nav::SESSIONS))
                    }
                }
                form.who method="post" action="/portal/sign-out" {
                    span.name { (who) }
                    button.quiet.small type="submit" { (text::nav::SIGN_OUT) }
                }
            }
            main.wide #content { h1 { (title) } (content) }
        },
    )
}
