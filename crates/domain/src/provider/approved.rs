//! What an approval gives: judged again by what holds at that instant (S3, `GRAPH T5`, `ARM 15.3`).

use jiff::Timestamp;

use super::order::Asked;
use crate::time::{Ttl, Window};

/// An approved order, and what holds when it is approved.
#[derive(Debug, Clone, Copy)]
pub struct Approved<'a> {
    /// What was asked for.
    pub asked: &'a Asked,
    /// The longest activation that policy allows now, at the scope and at the eligibility's own.
    pub maximum: Ttl,
    /// Without a schedule it lasts as long as policy allows.
    pub unsaid_is_the_maximum: bool,
    /// The eligibility that can be used now.
    pub eligible: Window,
    /// The instant of approval.
    pub now: Timestamp,
}

impl Approved<'_> {
    /// The window of an activation; `None` when nothing of it is left. What lasted longer than policy allows by now is cut.
    #[must_use]
    pub fn activation(&self) -> Option<Window> {
        let unsaid = self.unsaid_is_the_maximum.then_some(self.maximum);
        let window = self.asked.window(self.now, unsaid).ok()?;
        self.fit(window)
    }

    /// What is left, from now on, of a running activation that was to last longer; `None` when nothing is won. How long it
    /// may last is counted from now (`ARM A-19`), whatever start was named.
    #[must_use]
    pub fn prolonged(&self, held: Window) -> Option<Window> {
        let end = self.asked.extended_end(self.now)?;
        let window = self.fit(Window::new(self.now, Some(end)).ok()?)?;
        let is_won = held.end().is_some_and(|present| window.end().is_some_and(|end| present < end));
        is_won.then_some(window)
    }

    fn fit(&self, window: Window) -> Option<Window> {
        let window = window.cut(Some(self.maximum.after(window.start())))?;
        if !self.eligible.covers(window.start()) {
            return None;
        }
        window.cut(self.eligible.end())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::order::AskedEnd, *};

    const HOUR: i64 = 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + second).unwrap()
    }

    fn asked(start: Option<i64>, end: AskedEnd) -> Asked {
        Asked { start: start.map(at), end }
    }

    fn approved(asked: &Asked) -> Approved<'_> {
        Approved {
            asked,
            maximum: Ttl::hours(2),
            unsaid_is_the_maximum: false,
            eligible: Window::new(at(-HOUR), Some(at(10 * HOUR))).unwrap(),
            now: at(0),
        }
    }

    fn until(window: Option<Window>) -> Option<Timestamp> {
        window.and_then(|window| window.end())
    }

    #[test]
    fn f14_a_lower_maximum_and_a_shorter_eligibility_cut_what_is_approved() {
        let long = asked(None, AskedEnd::After(Ttl::hours(8)));
        assert_eq!(until(approved(&long).activation()), Some(at(2 * HOUR)));
        let short = asked(None, AskedEnd::After(Ttl::hours(1)));
        assert_eq!(until(approved(&short).activation()), Some(at(HOUR)));
        let absolute = asked(Some(-HOUR), AskedEnd::At(at(HOUR / 2)));
        assert_eq!(until(approved(&absolute).activation()), Some(at(HOUR / 2)));
        let later = asked(Some(9 * HOUR), AskedEnd::After(Ttl::hours(2)));
        assert_eq!(until(approved(&later).activation()), Some(at(10 * HOUR)));
        let too_late = asked(Some(11 * HOUR), AskedEnd::After(Ttl::hours(1)));
        assert_eq!(approved(&too_late).activation(), None);
        let over = asked(None, AskedEnd::At(at(-1)));
        assert_eq!(approved(&over).activation(), None);
        let unsaid = asked(None, AskedEnd::Unsaid);
        let whole = Approved { unsaid_is_the_maximum: true, ..approved(&unsaid) };
        assert_eq!(until(whole.activation()), Some(at(2 * HOUR)));
    }

    #[test]
    fn a_start_in_the_past_makes_no_extension_longer() {
        let held = Window::new(at(-HOUR), Some(at(HOUR / 2))).unwrap();
        // 200 days that began 200 days ago and an hour and 50 minutes from now end.
        let days = 200 * 24 * HOUR;
        let asked_length = Ttl::between(at(-days), at(6600));
        let trick = asked(Some(-days), AskedEnd::After(asked_length));
        assert_eq!(until(approved(&trick).prolonged(held)), Some(at(6600)));
        let long = asked(None, AskedEnd::After(Ttl::hours(8)));
        assert_eq!(until(approved(&long).prolonged(held)), Some(at(2 * HOUR)));
        let nothing = asked(None, AskedEnd::After(Ttl::minutes(20)));
        assert_eq!(approved(&nothing).prolonged(held), None);
        assert_eq!(approved(&asked(None, AskedEnd::Never)).prolonged(held), None);
    }
}
