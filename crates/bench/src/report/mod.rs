//! What a benchmark says: figure, floor, ratio, target, and by how much a target was missed.

mod quantity;
mod table;

use serde::Serialize;

pub use quantity::Quantity;

/// One figure beside the machine's own floor of the same run.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// The promise it belongs to: `V1`, `R1`.
    pub promise: &'static str,
    /// What was done.
    pub work: String,
    /// What came of it.
    pub figure: Quantity,
    /// More of the same: percentiles, sizes.
    pub detail: String,
    /// What the machine gives at best.
    pub floor: Option<Floor>,
    /// Figure to floor.
    pub ratio: Option<f64>,
    /// What was promised.
    pub checks: Vec<Check>,
}

/// A floor and what it is.
#[derive(Debug, Clone, Serialize)]
pub struct Floor {
    /// What was done without Ephor.
    pub work: String,
    /// What came of it.
    pub figure: Quantity,
}

/// A promised bound and how it was kept. Never an assertion: the machine is not ours.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// The bound in words, as the promise has it.
    pub target: String,
    /// Which way.
    bound: Bound,
    is: f64,
    /// Kept.
    pub met: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Line {
    /// A figure on its own.
    #[must_use]
    pub fn new(promise: &'static str, work: impl Into<String>, figure: Quantity) -> Self {
        Self { promise, work: work.into(), figure, detail: String::new(), floor: None, ratio: None, checks: Vec::new() }
    }

    /// With more to say.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Beside its floor; the ratio follows.
    #[must_use]
    pub fn floor(mut self, work: impl Into<String>, figure: Quantity) -> Self {
        self.ratio = self.figure.ratio_to(figure);
        self.floor = Some(Floor { work: work.into(), figure });
        self
    }

    /// The figure is to be at least this.
    #[must_use]
    pub fn at_least(self, bound: Quantity) -> Self {
        let is = self.figure.size();
        self.check(format!("≥ {bound}"), Bound::AtLeast(bound.size()), Some(is))
    }

    /// The figure is to be at most this.
    #[must_use]
    pub fn at_most(self, bound: Quantity) -> Self {
        let is = self.figure.size();
        self.check(format!("≤ {bound}"), Bound::AtMost(bound.size()), Some(is))
    }

    /// Something said of the same run is to be at most this.
    #[must_use]
    pub fn other_at_most(self, what: &str, is: Quantity, bound: Quantity) -> Self {
        self.check(format!("{what} ≤ {bound}"), Bound::AtMost(bound.size()), Some(is.size()))
    }

    /// At least this part of the floor.
    #[must_use]
    pub fn ratio_at_least(self, bound: f64) -> Self {
        let is = self.ratio;
        self.check(format!("≥ {:.0} % of the floor", bound * 100.0), Bound::AtLeast(bound), is)
    }

    /// At most so many times the floor.
    #[must_use]
    pub fn ratio_at_most(self, bound: f64) -> Self {
        let is = self.ratio;
        self.check(format!("≤ {bound} × the floor"), Bound::AtMost(bound), is)
    }

    fn check(mut self, target: String, bound: Bound, is: Option<f64>) -> Self {
        if let Some(is) = is {
            let met = match bound {
                Bound::AtLeast(least) => is >= least,
                Bound::AtMost(most) => is <= most,
            };
            self.checks.push(Check { target, bound, is, met });
        }
        self
    }
}

impl Check {
    /// `met`, or by how much it was missed.
    #[must_use]
    pub fn verdict(&self) -> String {
        let by = match self.bound {
            _ if self.met => return "met".to_owned(),
            Bound::AtLeast(least) => (least - self.is) / least,
            Bound::AtMost(most) => (self.is - most) / most,
        };
        format!("missed by {:.0} %", (by * 100.0).max(1.0))
    }
}

/// All that a run said, and on what machine.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Floors of the machine itself.
    pub machine: Vec<(String, String)>,
    /// The lines.
    pub lines: Vec<Line>,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_says_by_how_much_it_missed() {
        let line = Line::new("V1", "activate", Quantity::Rate(9_000.0))
            .floor("bare store", Quantity::Rate(18_000.0))
            .at_least(Quantity::Rate(10_000.0))
            .ratio_at_least(0.4);
        assert_eq!(line.ratio, Some(0.5));
        let said: Vec<_> = line.checks.iter().map(|check| (check.target.as_str(), check.verdict())).collect();
        assert_eq!(said, [("≥ 10,000/s", "missed by 10 %".to_owned()), ("≥ 40 % of the floor", "met".to_owned())]);
    }

    #[test]
    fn times_are_better_when_smaller() {
        let time = |ms| Quantity::Time(Duration::from_millis(ms));
        let line =
            Line::new("R1", "ends", time(6_000)).floor("raw", time(5_000)).at_most(time(5_000)).ratio_at_most(1.5);
        assert_eq!(line.checks[0].verdict(), "missed by 20 %");
        assert_eq!(line.checks[1].verdict(), "met");
    }
}
