//! The dispatcher: path → owner → that owner's service, with everything a face needs to know in the extensions.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use axum::body::Body;
use futures_util::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri, request::Parts, uri::PathAndQuery};
use tower::{Service, ServiceExt, util::BoxCloneSyncService};
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    call::{CallId, ReceivedUri, Transport, origin_of_call},
    limits::Limits,
    network::Network,
    owner::{Owner, OwnerTable, Verdict},
    path::{RequestPath, first_two},
    problem::problem,
    refused::Refused,
};

/// What a face is to the listener: an axum router or any tower service that never fails.
pub type FaceService = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Where call ids come from: the entropy port of the engine.
pub type IdSource = Arc<dyn Fn() -> Uuid + Send + Sync>;

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const MS_REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

/// Looks at the path before any face does and hands the call to its owner.
#[derive(Clone)]
pub struct Dispatcher {
    inner: Arc<Inner>,
}

struct Inner {
    owners: OwnerTable,
    faces: BTreeMap<Owner, FaceService>,
    proxies: Vec<Network>,
    limits: Limits,
    ids: IdSource,
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatcher").field("faces", &self.inner.faces.keys()).finish_non_exhaustive()
    }
}

/// Puts a [`Dispatcher`] together.
pub struct DispatcherBuilder {
    inner: Inner,
}

impl fmt::Debug for DispatcherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DispatcherBuilder").field("faces", &self.inner.faces.keys()).finish_non_exhaustive()
    }
}

impl DispatcherBuilder {
    /// The names under which the issuer's paths begin.
    #[must_use]
    pub fn owners(mut self, owners: OwnerTable) -> Self {
        self.inner.owners = owners;
        self
    }

    /// Registers the service of an owner; a second one replaces the first.
    #[must_use]
    pub fn face<S>(mut self, owner: Owner, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.inner.faces.insert(owner, BoxCloneSyncService::new(service));
        self
    }

    /// The proxies whose `X-Forwarded-*` headers count.
    #[must_use]
    pub fn proxies(mut self, proxies: Vec<Network>) -> Self {
        self.inner.proxies = proxies;
        self
    }

    /// The limits of URL and headers.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.inner.limits = limits;
        self
    }

    /// Done.
    #[must_use]
    pub fn build(self) -> Dispatcher {
        Dispatcher { inner: Arc::new(self.inner) }
    }
}

impl Dispatcher {
    /// Starts a dispatcher without faces; each call gets an id from `ids`.
    #[must_use]
    pub fn builder(ids: IdSource) -> DispatcherBuilder {
        DispatcherBuilder {
            inner: Inner {
                owners: OwnerTable::default(),
                faces: BTreeMap::new(),
                proxies: Vec::new(),
                limits: Limits::default(),
                ids,
            },
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.inner.limits
    }

    pub(crate) fn is_proxy(&self, address: std::net::IpAddr) -> bool {
        self.inner.proxies.iter().any(|network| network.contains(address))
    }

    /// Serves one call.
    pub async fn dispatch(&self, request: Request<Body>) -> Response<Body> {
        let id = CallId((self.inner.ids)());
        let started = Instant::now();
        let (mut parts, body) = request.into_parts();
        let owner = self.inner.prepare(id, &mut parts);
        let method = parts.method.clone();
        let span = tracing::info_span!("front.call.serve", %id, owner = owner.name());

        let path = parts.uri.path().to_owned();

        let mut response = self.inner.answer(owner, Request::from_parts(parts, body)).instrument(span).await;
        // Never the query: it may hold a justification. Outside the span, whose fields cost much more than its own.
        tracing::info!(
            %id,
            owner = owner.name(),
            method = method.as_str(),
            path,
            status = response.status().as_u16(),
            micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
            "call answered"
        );

        let mut text = Uuid::encode_buffer();
        if let Ok(value) = HeaderValue::from_str(id.0.hyphenated().encode_lower(&mut text)) {
            response.headers_mut().insert(REQUEST_ID, value.clone());
            response.headers_mut().insert(MS_REQUEST_ID, value);
        }
        response
    }
}

impl Inner {
    /// Fills the extensions and gives the URI its canonical spelling; says who owns the call.
    fn prepare(&self, id: CallId, parts: &mut Parts) -> Owner {
        let transport = parts.extensions.get::<Transport>().copied().unwrap_or_default();
        let (peer, authority) = origin_of_call(&transport, &parts.uri, &parts.headers, &self.proxies);
        parts.extensions.insert(id);
        parts.extensions.insert(peer);
        parts.extensions.insert(ReceivedUri(parts.uri.clone()));

        let path = parts.uri.path();
        let (owner, mut refused) = match RequestPath::parse(path) {
            Ok(path) => {
                let segment = |at: usize| path.segments().get(at).map(AsRef::as_ref);
                let Verdict { owner, prefix } = self.owners.verdict(segment(0), segment(1));
                let canonical = path.canonical(prefix);
                if canonical != parts.uri.path() {
                    parts.uri = with_path(&parts.uri, &canonical);
                }
                (owner, None)
            }
            Err(fault) => {
                let (first, second) = first_two(path);
                let verdict = self.owners.verdict(first.as_deref(), second.as_deref());
                (verdict.owner, Some(Refused::Path(fault)))
            }
        };
        match authority {
            Ok(authority) => {
                parts.extensions.insert(authority);
            }
            Err(fault) => refused = Some(fault),
        }
        if let Some(fault) = self.oversize(parts) {
            refused = Some(fault);
        }
        if let Some(refused) = refused {
            parts.extensions.insert(refused);
        }
        parts.extensions.insert(owner);
        owner
    }

    fn oversize(&self, parts: &Parts) -> Option<Refused> {
        let sent = parts.extensions.get::<ReceivedUri>().and_then(|uri| uri.0.path_and_query());
        if sent.is_some_and(|target| target.as_str().len() > self.limits.url_bytes) {
            return Some(Refused::UrlTooLong { limit: self.limits.url_bytes });
        }
        let bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        (bytes > self.limits.header_bytes).then_some(Refused::HeadersTooLarge { limit: self.limits.header_bytes })
    }

    async fn answer(&self, owner: Owner, request: Request<Body>) -> Response<Body> {
        match self.faces.get(&owner) {
            Some(face) => match face.clone().oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            None => match request.extensions().get::<Refused>() {
                Some(refused) => problem(refused.status(), &refused.to_string()),
                None => problem(StatusCode::NOT_FOUND, "There is nothing at this address."),
            },
        }
    }
}

/// The same URI with another path; the query stays untouched.
fn with_path(uri: &Uri, path: &str) -> Uri {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(target).ok();
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

impl Service<Request<Body>> for Dispatcher {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let dispatcher = self.clone();
        Box::pin(async move { Ok(dispatcher.dispatch(request).await) })
    }
}
