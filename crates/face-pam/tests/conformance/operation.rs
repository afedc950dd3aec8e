//! PAM-131 to PAM-133: the service in trouble, and PAM-015 over a socket.

use std::{net::SocketAddr, time::Duration};

use ephor_domain::id::PrincipalId;
use ephor_engine::admin::configuration::SetConfiguration;
use ephor_front::{Server, bind::Binding};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
};

use crate::app::{Setup, minutes, on_both, on_both_with, text};

fn maintenance(on: bool) -> SetConfiguration {
    SetConfiguration { maintenance: Some(on), ..SetConfiguration::default() }
}

#[tokio::test]
async fn pam_131_maintenance_refuses_new_requests_and_nothing_else() {
    on_both(async |app| {
        let (jen, pat) = (app.caller("jen"), app.caller("pat"));
        let (active, pending, other) =
            (jen.create("R0", 600).await, jen.create("R1", 600).await, jen.create("R1", 600).await);
        app.configure(maintenance(true)).await;
        let reply = jen.ask("R0", "RequestedTTL=60").await;
        reply.refused(503, "Maintenance");
        assert_eq!(reply.header("retry-after"), "300");
        assert_eq!(jen.list("pamroles").await.len(), 5);
        assert_eq!(jen.list("pamrequests").await.len(), 3);
        assert_eq!(jen.list("sessioninfo").await.len(), 1);
        pat.decide(&pat.approval_of(&pending).await, "Approve").await.done();
        pat.decide(&pat.approval_of(&other).await, "Reject").await.done();
        jen.close(&pending).await.done();
        app.advance(minutes(10)).await;
        assert_eq!(jen.status(&active).await, "Expired");
        assert_eq!(text(&jen.create("R0", 0).await["RequestStatus"]), "Closed", "giving up is always possible");
        app.configure(maintenance(false)).await;
        assert_eq!(text(&jen.create("R0", 60).await["RequestStatus"]), "Active");
    })
    .await;
}

#[tokio::test]
async fn pam_132_without_its_store_the_service_is_unavailable() {
    on_both(async |app| {
        let nobody = PrincipalId::new(uuid::Uuid::nil());
        let key = format!("(guid'{nobody}')");
        let role = app.role_id("R0");
        let jen = app.caller("jen");
        jen.list("pamroles").await;
        app.lose_store().await;
        for reply in [
            jen.get("pamroles").await,
            jen.post(&format!("pamrequests?RoleId={role}&RequestedTTL=60")).await,
            jen.get("pamrequests").await,
            jen.post(&format!("pamrequests{key}/Close")).await,
            jen.get("pamrequeststoapprove").await,
            jen.post(&format!("pamrequeststoapprove{key}/Approve")).await,
            jen.post(&format!("pamrequeststoapprove{key}/Reject")).await,
        ] {
            reply.refused(503, "ServiceUnavailable");
            assert_eq!(reply.header("retry-after"), "5");
        }
        app.restart().await;
        assert_eq!(app.caller("jen").list("pamroles").await.len(), 5);
    })
    .await;
}

#[tokio::test]
async fn pam_133_a_directory_that_does_not_answer_in_time() {
    let impatient = Setup { patience: Duration::from_millis(200), ..Setup::default() };
    on_both_with(impatient, async |app| {
        app.caller("slow").get("pamroles").await.refused(408, "Timeout");
        app.caller("hangs").ask("R0", "RequestedTTL=60").await.refused(408, "Timeout");
    })
    .await;
}

/// Speaks HTTP/1.1 as bytes: status lines are not there without a socket.
async fn spoken(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let call = format!("{head}Host: pam.test:8086\r\nConnection: close\r\n\r\n");
    stream.write_all(call.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn pam_015_status_lines_carry_the_usual_phrases() {
    on_both(async |app| {
        let socket = Binding::plain("127.0.0.1:0".parse().unwrap(), true).unwrap().bind().await.unwrap();
        let address = socket.local_address();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = Server::new(app.dispatcher()).listen(socket).run(async {
            let _ = stopped.await;
        });
        let server = tokio::spawn(server);
        let role = app.role_id("R0");
        let headers = app.caller("jen").headers();
        let basic = headers["authorization"].to_str().unwrap();
        let signed_in = format!("Authorization: {basic}\r\n");
        let base = "/api/pamresources";
        for (head, line) in [
            (format!("GET {base}/pamroles HTTP/1.1\r\n{signed_in}"), "HTTP/1.1 200 OK"),
            (
                format!("POST {base}/pamrequests?RoleId={role}&RequestedTTL=60 HTTP/1.1\r\nContent-Length: 0\r\n{signed_in}"),
                "HTTP/1.1 201 Created",
            ),
            (format!("GET {base}/pamroles HTTP/1.1\r\n"), "HTTP/1.1 401 Unauthorized"),
            (
                format!("POST {base}/pamrequests?RoleId={role}&RequestedTTL=60 HTTP/1.1\r\nOrigin: http://evil.test\r\nContent-Length: 0\r\n{signed_in}"),
                "HTTP/1.1 403 Forbidden",
            ),
            (format!("GET {base}/x HTTP/1.1\r\n{signed_in}"), "HTTP/1.1 404 Not Found"),
            (format!("DELETE {base}/pamroles HTTP/1.1\r\n{signed_in}"), "HTTP/1.1 405 Method Not Allowed"),
            (format!("GET {base}/pamroles?v=2 HTTP/1.1\r\n{signed_in}"), "HTTP/1.1 400 Bad Request"),
        ] {
            let answer = spoken(address, &head).await;
            assert_eq!(answer.lines().next().unwrap(), line);
        }
        let made = app.caller("jen").create("R0", 60).await;
        let id = text(&made["RequestId"]);
        let close = format!("POST {base}/pamrequests(guid'{id}')/Close HTTP/1.1\r\nContent-Length: 0\r\n{signed_in}");
        let answer = spoken(address, &close).await.to_lowercase();
        assert!(answer.contains("\r\ncontent-length: 0\r\n"), "{answer}");
        assert!(!answer.contains("\r\ncontent-type:"), "{answer}");
        stop.send(()).unwrap();
        server.await.unwrap();
    })
    .await;
}
