//! Registering and changing applications.

use clap::Args;
use serde_json::{Value, json};

use super::super::admin::{api::Api, find, view};
use crate::{exit::Done, output::Form};

/// The application to be registered.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Name for people
    name: String,
    /// It cannot keep a secret: a program or page in people's hands
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    redirects: Redirects,
}

/// Where browsers may be sent with a code.
#[derive(Debug, Args)]
struct Redirects {
    /// Address of a server
    #[arg(long = "web", value_name = "URI")]
    web: Vec<String>,
    /// Address of a page that redeems codes itself
    #[arg(long = "spa", value_name = "URI")]
    spa: Vec<String>,
    /// Address of a program on people's machines, e.g. http://localhost; its port is free
    #[arg(long = "native", value_name = "URI")]
    native: Vec<String>,
}

impl Redirects {
    fn bodies(&self) -> Vec<Value> {
        let of = |kind: &'static str, uris: &[String]| -> Vec<Value> {
            uris.iter().map(|uri| json!({"kind": kind, "uri": uri})).collect()
        };
        [of("web", &self.web), of("spa", &self.spa), of("native", &self.native)].concat()
    }
}

/// What is to change.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Name, id or client id
    app: String,
    /// New name for people
    #[arg(long)]
    name: Option<String>,
    /// May act; false ends its tokens
    #[arg(long, value_name = "BOOL")]
    enabled: Option<bool>,
    /// Take all addresses away that are not given
    #[arg(long)]
    no_redirects: bool,
    #[command(flatten)]
    redirects: Redirects,
}

pub(super) async fn create(api: &Api, create: &Create, form: Form) -> Done {
    let order = json!({"displayName": create.name, "public": create.public, "redirectUris": create.redirects.bodies()});
    view::object(form, &api.post("applications", &order).await?)
}

pub(super) async fn set(api: &Api, set: &Set, form: Form) -> Done {
    let app = find::application(api, &set.app).await?;
    let mut order = json!({"displayName": set.name, "enabled": set.enabled});
    let redirects = set.redirects.bodies();
    if (set.no_redirects || !redirects.is_empty())
        && let Some(members) = order.as_object_mut()
    {
        members.insert("redirectUris".to_owned(), redirects.into());
    }
    view::object(form, &api.patch(&format!("applications/{}", app.id), &order).await?)
}
