//! One ticket, judged by the library.

use std::{ffi::CString, path::Path};

use ephor_identity::negotiate::{Negotiated, NegotiationFault, Negotiator};
use libgssapi::{
    context::{SecurityContext as _, ServerCtx},
    error::{Error, MajorFlags},
    name::Name,
};

use crate::{KerberosError, KerberosSettings, credential};

/// Accepts tickets for the services of one key tab.
#[derive(Debug)]
pub(crate) struct Acceptor {
    keytab: CString,
    service: Option<String>,
    replay_cache: Option<CString>,
}

impl Acceptor {
    pub(crate) fn new(settings: KerberosSettings) -> Result<Self, KerberosError> {
        let named = |kind: &str, path: &Path| {
            let path = path.to_str().ok_or(KerberosError::Path)?;
            CString::new(format!("{kind}:{path}")).map_err(|_| KerberosError::Path)
        };
        Ok(Self {
            keytab: named("FILE", &settings.keytab)?,
            service: settings.service,
            replay_cache: settings.replay_cache.as_deref().map(|path| named("file2", path)).transpose()?,
        })
    }

    /// The key tab may hold keys of other services of this machine; their tickets are not for us.
    fn is_for_us(&self, target: &str) -> bool {
        match &self.service {
            Some(service) if service.contains('@') => service == target,
            Some(service) => target.split_once('@').is_some_and(|(name, _)| name == service),
            None => target.split_once('/').is_some_and(|(service, _)| service == "HTTP"),
        }
    }
}

impl Negotiator for Acceptor {
    fn accept(&self, token: &[u8]) -> Result<Negotiated, NegotiationFault> {
        // Anew each time: the key tab may have been replaced, and finding a key in it is the smallest part of the work.
        let credential =
            credential::acquire(&self.keytab, self.replay_cache.as_ref()).map_err(|error| unavailable(&error))?;
        let mut context = ServerCtx::new(Some(credential));
        let answer = context.step(token, None).map_err(|error| refused(&error))?;
        if !context.is_complete() {
            return Err(NegotiationFault::Incomplete);
        }
        let target = text(&context.target_name().map_err(|error| refused(&error))?)?;
        if !self.is_for_us(&target) {
            return Err(NegotiationFault::Refused { cause: format!("the ticket is for {target}, not for us") });
        }
        let client = text(&context.source_name().map_err(|error| refused(&error))?)?;
        Ok(Negotiated { client, answer: answer.map(|answer| answer.to_vec()) })
    }
}

fn text(name: &Name) -> Result<String, NegotiationFault> {
    let shown = name.display_name().map_err(|error| refused(&error))?;
    let not_text = || NegotiationFault::Refused { cause: "a name in the ticket is not UTF-8".to_owned() };
    String::from_utf8(shown.to_vec()).map_err(|_| not_text())
}

/// The ticket is at fault, unless the library says that our key tab is.
fn refused(error: &Error) -> NegotiationFault {
    let cause = one_line(error);
    if error.major.contains(MajorFlags::GSS_S_NO_CRED) {
        NegotiationFault::Unavailable { cause }
    } else {
        NegotiationFault::Refused { cause }
    }
}

fn unavailable(error: &Error) -> NegotiationFault {
    NegotiationFault::Unavailable { cause: one_line(error) }
}

fn one_line(error: &Error) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(300).collect()
}
