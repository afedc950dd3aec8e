//! Calls that no face may serve, but whose owner renders the answer in its own envelope (seams §2).

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::body::Body;
use futures_util::future::{Either, Ready, ready};
use http::{Request, Response, StatusCode, request::Parts};
use tower::{Layer, Service};

use crate::path::PathFault;

/// Why a call must not be served. Stands in the request's extensions; [`RefusedLayer`] answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The path cannot be read.
    #[error("{0}")]
    Path(PathFault),
    /// The request target is longer than [`crate::Limits::url_bytes`].
    #[error("the URL is longer than {limit} bytes")]
    UrlTooLong {
        /// Most bytes allowed.
        limit: usize,
    },
    /// The header block is longer than [`crate::Limits::header_bytes`].
    #[error("the header fields are longer than {limit} bytes")]
    HeadersTooLarge {
        /// Most bytes allowed.
        limit: usize,
    },
    /// `Host` is given twice or is no host name.
    #[error("the Host header is not a host name with an optional port")]
    Host,
}

impl Refused {
    /// The status that fits.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Path(_) | Self::Host => StatusCode::BAD_REQUEST,
            Self::UrlTooLong { .. } => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

/// How an owner renders a [`Refused`] call.
pub type Render = fn(Refused, &Parts) -> Response<Body>;

/// Answers refused calls with the owner's own rendering. Each face puts it inside its CORS layer and outside its
/// router; the path of a refused call is left as it was sent, so a router without this layer finds no route for it.
#[derive(Debug, Clone, Copy)]
pub struct RefusedLayer {
    render: Render,
}

impl RefusedLayer {
    /// The layer that renders with `render`.
    #[must_use]
    pub fn new(render: Render) -> Self {
        Self { render }
    }
}

impl<S> Layer<S> for RefusedLayer {
    type Service = AnswerRefused<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AnswerRefused { inner, render: self.render }
    }
}

/// The service made by [`RefusedLayer`].
#[derive(Debug, Clone)]
pub struct AnswerRefused<S> {
    inner: S,
    render: Render,
}

impl<S> Service<Request<Body>> for AnswerRefused<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response<Body>, Infallible>>, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match request.extensions().get::<Refused>() {
            Some(refused) => {
                let refused = *refused;
                let (parts, _) = request.into_parts();
                Either::Left(ready(Ok((self.render)(refused, &parts))))
            }
            None => Either::Right(self.inner.call(request)),
        }
    }
}
