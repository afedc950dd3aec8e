//! Our credentials as initiator, out of one key tab: tickets are fetched with its key when they are needed, and kept in
//! memory. The library's safe wrapper knows only the key tab and the tickets of the process's environment, so this one
//! call is made by hand.

use std::{ffi::CString, path::Path, ptr};

use initiating::{
    credential::Cred,
    error::{Error, MajorFlags},
    oid::{GSS_MECH_KRB5, GSS_NT_KRB5_PRINCIPAL},
};
use libgssapi_sys::{
    _GSS_C_INDEFINITE, GSS_C_INITIATE, GSS_S_COMPLETE, OM_uint32, gss_OID_desc, gss_OID_set_desc,
    gss_acquire_cred_from, gss_buffer_desc, gss_cred_id_t, gss_cred_usage_t, gss_import_name,
    gss_key_value_element_desc, gss_key_value_set_desc, gss_name_t, gss_release_name,
};

use crate::KerberosError;

/// A principal whose key is in a key tab.
#[derive(Debug, Clone)]
pub struct Initiator {
    principal: String,
    keytab: CString,
    tickets: CString,
}

impl Initiator {
    /// `principal`, `account@REALM`, with its key in `keytab`. Nothing is read yet.
    ///
    /// # Errors
    /// [`KerberosError::Path`].
    pub fn new(principal: String, keytab: &Path) -> Result<Self, KerberosError> {
        let path = keytab.to_str().ok_or(KerberosError::Path)?;
        let name = |text: String| CString::new(text).map_err(|_| KerberosError::Path);
        // Tickets of different principals and key tabs do not mix.
        let tickets = name(format!("MEMORY:ephor {principal} {path}"))?;
        Ok(Self { keytab: name(format!("FILE:{path}"))?, tickets, principal })
    }

    /// Credentials of the principal. Waits for files and for the realm: not for threads that serve others.
    ///
    /// # Errors
    /// What the library says of the key tab or of the realm, in one line.
    pub fn credentials(&self) -> Result<Cred, String> {
        self.acquire().map_err(|error| one_line(&error))
    }

    #[expect(unsafe_code, reason = "the library's wrapper has no call that takes a key tab")]
    fn acquire(&self) -> Result<Cred, Error> {
        let oid = |oid: &'static [u8]| gss_OID_desc {
            length: OM_uint32::try_from(oid.len()).unwrap_or_default(),
            elements: oid.as_ptr().cast_mut().cast(),
        };
        let (mut mechanism, mut kind) = (oid(&GSS_MECH_KRB5), oid(&GSS_NT_KRB5_PRINCIPAL));
        let mut mechanisms = gss_OID_set_desc { count: 1, elements: &raw mut mechanism };
        let mut elements = [
            gss_key_value_element_desc { key: c"client_keytab".as_ptr(), value: self.keytab.as_ptr() },
            gss_key_value_element_desc { key: c"ccache".as_ptr(), value: self.tickets.as_ptr() },
        ];
        let count = OM_uint32::try_from(elements.len()).unwrap_or_default();
        let store = gss_key_value_set_desc { count, elements: elements.as_mut_ptr() };
        let mut minor = 0;
        let mut text =
            gss_buffer_desc { length: self.principal.len(), value: self.principal.as_ptr().cast_mut().cast() };
        let mut name: gss_name_t = ptr::null_mut();
        // SAFETY: the library reads the text, as long as it says it is, and makes a name of its own.
        let major = unsafe { gss_import_name(&raw mut minor, &raw mut text, &raw mut kind, &raw mut name) };
        if major != GSS_S_COMPLETE {
            return Err(Error { major: MajorFlags::from_bits_retain(major), minor });
        }
        let mut cred: gss_cred_id_t = ptr::null_mut();
        // SAFETY: every pointer is to a value that outlives the call, or null where the library takes null (RFC 2744 §5.2):
        // neither the granted mechanisms nor the lifetime are asked for. The library reads the name, the set of mechanisms
        // and the names of the key tab and of the place for tickets, all of which end where they say, and keeps copies.
        let major = unsafe {
            gss_acquire_cred_from(
                &raw mut minor,
                name,
                _GSS_C_INDEFINITE,
                &raw mut mechanisms,
                gss_cred_usage_t::try_from(GSS_C_INITIATE).unwrap_or_default(),
                &raw const store,
                &raw mut cred,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        let mut released = 0;
        // SAFETY: the library has made the name above, and nobody uses it any more.
        let _ = unsafe { gss_release_name(&raw mut released, &raw mut name) };
        if major == GSS_S_COMPLETE {
            // The library has just made it, and nobody else knows it.
            Ok(Cred::from(cred))
        } else {
            Err(Error { major: MajorFlags::from_bits_retain(major), minor })
        }
    }
}

fn one_line(error: &Error) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(300).collect()
}
