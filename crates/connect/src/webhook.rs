//! Notifications as webhooks, signed as Standard Webhooks lays down.
//!
//! The body is the notification as JSON. `webhook-id` follows from the body, so a repeated delivery of one
//! notification carries the id of the first.

use std::{net::SocketAddr, sync::Arc};

use ephor_engine::port::{
    Clock,
    notify::{Notification, Notifier},
};
use futures_util::future::BoxFuture;
use uuid::Uuid;

use crate::outgoing::{Call, Endpoint, Limits, OutgoingConfig, OutgoingConfigError};

/// The name space of webhook ids.
const IDS: Uuid = Uuid::from_u128(0x6d0c_9f0e_6f57_5c0b_9b0a_2f6f_1d5e_77a1);

/// Delivers notifications by POST.
#[derive(Debug, Clone)]
pub struct Webhook {
    endpoint: Endpoint,
}

impl Webhook {
    /// The webhook as configured; `own` are the addresses we listen on ourselves.
    ///
    /// # Errors
    /// When the endpoint must not be called.
    pub fn new(
        config: &OutgoingConfig,
        own: &[SocketAddr],
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OutgoingConfigError> {
        Ok(Self { endpoint: Endpoint::new(config, own, clock, Limits::default())? })
    }
}

impl Notifier for Webhook {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let body = serde_json::to_vec(notification).map_err(|error| error.to_string())?;
            let id = format!("msg_{}", Uuid::new_v5(&IDS, &body).simple());
            let call = Call { path: &[], id: &id, body: Some(body) };
            // What a receiver says to a success does not matter, not even that it says too much.
            match self.endpoint.call(call).await {
                Ok(_) | Err(crate::outgoing::CallFault::TooLarge) => Ok(()),
                Err(fault) => Err(fault.to_string()),
            }
        })
    }
}
