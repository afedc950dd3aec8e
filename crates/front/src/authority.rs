//! A certificate authority of one's own, for `ephor demo` and tests: it signs one certificate and forgets its key.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// The files of a local authority and the certificate it signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalCertificate {
    /// `ca.pem`: what clients must trust.
    pub authority: PathBuf,
    /// `server.pem`: the certificate to serve.
    pub chain: PathBuf,
    /// `server.key`: its private key, readable by the owner alone.
    pub key: PathBuf,
}

/// Why no local certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A name is no DNS name or address.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A file cannot be written.
    #[error("cannot write {}: {cause}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

/// Days a served certificate is good for: browsers refuse more than 398.
const DAYS: i64 = 397;

/// Makes an authority and a certificate for `localhost`, 127.0.0.1, `::1` and `names`, good from the day before
/// `now`, and writes them into `folder`. The authority's key is never written: `ca.pem` vouches for this one
/// certificate and nothing else.
///
/// # Errors
/// When a name is unfit or a file cannot be written.
pub fn create(folder: &Path, names: &[String], now: Timestamp) -> Result<LocalCertificate, AuthorityError> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let first = today.yesterday().unwrap_or(today);
    let last = first.saturating_add(jiff::Span::new().days(DAYS));

    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Ephor local authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (authority.not_before, authority.not_after) = (midnight(first), midnight(last));
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut subjects = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    subjects.extend(names.iter().filter(|name| *name != "localhost").cloned());
    let mut leaf = CertificateParams::new(subjects)?;
    leaf.distinguished_name.push(DnType::CommonName, "localhost");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    (leaf.not_before, leaf.not_after) = (midnight(first), midnight(last));
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &authority)?;

    let files = LocalCertificate {
        authority: folder.join("ca.pem"),
        chain: folder.join("server.pem"),
        key: folder.join("server.key"),
    };
    write(&files.key, &key.serialize_pem(), true)?;
    write(&files.chain, &certificate.pem(), false)?;
    write(&files.authority, &authority.pem(), false)?;
    Ok(files)
}

fn midnight(day: Date) -> time::OffsetDateTime {
    let number = |part: i8| u8::try_from(part).expect("jiff's months and days are positive");
    date_time_ymd(i32::from(day.year()), number(day.month()), number(day.day()))
}

fn write(path: &Path, text: &str, private: bool) -> Result<(), AuthorityError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    options
        .open(path)
        .and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|cause| AuthorityError::Write { path: path.to_owned(), cause })
}
