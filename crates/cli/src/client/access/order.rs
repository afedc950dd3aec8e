//! What is said with an order.

use clap::Args;
use serde_json::{Value, json};

use crate::client::ttl::Ttl;

/// How long, from when, and why.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Terms {
    /// How long: 2h, 30m, PT2H, 01:30:00, or seconds [default: as long as the rules allow]
    #[arg(long = "for", value_name = "DURATION")]
    pub(crate) lasting: Option<Ttl>,
    /// When it begins: 2026-03-01T09:00:00Z [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) start: Option<String>,
    /// Why you need it
    #[arg(long, short = 'r', alias = "justification", value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Number of the ticket that asks for it
    #[arg(long, value_name = "NUMBER")]
    pub(crate) ticket: Option<String>,
    /// Where that ticket is
    #[arg(long, value_name = "NAME", requires = "ticket")]
    pub(crate) ticket_system: Option<String>,
    /// Ask whether it would be given, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl Terms {
    /// `ticketInfo` of the wire.
    pub(crate) fn ticket_info(&self) -> Option<Value> {
        self.ticket.as_ref().map(|number| json!({"ticketNumber": number, "ticketSystem": self.ticket_system}))
    }

    /// A length as the wire spells it.
    pub(crate) fn iso(lasting: Ttl) -> String {
        format!("PT{}S", lasting.0)
    }
}
