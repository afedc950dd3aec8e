//! A target that does all it is told, at once.

use ephor_domain::id::TargetId;
use ephor_engine::port::target::{
    Change, Health, MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory, TargetFault, TargetGroup,
};
use futures_util::future::{BoxFuture, ready};

/// A target that does all it is told.
pub(super) struct Obedient(pub(super) TargetId);

type Answer<'a, T> = BoxFuture<'a, Result<T, TargetFault>>;

fn answer<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(ready(Ok(value)))
}

impl TargetDirectory for Obedient {
    fn id(&self) -> TargetId {
        self.0
    }

    fn apply<'a>(&'a self, _: &'a TargetGroup, changes: &'a [Change]) -> Answer<'a, Vec<Outcome>> {
        answer(changes.iter().map(|_| Outcome::Done).collect())
    }

    fn are_members<'a>(&'a self, _: &'a TargetGroup, accounts: &'a [TargetAccount]) -> Answer<'a, Vec<bool>> {
        answer(vec![false; accounts.len()])
    }

    fn members<'a>(&'a self, _: &'a TargetGroup) -> Answer<'a, Vec<String>> {
        answer(Vec::new())
    }

    fn member_key(&self, _: &TargetGroup, account: &TargetAccount) -> String {
        account.native.clone()
    }

    fn self_test<'a>(&'a self, _: &'a [TargetGroup]) -> Answer<'a, Health> {
        answer(Health { writable: true, native_expiry: false, product: None, ..Health::default() })
    }

    fn find_account<'a>(&'a self, login: &'a str) -> Answer<'a, Option<String>> {
        answer(Some(login.to_owned()))
    }

    fn find_group<'a>(&'a self, _: &'a str) -> Answer<'a, Option<(String, MemberAttribute)>> {
        answer(None)
    }

    fn create_account<'a>(&'a self, new: &'a NewAccount) -> Answer<'a, String> {
        answer(new.login.clone())
    }

    fn create_group<'a>(&'a self, name: &'a str) -> Answer<'a, (String, MemberAttribute)> {
        answer((name.to_owned(), MemberAttribute::default()))
    }

    fn set_enabled<'a>(&'a self, _: &'a TargetAccount, _: bool) -> Answer<'a, bool> {
        answer(false)
    }
}
