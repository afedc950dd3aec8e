//! The service: one call in, one page out, whatever happens in between.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::DefaultBodyLimit,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use ephor_engine::Engine;
use ephor_front::{Authority, Guard, Refused, Unanswered};
use ephor_identity::{
    Identity, Origin, SecondFactors,
    forgery::{OriginVerdict, Provenance, origin_verdict},
    relying_party::CALLBACK,
};
use futures_util::future::BoxFuture;
use http::{Request, StatusCode};
use tower::Service;

use crate::{
    answer::{self, Failed},
    assets, enrol, factors, home, sessions, sign_in, step_up, text,
};

/// What of the pages is configured.
#[derive(Debug, Clone)]
pub struct Options {
    /// The origin of the public URL: our own, also where a proxy hides it from us.
    pub public_origin: Option<Origin>,
    /// Most bytes of a form.
    pub body_limit: usize,
    /// Longest time for reading and answering a call.
    pub time_limit: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { public_origin: None, body_limit: 64 * 1024, time_limit: Duration::from_secs(30) }
    }
}

/// What handlers stand on.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) engine: Engine,
    pub(crate) identity: Arc<Identity>,
    pub(crate) factors: SecondFactors,
}

/// The pages. Cheap to clone; to be registered as the owner of `/`, `/portal` and `/assets`.
#[derive(Clone)]
pub struct Portal {
    router: Router,
    public_origin: Option<Origin>,
    guard: Guard,
}

impl std::fmt::Debug for Portal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Portal").field("public_origin", &self.public_origin).finish_non_exhaustive()
    }
}

impl Portal {
    /// Pages in front of `engine`; `identity` says who calls, `factors` what more he proves.
    #[must_use]
    pub fn new(engine: Engine, identity: Arc<Identity>, factors: SecondFactors, options: Options) -> Self {
        let app = App { engine, identity, factors };
        let router = Router::new()
            .route("/", get(home::page))
            .route("/portal", get(home::page))
            .route("/portal/", get(async || answer::see_other("/portal")))
            .route("/portal/sign-in", get(sign_in::page).post(sign_in::by_password))
            .route("/portal/sign-in/second", get(sign_in::second::page).post(sign_in::second::by_code))
            .route("/portal/sign-in/second/passkey", post(sign_in::second::by_passkey))
            .route("/portal/sign-in/outside", post(sign_in::outside::begin))
            .route(CALLBACK, get(sign_in::outside::back))
            .route("/portal/sign-in/kerberos", post(sign_in::ticket::by_ticket))
            .route("/portal/sign-in/passkey", post(sign_in::passkey::page))
            .route("/portal/sign-in/passkey/answer", post(sign_in::passkey::answer))
            .route("/portal/sign-out", get(sign_in::signed_out).post(sign_in::sign_out))
            .route("/portal/step-up", get(step_up::page).post(step_up::by_code))
            .route("/portal/step-up/passkey", post(step_up::by_passkey))
            .route("/portal/mfa", get(factors::page))
            .route("/portal/mfa/app", post(factors::app::begin))
            .route("/portal/mfa/app/finish", post(factors::app::finish))
            .route("/portal/mfa/passkey", post(factors::key::begin))
            .route("/portal/mfa/passkey/finish", post(factors::key::finish))
            .route("/portal/mfa/remove", post(factors::remove))
            .route("/portal/mfa/recovery", post(factors::recovery))
            .route("/portal/enrol", get(enrol::page).post(enrol::redeem))
            .route("/portal/sessions", get(sessions::page))
            .route("/portal/sessions/end", post(sessions::end))
            .route("/portal/sessions/end-others", post(sessions::end_others))
            .route("/assets/{name}", get(assets::serve))
            .method_not_allowed_fallback(async || Failed::page(StatusCode::METHOD_NOT_ALLOWED, text::error::METHOD))
            .fallback(async || Failed::page(StatusCode::NOT_FOUND, text::error::NOT_FOUND))
            .layer(DefaultBodyLimit::max(options.body_limit))
            .with_state(app);
        Self { router, public_origin: options.public_origin, guard: Guard::new("portal", options.time_limit) }
    }

    /// Answers one call.
    pub async fn serve(&self, request: Request<Body>) -> Response {
        let wants_page = answer::wants_page(request.headers());
        let mut response = match request.extensions().get::<Refused>() {
            Some(refused) => Failed::page(refused.status(), text::error::UNREADABLE).into_response(),
            None if self.is_forged(&request) => {
                Failed::page(StatusCode::FORBIDDEN, text::error::FORGERY).into_response()
            }
            None => self.guarded(request).await,
        };
        answer::finish(&mut response, wants_page);
        response
    }

    /// A form that a page of somebody else filled in. Every form counts, also that of a sign-in: nobody is to be signed in
    /// to an account of somebody else's choice.
    fn is_forged(&self, request: &Request<Body>) -> bool {
        let sent_to = request.extensions().get::<Authority>().and_then(|authority| authority.to_string().parse().ok());
        let own: Vec<Origin> = sent_to.into_iter().chain(self.public_origin.clone()).collect();
        let provenance = Provenance::of(request.headers());
        origin_verdict(request.method(), true, provenance, &own, &[]) == OriginVerdict::Refuse
    }

    async fn guarded(&self, request: Request<Body>) -> Response {
        let failed = |status, text| Failed::page(status, text).into_response();
        match self.guard.route(self.router.clone(), request).await {
            Ok(response) => response,
            Err(Unanswered::Panicked) => failed(StatusCode::INTERNAL_SERVER_ERROR, text::error::INTERNAL),
            Err(Unanswered::Late) => failed(StatusCode::REQUEST_TIMEOUT, text::error::UNAVAILABLE),
        }
    }
}

impl Service<Request<Body>> for Portal {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let portal = self.clone();
        Box::pin(async move { Ok(portal.serve(request).await) })
    }
}
