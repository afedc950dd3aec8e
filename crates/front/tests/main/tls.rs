use std::{net::SocketAddr, path::Path, sync::Arc};

use axum::body::Body;
use ephor_front::{
    Binding, Server,
    authority::{self, LocalCertificate},
    certificate::{CertificateError, Certificates},
};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::fixture::telling;

fn today() -> jiff::Timestamp {
    // The client of these tests judges certificates by the wall clock.
    let now = std::fs::metadata(tempfile::NamedTempFile::new().unwrap().path()).unwrap().modified().unwrap();
    now.try_into().unwrap()
}

async fn start(folder: &Path) -> (SocketAddr, LocalCertificate, Arc<Certificates>) {
    let files = authority::create(folder, &[], today()).unwrap();
    let certificates = Certificates::load(&files.chain, &files.key).unwrap();
    let socket = Binding::tls("127.0.0.1:0".parse().unwrap(), Arc::clone(&certificates)).bind().await.unwrap();
    let address = socket.local_address();
    tokio::spawn(Server::new(telling()).listen(socket).run(std::future::pending()));
    (address, files, certificates)
}

async fn connect(
    address: SocketAddr,
    authority: &Path,
    name: &str,
    protocol: &[u8],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test]
async fn http_1_1_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (address, files, _) = start(folder.path()).await;
    for name in ["localhost", "127.0.0.1"] {
        let mut stream = connect(address, &files.authority, name, b"http/1.1").await.unwrap();
        stream
            .write_all(b"GET /api/pamresources/x HTTP/1.1\r\nHost: localhost:8443\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.contains("authority=https://localhost:8443 "), "{answer}");
    }
}

#[tokio::test]
async fn http_2_by_alpn() {
    let folder = tempfile::tempdir().unwrap();
    let (address, files, _) = start(folder.path()).await;
    let stream = connect(address, &files.authority, "localhost", b"h2").await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://localhost:8443/V1.0/me?a=b").body(Body::empty()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["request-id"], "00000000-0000-0000-0000-000000000001");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body = String::from_utf8(body.to_vec()).unwrap();
    assert!(body.starts_with("graph GET https://localhost:8443/v1.0/me?a=b "), "{body}");
    assert!(body.contains("authority=https://localhost:8443 "), "{body}");
}

#[tokio::test]
async fn a_replaced_certificate_serves_new_handshakes() {
    let folder = tempfile::tempdir().unwrap();
    let (address, first, certificates) = start(folder.path()).await;
    let first_authority = folder.path().join("first.pem");
    std::fs::copy(&first.authority, &first_authority).unwrap();
    assert!(!certificates.reload().unwrap(), "nothing changed");

    let second = authority::create(folder.path(), &[], today()).unwrap();
    assert!(certificates.reload().unwrap());
    assert!(connect(address, &second.authority, "localhost", b"h2").await.is_ok());
    assert!(connect(address, &first_authority, "localhost", b"h2").await.is_err());

    std::fs::write(&second.chain, "nonsense").unwrap();
    assert!(matches!(certificates.reload(), Err(CertificateError::NoCertificate(_))));
    assert!(connect(address, &second.authority, "localhost", b"h2").await.is_ok(), "the old one stays");
}

#[test]
fn certificate_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let one = authority::create(folder.path(), &[], today()).unwrap();
    let other_folder = tempfile::tempdir().unwrap();
    let other = authority::create(other_folder.path(), &["ephor.example".to_owned()], today()).unwrap();
    let load = |chain: &Path, key: &Path| Certificates::load(chain, key).map(|_| ()).unwrap_err();

    assert!(matches!(load(&folder.path().join("none"), &one.key), CertificateError::Read { .. }));
    assert!(matches!(load(&one.key, &one.key), CertificateError::NoCertificate(_)));
    assert!(matches!(load(&one.chain, &one.chain), CertificateError::NoKey(_)));
    assert!(matches!(load(&one.chain, &other.key), CertificateError::Unfit { .. }));
}

#[cfg(unix)]
#[test]
fn the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let files = authority::create(folder.path(), &[], today()).unwrap();
    assert_eq!(std::fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
}
