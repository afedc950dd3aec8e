//! Several writes as one statement: each becomes a member of one `WITH`, so that the server is spoken to once.
//!
//! All members see the rows as they were before, and no row may be written by two of them.

use crate::sql::{Call, Statement};

/// Most writes in one statement; more go one by one.
pub(super) const LARGEST: usize = 24;

/// The text for these statements in a row. Members are written last to first, for the server runs them the other way
/// round: so they happen in order, as far as an order can be seen (numbers drawn from a sequence).
pub(super) fn text(statements: &[&'static Statement]) -> String {
    let mut members = Vec::with_capacity(statements.len());
    let mut used = 0;
    for (at, statement) in statements.iter().enumerate() {
        let mut member = format!("w{at} AS (");
        used += shift(statement.sql, used, &mut member);
        member.push(')');
        members.push(member);
    }
    members.reverse();
    format!("WITH {} SELECT 1", members.join(", "))
}

/// Copies `sql` with every `$n` moved by `used`; answers the highest `n`.
fn shift(sql: &str, used: usize, text: &mut String) -> usize {
    let mut highest = 0;
    let mut parts = sql.split('$');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = part.split_at(digits);
        let number: usize = number.parse().unwrap_or(0);
        highest = highest.max(number);
        text.push_str(&format!("${}{rest}", number + used));
    }
    highest
}

/// The key of a shape: the statements' addresses, for they are all statics.
pub(super) fn key(calls: &[Call]) -> Vec<usize> {
    calls.iter().map(|call| std::ptr::from_ref(call.statement) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through() {
        static A: Statement = Statement::new("a", "INSERT INTO a (x, y) VALUES ($1, $2)");
        static B: Statement = Statement::new("b", "UPDATE b SET x = $2, y = $2 WHERE id = $1");
        assert_eq!(
            text(&[&A, &B, &A]),
            "WITH w2 AS (INSERT INTO a (x, y) VALUES ($5, $6)), w1 AS (UPDATE b SET x = $4, y = $4 WHERE id = $3), \
             w0 AS (INSERT INTO a (x, y) VALUES ($1, $2)) SELECT 1"
        );
    }
}
