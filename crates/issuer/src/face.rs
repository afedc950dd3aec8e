//! The service: one call in, one answer out, whatever happens in between.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ephor_engine::{
    Engine,
    port::{Clock, Entropy},
};
use ephor_front::{Authority, CallId, Guard, Peer, Scheme, Unanswered, guard::answer_of};
use ephor_identity::{Accepted, Caller, Denied, Identity, KeyRing, Presented};
use futures_util::future::BoxFuture;
use http::{HeaderValue, Method, Request, header, request::Parts};
use jiff::Timestamp;
use tower::Service;
use uuid::Uuid;

use crate::{
    answer, authorize, browser::decision, device, discovery, grant, guesses::Guesses, ledger::Ledger, logout,
    oauth::Refused, settings::Settings,
};

/// Longest time for reading and answering a call.
const GUARD: Guard = Guard::new("issuer", Duration::from_secs(30));

/// What handlers stand on.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) settings: Arc<Settings>,
    pub(crate) engine: Engine,
    pub(crate) identity: Arc<Identity>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Tries of typed codes, by account.
    pub(crate) guesses: Arc<Guesses>,
    /// Device codes that were begun, by address.
    pub(crate) begun: Arc<Guesses>,
}

impl App {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Who is signed in at the browser that calls.
    pub(crate) async fn browser(&self, call: &Parts) -> Result<Option<Caller>, Refused> {
        let (address, secure) = (address_of(call), is_secure(call));
        let presented = Presented { headers: &call.headers, address, secure };
        match self.identity.caller(&presented, Accepted::PORTAL).await {
            Ok(caller) => Ok(Some(caller)),
            Err(Denied::NotSignedIn(_)) => Ok(None),
            Err(Denied::Disabled(_)) => Err(Refused::USER_DISABLED),
            Err(Denied::TooMany { retry_after }) => Err(Refused::too_many(retry_after.as_secs())),
            Err(Denied::Busy | Denied::Unanswered) => Err(Refused::UNAVAILABLE),
            Err(Denied::Unavailable(fault)) => Err(fault.into()),
        }
    }

    /// An error as this call is told of it.
    pub(crate) fn refuse(&self, refused: &Refused, call: Option<CallId>) -> Response {
        let id = call.map_or_else(|| self.entropy.guid(), |CallId(id)| id);
        refused.render(self.now(), id)
    }
}

/// The client's address.
pub(crate) fn address_of(call: &Parts) -> IpAddr {
    call.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.client)
}

pub(crate) fn is_secure(call: &Parts) -> bool {
    call.extensions.get::<Authority>().is_some_and(|authority| authority.scheme == Scheme::Https)
}

/// The tenant by which a call came: what its path begins with.
pub(crate) fn tenant_of(call: &Parts) -> String {
    call.uri.path().split('/').find(|segment| !segment.is_empty()).unwrap_or("common").to_owned()
}

/// The issuer. Cheap to clone; to be registered as the owner of `/{tenant}`.
#[derive(Clone)]
pub struct IssuerFace {
    app: App,
    router: Router,
}

impl std::fmt::Debug for IssuerFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuerFace").field("settings", &self.app.settings).finish_non_exhaustive()
    }
}

impl IssuerFace {
    /// An issuer whose tokens `keys` sign; `identity` says who is signed in.
    #[must_use]
    pub fn new(engine: Engine, identity: Arc<Identity>, keys: Arc<KeyRing>, settings: Settings) -> Self {
        let (clock, entropy) = (Arc::clone(engine.clock()), Arc::clone(engine.entropy()));
        let ledger = Ledger {
            store: engine.store().clone(),
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
            identity: Arc::clone(&identity),
        };
        let settings = Arc::new(settings);
        let app = App {
            settings,
            engine,
            identity,
            keys,
            ledger,
            clock,
            entropy,
            guesses: Arc::default(),
            begun: Arc::default(),
        };
        let router = Router::new()
            .route("/{tenant}/v2.0/.well-known/openid-configuration", get(discovery::configuration))
            .route("/{tenant}/.well-known/openid-configuration", get(discovery::configuration))
            .route("/{tenant}/discovery/v2.0/keys", get(discovery::keys))
            .route("/{tenant}/discovery/keys", get(discovery::keys))
            .route("/{tenant}/discovery/instance", get(discovery::instance))
            .route("/{tenant}/userrealm/{name}", get(discovery::user_realm))
            .route("/{tenant}/oauth2/v2.0/authorize", get(authorize::begin).post(authorize::begin_by_form))
            .route("/{tenant}/oauth2/authorize", get(authorize::begin).post(authorize::begin_by_form))
            .route("/{tenant}/oauth2/v2.0/authorize/decision", post(decision::decide))
            .route("/{tenant}/oauth2/v2.0/token", post(grant::token))
            .route("/{tenant}/oauth2/token", post(grant::token))
            .route("/{tenant}/oauth2/v2.0/devicecode", post(device::begin))
            .route("/{tenant}/oauth2/devicecode", post(device::begin))
            .route("/{tenant}/oauth2/deviceauth", get(device::page).post(device::answer))
            .route("/{tenant}/oauth2/v2.0/logout", get(logout::page).post(logout::leave))
            .route("/{tenant}/oauth2/logout", get(logout::page).post(logout::leave))
            .with_state(app.clone());
        Self { app, router }
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    /// Answers one call.
    pub async fn serve(&self, request: Request<Body>) -> Response {
        let call = request.extensions().get::<CallId>().copied();
        let origin = request.headers().get(header::ORIGIN).cloned();
        let reach = Reach::of(request.uri().path());
        let mut response = if let Some(refused) = request.extensions().get::<ephor_front::Refused>() {
            let mut response = self.app.refuse(&Refused::FORM, call);
            *response.status_mut() = refused.status();
            response
        } else if request.method() == Method::OPTIONS && origin.is_some() {
            http::StatusCode::NO_CONTENT.into_response()
        } else {
            self.guarded(request, call).await
        };
        self.share(&mut response, reach, origin).await;
        answer::finish(&mut response);
        response
    }

    /// An order runs to its end also when the caller hangs up: what it uses up must be answered for in the store.
    async fn guarded(&self, request: Request<Body>, call: Option<CallId>) -> Response {
        let response = match GUARD.order(answer_of(self.router.clone(), request)).await {
            Ok(response) => response,
            Err(Unanswered::Panicked) => return self.app.refuse(&Refused::SERVER, call),
            Err(Unanswered::Late) => return self.app.refuse(&Refused::UNAVAILABLE, call),
        };
        // The router's own answers have no body.
        match response.status() {
            http::StatusCode::NOT_FOUND if !response.headers().contains_key(header::CONTENT_TYPE) => {
                self.app.refuse(&Refused::NOT_FOUND, call)
            }
            http::StatusCode::METHOD_NOT_ALLOWED if !response.headers().contains_key(header::CONTENT_TYPE) => {
                let allow = response.headers().get(header::ALLOW).cloned();
                let mut refused = self.app.refuse(&Refused::METHOD, call);
                if let Some(allow) = allow {
                    refused.headers_mut().insert(header::ALLOW, allow);
                }
                refused
            }
            _ => response,
        }
    }

    /// Lets pages of other origins read the answer (table of seams §2): discovery any, tokens those that are registered.
    async fn share(&self, response: &mut Response, reach: Reach, origin: Option<HeaderValue>) {
        let Some(origin) = origin else { return };
        let allowed = match reach {
            Reach::Everybody => HeaderValue::from_static("*"),
            Reach::Pages => {
                response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
                let listed = self.app.ledger.page_origins().await.unwrap_or_default();
                if !origin.to_str().is_ok_and(|origin| listed.iter().any(|known| known == origin)) {
                    return;
                }
                origin
            }
            Reach::Nobody => return,
        };
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, OPTIONS"));
        // Never `authorization`: a page keeps no secret.
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, x-client-sku, x-client-ver, x-client-current-telemetry, x-client-last-telemetry, client-request-id"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
}

/// Whose pages may read an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Everybody,
    Pages,
    Nobody,
}

impl Reach {
    fn of(path: &str) -> Self {
        let path = path.trim_end_matches('/');
        if path.ends_with("/openid-configuration") || path.ends_with("/keys") || path.ends_with("/instance") {
            Self::Everybody
        } else if path.ends_with("/token") || path.ends_with("/devicecode") {
            Self::Pages
        } else {
            Self::Nobody
        }
    }
}

/// The id of a call, for errors.
pub(crate) fn call_id(call: &Parts) -> Option<CallId> {
    call.extensions.get::<CallId>().copied()
}

/// A fresh id of a family: says nothing of when.
pub(crate) fn family_id(entropy: &dyn Entropy) -> ephor_domain::id::TokenFamilyId {
    let id: Uuid = entropy.guid();
    ephor_domain::id::TokenFamilyId::new(id)
}

impl Service<Request<Body>> for IssuerFace {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let face = self.clone();
        Box::pin(async move { Ok(face.serve(request).await) })
    }
}
