//! People of an outside issuer, a real one: through its pages into the portal, and by its tokens at the faces.

use std::collections::BTreeMap;

use ephor_testkit::{
    WorkDir, available_or_skip,
    oidc::{CLIENT_SECRET, Oidc},
    ports::Port,
    program::Running,
};
use serde_json::Value;

use crate::{
    ephor::{Answer, PATIENCE, call, configure, program, run},
    start::until_serving,
};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const ROOT: &str = "correct horse battery";

/// A server with one administrator and one outside issuer, named `corp`.
struct Server {
    running: Running,
    url: String,
    config: String,
    _port: Port,
    _folder: WorkDir,
}

/// What a browser keeps.
#[derive(Default, Clone)]
struct Browser(BTreeMap<String, String>);

impl Browser {
    fn send(&mut self, server: &Server, method: &str, path: &str, form: &str) -> Answer {
        let jar: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let jar = jar.join("; ");
        let headers = [FORM, ("Accept", "text/html"), ("Origin", server.url.as_str()), ("Cookie", jar.as_str())];
        let answer = call(&server.url, method, path, &headers, form);
        for line in answer.fields("set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => self.0.remove(name),
                _ => self.0.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// Presses the issuer's button, signs in there, and stands before the way back.
    fn there(&mut self, server: &Server, provider: &Oidc, then: &str) -> String {
        let left = self.send(server, "POST", "/portal/sign-in/outside", &format!("issuer=corp&then={then}"));
        assert_eq!(left.status, 200, "{left:?}");
        let refresh = left.body.split("content=\"0;url=").nth(1).unwrap().split('"').next().unwrap();
        let back = provider.browse(&refresh.replace("&amp;", "&")).unwrap();
        back.strip_prefix(&server.url).unwrap().to_owned()
    }
}

impl Server {
    fn start(provider: impl FnOnce(&str) -> Oidc) -> (Self, Oidc) {
        let (folder, port) = (WorkDir::new("outside").unwrap(), Port::reserve().unwrap());
        let url = format!("http://{}", port.address());
        let provider = provider(&format!("{url}/portal/sign-in/callback"));
        let text = format!(
            "public_url = '{url}'\n[identity.issuers.corp]\nissuer = '{}'\naudiences = ['api://ephor']\nclient_id = 'ephor'\n\
             client_secret = '{CLIENT_SECRET}'\nallow_private = true\n[identity.issuers.corp.mapping.scopes]\n\
             'Pam.Use' = ['Pam.Use']\n",
            provider.issuer()
        );
        let config = configure(folder.path(), &text);
        let listening = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, listening.replace("127.0.0.1:0", &port.address().to_string())).unwrap();
        let init = ["admin", "init", "--user", "root", "--password-stdin", "--config", &config];
        run(&init, &[], &format!("{ROOT}\n")).good();
        let mut running = program().args(["serve", "--config", &config]).start().unwrap();
        until_serving(&mut running);
        (Self { running, url, config, _port: port, _folder: folder }, provider)
    }

    fn root(&self, arguments: &[&str]) -> Value {
        let root = [("EPHOR_SERVER", self.url.as_str()), ("EPHOR_USER", "root"), ("EPHOR_PASSWORD", ROOT)];
        run(&[&["admin"], arguments, &["--json"]].concat(), &root, "").json()
    }

    /// Ends it in order; answers its records.
    fn stop(mut self) -> Vec<String> {
        assert!(self.running.terminate(PATIENCE).unwrap().success(), "{}", self.running.stderr());
        let out = run(&["audit", "export", "--config", &self.config], &[], "").good();
        out.lines().map(str::to_owned).collect()
    }
}

#[test]
fn f18_people_sign_in_to_the_portal_with_an_outside_issuer() {
    let Some(_) = available_or_skip(Oidc::start("alice", "http://127.0.0.1:9/", "one")) else { return };
    let (server, provider) = Server::start(|back| Oidc::start("alice", back, "one").unwrap());
    let mut browser = Browser::default();
    let page = browser.send(&server, "GET", "/portal/sign-in?then=%2Fportal%2Fsessions", "");
    assert!(page.body.contains("Sign in with corp"), "{page:?}");
    assert!(page.body.contains("name=\"then\" value=\"/portal/sessions\""), "{page:?}");

    // It is proved who she is, and that opens nothing: the page says what to ask for.
    let back = browser.there(&server, &provider, "%2Fportal%2Fsessions");
    let answer = browser.send(&server, "GET", &back, "");
    assert_eq!(answer.status, 403, "{answer:?}");
    for said in ["Ask an administrator", &provider.issuer(), "<code>alice</code>"] {
        assert!(answer.body.contains(said), "{said}: {answer:?}");
    }
    assert!(browser.0.is_empty(), "{:?}", browser.0);

    server.root(&["user", "new", "PRIV", "alice", "--priv-only", "--priv-account-active"]);
    server.root(&["person", "link-identity", "alice", &provider.issuer(), "alice"]);
    let back = browser.there(&server, &provider, "%2Fportal%2Fsessions");
    let left = browser.clone();
    let answer = browser.send(&server, "GET", &back, "");
    assert_eq!((answer.status, answer.field("location")), (303, Some("/portal/sessions")), "{answer:?}");
    assert_eq!(browser.0.keys().collect::<Vec<_>>(), ["ephor-plain"]);
    assert_eq!(browser.send(&server, "GET", "/portal/sessions", "").status, 200);
    let cookie = format!("ephor-plain={}", browser.0["ephor-plain"]);
    let pam = |cookie: &str| call(&server.url, "GET", "/api/pamresources/sessioninfo?v=1", &[("Cookie", cookie)], "");
    assert!(pam(&cookie).body.contains("PRIV\\\\alice"), "{:?}", pam(&cookie));

    // The same return a second time, another browser's return, a return that began nowhere, a refusal of the issuer.
    let mut thief = left.clone();
    let replayed = thief.send(&server, "GET", &back, "");
    assert!(replayed.status == 403 && replayed.body.contains("did not sign you in"), "{replayed:?}");
    let back = browser.there(&server, &provider, "%2F");
    let stolen = left.clone().send(&server, "GET", &back, "");
    assert!(stolen.status == 400 && stolen.body.contains("did not begin in this browser"), "{stolen:?}");
    let nowhere = Browser::default().send(&server, "GET", &back, "");
    assert_eq!(nowhere.status, 400, "{nowhere:?}");
    let mut unwilling = left.clone();
    let no = "/portal/sign-in/callback?error=access_denied&error_description=%3Cb%3Epay+me%3C%2Fb%3E&state=x";
    let refused = unwilling.send(&server, "GET", no, "");
    assert!(refused.status == 403 && !refused.body.contains("pay me"), "{refused:?}");
    assert!(refused.body.contains("name=\"then\" value=\"/portal/sessions\""), "the way back is kept: {refused:?}");
    for bad in [replayed, stolen, nowhere, refused] {
        assert_eq!(bad.cookie("ephor-plain"), None);
    }

    // Elsewhere is nowhere.
    let mut tempted = Browser::default();
    let back = tempted.there(&server, &provider, "%2F%2Fevil.example");
    assert_eq!(tempted.send(&server, "GET", &back, "").field("location"), Some("/"));
    let foreign = [FORM, ("Origin", "https://evil.example")];
    assert_eq!(call(&server.url, "POST", "/portal/sign-in/outside", &foreign, "issuer=corp").status, 403);
    assert_eq!(tempted.send(&server, "POST", "/portal/sign-in/outside", "issuer=other").status, 403);

    // Signing out ends it here, and says that it does not end it there.
    let out = browser.send(&server, "POST", "/portal/sign-out", "");
    assert_eq!(out.field("location"), Some("/portal/sign-out?outside"), "{out:?}");
    assert!(browser.send(&server, "GET", "/portal/sign-out?outside", "").body.contains("goes on"));
    assert_eq!(pam(&cookie).status, 401, "a stolen cookie after sign-out");

    // A disabled account is told what an unlinked identity is told.
    server.root(&["user", "set", "alice", "--priv-account-active=false"]);
    let back = browser.there(&server, &provider, "%2F");
    let off = browser.send(&server, "GET", &back, "");
    assert!(off.status == 403 && off.body.contains("Ask an administrator"), "{off:?}");

    // What anybody may ask for is bounded, and says when to come back.
    let asked: Vec<Answer> = (0..90)
        .map(|_| {
            call(&server.url, "POST", "/portal/sign-in/passkey", &[FORM, ("Origin", server.url.as_str())], "then=%2F")
        })
        .collect();
    let last = asked.last().unwrap();
    assert_eq!((last.status, last.field("retry-after")), (429, Some("1")), "{last:?}");

    let records = server.stop();
    let of = |kind: &str| records.iter().filter(|record| record.contains(kind)).cloned().collect::<Vec<_>>();
    let failed = of("signin.failed");
    for reason in ["not-linked", "outside-refused", "disabled"] {
        assert!(failed.iter().any(|record| record.contains(reason)), "{reason}: {failed:?}");
    }
    assert!(!records.iter().any(|record| record.contains("pay me")));
    let succeeded = of("signin.succeeded");
    assert!(succeeded.iter().any(|record| record.contains("federated")), "{succeeded:?}");
}

#[test]
fn tokens_of_an_outside_issuer_are_taken_by_the_faces_across_its_change_of_keys() {
    let Some(_) = available_or_skip(Oidc::start("alice", "http://127.0.0.1:9/", "one")) else { return };
    let (server, mut provider) = Server::start(|back| Oidc::start("alice", back, "one").unwrap());
    provider.announce("one", "two").unwrap();
    let session = |token: &str| {
        let bearer = format!("Bearer {token}");
        call(&server.url, "GET", "/api/pamresources/sessioninfo?v=1", &[("Authorization", &bearer)], "")
    };
    let before = provider.person_token().unwrap();
    let refused = session(&before);
    assert_eq!(refused.status, 401, "nobody is linked: {refused:?}");
    server.root(&["user", "new", "PRIV", "alice", "--priv-only", "--priv-account-active"]);
    server.root(&["person", "link-identity", "alice", &provider.issuer(), "alice"]);
    assert!(session(&before).body.contains("PRIV\\\\alice"), "{:?}", session(&before));

    provider.start_again("two").unwrap();
    let after = provider.person_token().unwrap();
    assert!(session(&after).body.contains("PRIV\\\\alice"), "{:?}", session(&after));
    // Its scope is mapped for the one face; what it claims besides opens nothing.
    let bearer = format!("Bearer {after}");
    let admin = call(&server.url, "GET", "/api/admin/v1/users", &[("Authorization", &bearer)], "");
    assert_eq!(admin.status, 403, "{admin:?}");
    server.root(&["person", "unlink-identity", "alice", &provider.issuer(), "alice", "--force"]);
    assert_eq!(session(&after).status, 401);
    server.stop();
}
