use std::sync::Arc;

use ephor_engine::port::password::{DirectoryFault, PasswordDirectory, PasswordRefusal, PasswordVerdict};
use ephor_identity::{
    Accepted, Denied, Event, EventKind, Presented, Reason,
    directory::{FailureLimit, Site},
    event::FailureReason,
};
use ephor_store::tx::credential::Credential;
use futures_util::future::{BoxFuture, ready};
use http::HeaderMap;
use jiff::SignedDuration;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};

use crate::fixture::{App, JEN, address, app, basic, id, presented};

/// `nopass` has the password `in directory`; notes whom it is asked for.
#[derive(Default)]
struct Directory {
    asked: Mutex<Vec<String>>,
    down: Mutex<bool>,
    says: Mutex<Option<PasswordRefusal>>,
}

impl PasswordDirectory for Directory {
    fn verify<'a>(
        &'a self,
        account: &'a str,
        password: &'a SecretString,
    ) -> BoxFuture<'a, Result<PasswordVerdict, DirectoryFault>> {
        self.asked.lock().push(account.to_owned());
        let verdict = match *self.says.lock() {
            Some(why) => PasswordVerdict::Refused(why),
            None if account == "nopass" && password.expose_secret() == "in directory" => PasswordVerdict::Right,
            None => PasswordVerdict::Refused(PasswordRefusal::Wrong),
        };
        let down = DirectoryFault { cause: "down".to_owned() };
        Box::pin(ready(if *self.down.lock() { Err(down) } else { Ok(verdict) }))
    }
}

fn with_directory() -> (App, Arc<Directory>) {
    let (app, directory) = (app(), Arc::new(Directory::default()));
    let site = Site {
        name: "corp".to_owned(),
        domains: vec!["demo".to_owned()],
        directory: Arc::clone(&directory) as Arc<dyn PasswordDirectory>,
        failures: FailureLimit { most: 3, window: SignedDuration::from_mins(30) },
    };
    (App { identity: app.identity.with_directories([site]), ..app }, directory)
}

fn wrong() -> Denied {
    Denied::NotSignedIn(Reason::Wrong)
}

fn reasons(events: Vec<Event>) -> Vec<FailureReason> {
    let of = |event: Event| {
        let EventKind::SignInFailed { reason } = event.kind else { panic!("{event:?}") };
        reason
    };
    events.into_iter().map(of).collect()
}

async fn from(app: &App, last: u8, headers: &HeaderMap) -> Result<(), Denied> {
    let presented = Presented { address: address(last), ..presented(headers) };
    app.identity.caller(&presented, Accepted::PAM).await.map(drop)
}

#[tokio::test]
async fn the_directory_of_the_domain_is_asked_for_accounts_without_a_password_here() {
    let (app, directory) = with_directory();
    for name in ["nopass", "DEMO\\nopass", "NoPass@demo.test"] {
        let caller = app.ask(&basic(name, "in directory")).await.unwrap();
        assert_eq!(caller.principal.username(), "DEMO\\nopass");
    }
    assert_eq!(*directory.asked.lock(), ["nopass"], "then it is remembered for a minute");
    app.advance(SignedDuration::from_secs(60));
    app.ask(&basic("nopass", "in directory")).await.unwrap();
    assert_eq!(directory.asked.lock().len(), 2);
    assert_eq!(app.events(), []);
}

#[tokio::test]
async fn a_password_here_goes_before_one_there() {
    let (app, directory) = with_directory();
    *directory.down.lock() = true;
    app.ask(&basic("jen", "jen's password")).await.unwrap();
    assert!(directory.asked.lock().is_empty());
    *directory.down.lock() = false;
    // Whatever the directory would say of its own jen.
    assert_eq!(app.ask(&basic("jen", "in directory")).await, Err(wrong()));
    assert_eq!(reasons(app.events()), [FailureReason::WrongPassword]);
    assert!(!directory.asked.lock().contains(&"jen".to_owned()));
}

#[tokio::test]
async fn f18_a_directory_opens_no_account_that_is_held_back() {
    let (app, directory) = with_directory();
    let held = Credential::held(id(3), app.now());
    app.memory.0.lock().credentials.push(held);
    for password in ["in directory", "held", ""] {
        assert_eq!(app.ask(&basic("nopass", password)).await, Err(wrong()));
    }
    assert!(!directory.asked.lock().contains(&"nopass".to_owned()));
}

#[tokio::test]
async fn whatever_the_directory_says_the_answer_is_one_and_the_record_knows_why() {
    for why in [
        PasswordRefusal::Wrong,
        PasswordRefusal::NoAccount,
        PasswordRefusal::Disabled,
        PasswordRefusal::Locked,
        PasswordRefusal::Expired,
        PasswordRefusal::PasswordExpired,
        PasswordRefusal::MustChange,
        PasswordRefusal::Restricted,
    ] {
        let (app, directory) = with_directory();
        *directory.says.lock() = Some(why);
        assert_eq!(app.ask(&basic("nopass", "in directory")).await, Err(wrong()));
        assert_eq!(reasons(app.events()), [FailureReason::AtDirectory(why)]);
    }
}

#[tokio::test]
async fn an_empty_password_is_never_asked_for() {
    let (app, directory) = with_directory();
    for name in ["nopass", "nobody", "jen"] {
        assert_eq!(app.ask(&basic(name, "")).await, Err(wrong()), "{name}");
    }
    assert!(directory.asked.lock().is_empty());
}

#[tokio::test]
async fn a_directory_that_is_down_is_no_wrong_password_and_costs_nothing() {
    let (app, directory) = with_directory();
    for (name, right) in [("nopass", "in directory"), ("jen", "jen's password")] {
        app.ask(&basic(name, right)).await.unwrap();
    }
    app.advance(SignedDuration::from_secs(60));
    *directory.down.lock() = true;
    // From where he signed in before.
    for _ in 0..15 {
        assert_eq!(app.ask(&basic("nopass", "in directory")).await, Err(Denied::Unanswered));
    }
    // A wrong password that is kept here is wrong all the same.
    assert_eq!(app.ask(&basic("jen", "guess")).await, Err(wrong()));
    app.events();
    *directory.down.lock() = false;
    app.ask(&basic("nopass", "in directory")).await.unwrap();
}

#[tokio::test]
async fn f18_a_silent_directory_tells_strangers_no_names() {
    let mut told = Vec::new();
    for name in ["nopass", "nobody", "jen"] {
        let (app, directory) = with_directory();
        *directory.down.lock() = true;
        let mut answers = Vec::new();
        for _ in 0..12 {
            answers.push(from(&app, 7, &basic(name, "guess")).await);
        }
        assert_eq!(answers.iter().filter(|answer| **answer == Err(Denied::Unanswered)).count(), 10, "{name}");
        assert_eq!(directory.asked.lock().len(), 10, "{name}: as much work for each");
        told.push(answers);
        // The record knows what was wrong.
        let wrong = reasons(app.events()).into_iter().filter(|reason| *reason == FailureReason::WrongPassword).count();
        assert_eq!(wrong, if name == "jen" { 10 } else { 0 });
        // A right password of this server needs no directory.
        assert_eq!(from(&app, 8, &basic("jen", "jen's password")).await, Ok(()));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

#[tokio::test]
async fn guesses_from_everywhere_stop_before_the_directory_would_lock_the_account() {
    let (app, directory) = with_directory();
    for last in 1..=3 {
        assert_eq!(from(&app, last, &basic("nopass", "guess")).await, Err(wrong()), "{last}");
    }
    let wait = SignedDuration::from_mins(30);
    assert_eq!(from(&app, 4, &basic("nopass", "guess")).await, Err(Denied::TooMany { retry_after: wait }));
    assert_eq!(directory.asked.lock().len(), 3);
    // Nor does the right password get through: the directory would count the next wrong one.
    assert_eq!(from(&app, 5, &basic("nopass", "in directory")).await, Err(Denied::TooMany { retry_after: wait }));
    app.advance(wait);
    assert_eq!(from(&app, 5, &basic("nopass", "in directory")).await, Ok(()));
    // That one made the directory forget the others.
    app.advance(SignedDuration::from_mins(2));
    for last in 1..=3 {
        assert_eq!(from(&app, last, &basic("nopass", "guess")).await, Err(wrong()), "{last}");
    }
    let throttled = reasons(app.events()).into_iter().filter(|reason| *reason == FailureReason::Throttled).count();
    assert_eq!(throttled, 2);
}

#[tokio::test]
async fn strangers_learn_of_no_account_by_what_is_asked_or_refused() {
    for (name, id_of) in [("nopass", None), ("nobody", None), ("jen", Some(id(JEN)))] {
        let (app, directory) = with_directory();
        for last in 1..=3 {
            assert_eq!(from(&app, last, &basic(name, "guess")).await, Err(wrong()), "{name}");
        }
        let refused = from(&app, 4, &basic(name, "guess")).await;
        assert_eq!(refused, Err(Denied::TooMany { retry_after: SignedDuration::from_mins(30) }), "{name}");
        assert_eq!(directory.asked.lock().len(), 3, "{name}: as much work for each");
        let typed = directory.asked.lock().iter().any(|asked| asked == name);
        assert_eq!(typed, name == "nopass", "what a stranger typed goes nowhere");
        // From where somebody signed in before, a password kept here is always looked at.
        if id_of.is_some() {
            app.advance(SignedDuration::from_mins(31));
            from(&app, 9, &basic(name, "jen's password")).await.unwrap();
            for last in 1..=3 {
                assert_eq!(from(&app, last, &basic(name, "guess")).await, Err(wrong()));
            }
            app.advance(SignedDuration::from_mins(2));
            assert_eq!(from(&app, 9, &basic(name, "typo")).await, Err(wrong()));
            from(&app, 9, &basic(name, "jen's password")).await.unwrap();
        }
    }
}
