//! Our credentials as acceptor, out of one key tab. The library's safe wrapper knows only the key tab of the process's
//! environment, so this one call is made by hand.

use std::{
    ffi::{CStr, CString},
    ptr,
};

use libgssapi::{
    credential::Cred,
    error::{Error, MajorFlags},
    oid::{GSS_MECH_KRB5, GSS_MECH_SPNEGO},
};
use libgssapi_sys::{
    _GSS_C_INDEFINITE, GSS_C_ACCEPT, GSS_S_COMPLETE, OM_uint32, gss_OID_desc, gss_OID_set_desc, gss_acquire_cred_from,
    gss_cred_id_t, gss_cred_usage_t, gss_key_value_element_desc, gss_key_value_set_desc,
};

/// Credentials for every service of the key tab, for SPNEGO and for Kerberos beneath it: with one of the two alone, the
/// library refuses what browsers send.
///
/// # Errors
/// What the library says of the key tab.
#[expect(unsafe_code, reason = "the library's wrapper has no call that takes a key tab")]
pub(crate) fn acquire(keytab: &CStr, replay_cache: Option<&CString>) -> Result<Cred, Error> {
    let mut mechanisms = [&*GSS_MECH_SPNEGO, &*GSS_MECH_KRB5].map(|oid: &'static [u8]| gss_OID_desc {
        length: OM_uint32::try_from(oid.len()).unwrap_or_default(),
        elements: oid.as_ptr().cast_mut().cast(),
    });
    let mut mechanisms = gss_OID_set_desc { count: mechanisms.len(), elements: mechanisms.as_mut_ptr() };
    let mut elements = vec![gss_key_value_element_desc { key: c"keytab".as_ptr(), value: keytab.as_ptr() }];
    elements.extend(
        replay_cache.map(|cache| gss_key_value_element_desc { key: c"rcache".as_ptr(), value: cache.as_ptr() }),
    );
    let count = OM_uint32::try_from(elements.len()).unwrap_or_default();
    let store = gss_key_value_set_desc { count, elements: elements.as_mut_ptr() };
    let mut minor = 0;
    let mut cred: gss_cred_id_t = ptr::null_mut();
    // SAFETY: every pointer is to a value that outlives the call, or null where the library takes null (RFC 2744 §5.2):
    // no name means any of the key tab, and neither the granted mechanisms nor the lifetime are asked for. The library
    // reads the set of mechanisms and the key tab's name, both of which end where they say, and keeps copies.
    let major = unsafe {
        gss_acquire_cred_from(
            &raw mut minor,
            ptr::null_mut(),
            _GSS_C_INDEFINITE,
            &raw mut mechanisms,
            gss_cred_usage_t::try_from(GSS_C_ACCEPT).unwrap_or_default(),
            &raw const store,
            &raw mut cred,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if major == GSS_S_COMPLETE {
        // SAFETY: the library has just made it, and nobody else knows it.
        Ok(unsafe { Cred::from_c(cred) })
    } else {
        Err(Error { major: MajorFlags::from_bits_retain(major), minor })
    }
}
