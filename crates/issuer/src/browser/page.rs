//! The few pages of our own. They work without scripts; the one that posts a form on has a single line of one.

use axum::response::{IntoResponse, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode, header};
use maud::{DOCTYPE, Markup, html};
use sha2::{Digest, Sha256};

/// Posts the only form of its page.
const SUBMIT: &str = "document.forms[0].submit()";

/// A page.
pub(crate) struct Page {
    title: &'static str,
    content: Markup,
    /// Where its form may lead besides to us: browsers hold redirects after a form to that as well.
    leads_to: Option<String>,
    submits: bool,
    status: StatusCode,
}

impl Page {
    pub(crate) fn new(title: &'static str, content: Markup) -> Self {
        Self { title, content, leads_to: None, submits: false, status: StatusCode::OK }
    }

    /// Its form may lead to the origin of this address.
    pub(crate) fn leading_to(mut self, uri: &str) -> Self {
        self.leads_to = origin(uri);
        self
    }

    /// Posts its form by itself.
    pub(crate) fn submitting(mut self) -> Self {
        self.submits = true;
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    fn policy(&self) -> String {
        let script = if self.submits {
            format!("script-src 'sha256-{}'; ", STANDARD.encode(Sha256::digest(SUBMIT)))
        } else {
            String::new()
        };
        let leads = self.leads_to.as_ref().map_or_else(String::new, |origin| format!(" {origin}"));
        format!(
            "default-src 'none'; {script}style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
             form-action 'self'{leads}"
        )
    }
}

/// Scheme, host and port.
fn origin(uri: &str) -> Option<String> {
    let start = uri.find("://")? + 3;
    let end = uri.get(start..)?.find(['/', '?', '#']).map_or(uri.len(), |at| start + at);
    uri.get(..end).map(str::to_owned)
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let text = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Ephor" }
                    link rel="stylesheet" href="/assets/portal.css";
                }
                body {
                    div.alone { main.card #content { h1 { (self.title) } (self.content) } }
                    @if self.submits { script { (maud::PreEscaped(SUBMIT)) } }
                }
            }
        };
        let mut response = (self.status, text.into_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        if let Ok(policy) = HeaderValue::from_str(&self.policy()) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        // Its own forms say where they come from; nobody else learns it.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        response
    }
}

/// Something cannot go on, and there is nobody to send back to.
pub(crate) fn failed(status: StatusCode, text: &str) -> Response {
    let content = html! { p.alert role="alert" { (text) } p { "Go back to the program you came from and try again." } };
    Page::new("This cannot go on", content).with_status(status).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_leads_to_one_more_place_at_most() {
        let page = Page::new("x", html! {}).leading_to("http://localhost:8400/back?x").submitting();
        let policy = page.policy();
        assert!(policy.ends_with("form-action 'self' http://localhost:8400"), "{policy}");
        assert!(policy.contains("script-src 'sha256-"));
        assert!(!Page::new("x", html! {}).policy().contains("script"));
    }
}
