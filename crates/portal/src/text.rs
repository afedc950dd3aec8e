//! Every text that people read, in one place.

pub(crate) const PRODUCT: &str = "Ephor";
pub(crate) const SKIP: &str = "Skip to the content";

pub(crate) mod nav {
    pub(crate) const LABEL: &str = "Pages";
    pub(crate) const HOME: &str = "Overview";
    pub(crate) const FACTORS: &str = "Second factors";
    pub(crate) const SESSIONS: &str = "Sessions";
    pub(crate) const SIGN_OUT: &str = "Sign out";
}

pub(crate) mod sign_in {
    pub(crate) const TITLE: &str = "Sign in";
    pub(crate) const NAME: &str = "Account";
    pub(crate) const NAME_HINT: &str = "jen, jen@example.com or DOMAIN\\jen";
    pub(crate) const PASSWORD: &str = "Password";
    pub(crate) const SUBMIT: &str = "Sign in";
    pub(crate) const OR: &str = "or";
    pub(crate) const PASSKEY: &str = "Sign in with a passkey";
    pub(crate) const TICKET: &str = "Sign in with Kerberos";
    pub(crate) const TICKET_TITLE: &str = "Sign in with Kerberos";
    pub(crate) const TICKET_NONE: &str =
        "Your browser showed no Kerberos ticket. It must be allowed to do so for this site, and you must have one.";
    pub(crate) const TICKET_WRONG: &str = "Your Kerberos ticket opens no account here. Use another way to sign in.";
    pub(crate) const WRONG: &str = "That account and password do not fit together. Check both and try again.";
    pub(crate) const SECOND_TITLE: &str = "One more step";
    pub(crate) const SECOND_LEAD: &str = "So far, so good. Now show that it is you.";
    pub(crate) const NOTHING_LEFT: &str =
        "None of your second factors can be used. Ask an administrator to reset them.";
    pub(crate) const START_OVER: &str = "Sign in as somebody else";
    pub(crate) const OVER: &str = "That took too long, so it was thrown away. Please sign in again.";
    pub(crate) const PASSKEY_TITLE: &str = "Sign in with a passkey";
    pub(crate) const PASSKEY_LEAD: &str = "Your device asks for your finger, face or PIN. Nothing is typed here.";
    pub(crate) const PASSKEY_WRONG: &str = "This passkey opens no account here. Try another one, or your password.";
    pub(crate) const WITH_PASSWORD: &str = "Use a password instead";
    pub(crate) const SIGNED_OUT: &str = "You are signed out.";
    pub(crate) const SIGNED_OUT_OUTSIDE: &str =
        "Only here: your sign-in at the other service goes on. On a shared computer, sign out there as well.";
    pub(crate) const OUTSIDE: &str = "Sign in with";
    pub(crate) const OUTSIDE_LEAVING: &str = "On to the other service";
    pub(crate) const OUTSIDE_LEAD: &str = "You sign in there and come back here.";
    pub(crate) const OUTSIDE_LINK: &str = "Continue";
    pub(crate) const OUTSIDE_REFUSED: &str = "The other service did not sign you in. Try again, or use another way.";
    pub(crate) const OUTSIDE_OVER: &str =
        "That sign-in did not begin in this browser, or took too long. Please begin again.";
    pub(crate) const OUTSIDE_DOWN: &str =
        "The other service does not answer just now. Try again in a moment, or use another way.";
    pub(crate) const OUTSIDE_LONG: &str =
        "The address you came from is too long to be kept on the way. Sign in first, then go there again.";
    pub(crate) const OUTSIDE_NONE_TITLE: &str = "No account for you here yet";
    pub(crate) const OUTSIDE_NONE: &str = "The other service knows you, but no account here that can be used is linked to you there. Ask an administrator to \
         link your account to this identity:";
    pub(crate) const OUTSIDE_ISSUER: &str = "Issuer";
    pub(crate) const OUTSIDE_SUBJECT: &str = "Subject";
    pub(crate) const OUTSIDE_OTHER_WAY: &str = "Use another way to sign in";
    pub(crate) const SIGNED_IN_AS: &str = "You are signed in as";
    pub(crate) const AGAIN: &str = "Signing in again begins a new session.";
}

pub(crate) mod code {
    pub(crate) const LABEL: &str = "Code";
    pub(crate) const HINT: &str = "Six digits from your authenticator app, or a recovery code";
    pub(crate) const SUBMIT: &str = "Continue";
    pub(crate) const WRONG: &str = "That code is not right. Use the one your app shows now.";
    pub(crate) const REPLAYED: &str = "That code was used already. Wait until your app shows the next one.";
    pub(crate) const NONE: &str = "This account has no authenticator app.";
}

pub(crate) mod passkey {
    pub(crate) const USE: &str = "Use your passkey";
    pub(crate) const TRY_AGAIN: &str = "Try again";
    pub(crate) const NEEDS_SCRIPT: &str = "Passkeys need scripts, which this browser does not run.";
    pub(crate) const UNSUPPORTED: &str = "This browser cannot use passkeys here.";
    pub(crate) const CANCELLED: &str = "Nothing was confirmed: the request was cancelled, timed out, or no key fits.";
    pub(crate) const KNOWN: &str = "This device holds a passkey of this account already.";
    pub(crate) const WRONG: &str = "That passkey did not answer as asked. Please try again.";
    pub(crate) const NOT_VERIFIED: &str =
        "The key was touched, but did not check that it is you. Use one with a PIN, finger or face.";
    pub(crate) const COPIED: &str =
        "This key may have been copied, so it was switched off and an alarm was raised. Ask your administrator.";
    pub(crate) const OVER: &str = "That took too long. Please try again.";
}

pub(crate) mod step_up {
    pub(crate) const TITLE: &str = "Confirm that it is you";
    pub(crate) const LEAD: &str = "What you are about to do asks for a fresh second factor.";
    pub(crate) const REQUEST_TITLE: &str = "Confirm your request";
    pub(crate) const REQUEST_LEAD: &str = "Your confirmation counts for this request and nothing else.";
    pub(crate) const ROLE: &str = "Role";
    pub(crate) const FOR: &str = "For";
    pub(crate) const REASON: &str = "Reason";
    pub(crate) const UNTIL: &str = "Confirm by";
    pub(crate) const NO_FACTOR: &str = "You have no second factor yet. Set one up first, then come back.";
    pub(crate) const NO_PASSKEY: &str =
        "This asks for a passkey, and you have none yet. Add one first, then come back.";
    pub(crate) const SET_UP: &str = "Set up a second factor";
    pub(crate) const BACK: &str = "Not now";
    pub(crate) const GONE: &str = "This request waits for nothing any more.";
    pub(crate) const DONE: &str = "Confirmed. Your request went on.";
}

pub(crate) mod home {
    pub(crate) const WAITING: &str = "Waiting for you";
    pub(crate) const CONFIRM: &str = "Confirm";
    pub(crate) const CONFIRM_BY: &str = "confirm by";
    pub(crate) const NOT_ENROLLED: &str = "No second factor yet";
    pub(crate) const NOT_ENROLLED_LEAD: &str = "A password alone can be guessed or taken. Set up a passkey or an app.";
    pub(crate) const ACCOUNT: &str = "Account";
    pub(crate) const SIGNED_IN: &str = "Signed in";
    pub(crate) const WITH: &str = "with";
    pub(crate) const FACTORS: &str = "Second factors";
    pub(crate) const SESSIONS: &str = "Open sessions";
    pub(crate) const MANAGE: &str = "Manage";
    pub(crate) const SET_UP: &str = "Set up";
    pub(crate) const LOOK: &str = "See them";
}

pub(crate) mod factors {
    pub(crate) const TITLE: &str = "Second factors";
    pub(crate) const LEAD: &str =
        "What you show besides your password. Keep at least two, so that losing one does not lock you out.";
    pub(crate) const NONE: &str = "Nothing is set up yet.";
    pub(crate) const APP: &str = "Authenticator app";
    pub(crate) const PASSKEY: &str = "Passkey";
    pub(crate) const ADDED: &str = "added";
    pub(crate) const USED: &str = "last used";
    pub(crate) const NEVER: &str = "never used";
    pub(crate) const DISABLED: &str = "Switched off: it may have been copied";
    pub(crate) const REMOVE: &str = "Remove";
    pub(crate) const ADD: &str = "Add another";
    pub(crate) const ADD_FIRST: &str = "Set up your first";
    pub(crate) const ADD_PASSKEY_LEAD: &str =
        "Your finger, face or PIN on a device or security key. Nothing that could be read out to somebody else.";
    pub(crate) const ADD_APP_LEAD: &str = "An app on your phone shows a new code every 30 seconds.";
    pub(crate) const LABEL: &str = "Name it";
    pub(crate) const ADD_PASSKEY: &str = "Add a passkey";
    pub(crate) const ADD_APP: &str = "Add an app";
    pub(crate) const NO_PASSKEYS: &str =
        "Passkeys are not available here: the server needs a public URL with a host name.";
    pub(crate) const RECOVERY: &str = "Recovery codes";
    pub(crate) const RECOVERY_LEAD: &str = "For the day on which everything else is lost. Each works once.";
    pub(crate) const RECOVERY_NONE: &str = "You have none.";
    pub(crate) const RECOVERY_LEFT: &str = "left";
    pub(crate) const RECOVERY_MAKE: &str = "Make recovery codes";
    pub(crate) const RECOVERY_AGAIN: &str = "Make new ones";
    pub(crate) const RECOVERY_TITLE: &str = "Your recovery codes";
    pub(crate) const RECOVERY_ONCE: &str =
        "Write them down or print them now: they are shown this once. Older ones work no more.";
    pub(crate) const RECOVERY_DONE: &str = "I have kept them";
    pub(crate) const LOCKED_SIGN_IN: &str =
        "To change second factors, sign in again: the last sign-in is more than ten minutes ago.";
    pub(crate) const LOCKED_FACTOR: &str = "To change second factors, confirm with one you have already.";
    pub(crate) const LOCKED_LINK: &str =
        "Your first second factor takes an enrolment link. Ask an administrator for one.";
    pub(crate) const SIGN_IN_AGAIN: &str = "Sign in again";
    pub(crate) const CONFIRM: &str = "Confirm that it is you";
    pub(crate) const APP_TITLE: &str = "Set up an authenticator app";
    pub(crate) const APP_SCAN: &str = "Scan this picture with your app.";
    pub(crate) const APP_KEY: &str = "No camera? Type this key instead:";
    pub(crate) const APP_CODE: &str = "Code that the app shows";
    pub(crate) const APP_FINISH: &str = "Finish";
    pub(crate) const PASSKEY_TITLE: &str = "Add a passkey";
    pub(crate) const PASSKEY_LEAD: &str =
        "Your browser asks where to keep the passkey, and for your finger, face or PIN.";
    pub(crate) const PASSKEY_CREATE: &str = "Create the passkey";
    pub(crate) const CANCEL: &str = "Cancel";
    pub(crate) const DONE_ADDED: &str = "Added. It counts from now on.";
    pub(crate) const DONE_REMOVED: &str = "Removed.";
    pub(crate) const BAD_LABEL: &str = "Give it a name of at most 60 characters.";
    pub(crate) const TOO_MANY: &str = "There are too many already. Remove one first.";
    pub(crate) const GONE: &str = "It is not there any more.";
    pub(crate) const DEFAULT_APP: &str = "Phone";
    pub(crate) const DEFAULT_PASSKEY: &str = "This device";
}

pub(crate) mod enrol {
    pub(crate) const TITLE: &str = "Set up your account";
    pub(crate) const LEAD: &str = "Choose the password you will sign in with. After that comes a second factor.";
    pub(crate) const PASSWORD: &str = "New password";
    pub(crate) const AGAIN: &str = "The same again";
    pub(crate) const SUBMIT: &str = "Set the password";
    pub(crate) const DIFFER: &str = "The two passwords are not the same.";
    pub(crate) const GONE_TITLE: &str = "This link works no more";
    pub(crate) const GONE: &str = "It was used, is over, or is not complete. Ask whoever gave it to you for a new one.";
}

pub(crate) mod sessions {
    pub(crate) const TITLE: &str = "Sessions";
    pub(crate) const LEAD: &str = "Where you are signed in. End what you do not recognise, and change your password.";
    pub(crate) const THIS: &str = "This session";
    pub(crate) const OTHER: &str = "Session";
    pub(crate) const BEGAN: &str = "began";
    pub(crate) const SEEN: &str = "last used";
    pub(crate) const ENDS: &str = "ends by";
    pub(crate) const FROM: &str = "from";
    pub(crate) const END: &str = "End";
    pub(crate) const END_OTHERS: &str = "End all others";
    pub(crate) const ENDED: &str = "Ended.";
}

pub(crate) mod error {
    pub(crate) const TITLE: &str = "That did not work";
    pub(crate) const NOT_FOUND: &str = "There is nothing at this address.";
    pub(crate) const METHOD: &str = "This page cannot be called like that.";
    pub(crate) const FORGERY: &str =
        "This call came from a page of somebody else, so nothing was done. Begin again from here.";
    pub(crate) const TOO_LARGE: &str = "That was more than this page takes.";
    pub(crate) const UNREADABLE: &str = "The form could not be read. Go back and try again.";
    pub(crate) const UNAVAILABLE: &str = "The service does not answer just now. Try again in a moment.";
    pub(crate) const UNANSWERED: &str = "The directory that would check this does not answer just now. Nothing is wrong with what you typed; try again soon.";
    pub(crate) const BUSY: &str = "Many people sign in at this moment. Try again in a few seconds.";
    pub(crate) const INTERNAL: &str = "Something went wrong on our side. It is in the log.";
    pub(crate) const HOME: &str = "To the overview";
}

pub(crate) mod go {
    pub(crate) const TITLE: &str = "One moment";
    pub(crate) const LEAD: &str = "You are taken back to where you came from.";
    pub(crate) const LINK: &str = "Continue";
}

/// How long to wait, in words.
pub(crate) fn too_many(seconds: i64) -> String {
    let wait = match seconds {
        ..=1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", (seconds + 59) / 60),
    };
    format!("There were too many attempts. The next one counts in {wait}.")
}

/// A number of things.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    match number {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        _ => format!("{number} {many}"),
    }
}

/// A length of time.
pub(crate) fn span(seconds: i64) -> String {
    let part = |number: i64, one: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    };
    match (seconds / 3600, seconds % 3600 / 60) {
        (0, 0) => part(seconds, "second"),
        (0, minutes) => part(minutes, "minute"),
        (hours, 0) => part(hours, "hour"),
        (hours, minutes) => format!("{} {}", part(hours, "hour"), part(minutes, "minute")),
    }
}
