//! Writing a query down again, so that reading it gives the same.

use std::fmt;

use super::{Condition, Query, Span, Who};
use crate::desk::span;

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.terms.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            let sign = if term.negated { "-" } else { "" };
            write!(f, "{space}{sign}{}", term.condition)?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Status(all) => write!(f, "status:{}", list(all)),
            Condition::Assignee(all) => write!(f, "assignee:{}", list(all)),
            Condition::Mentions(all) => write!(f, "mentions:{}", list(all)),
            Condition::Tag(all) => write!(f, "tag:{}", list(all)),
            Condition::Category(all) => {
                let words: Vec<&str> = all.iter().map(|one| one.as_ref().map_or("none", |one| one.as_str())).collect();
                write!(f, "category:{}", list(&words))
            }
            Condition::Priority(all) => write!(f, "priority:{}", list(all)),
            Condition::Waiting(span) => write!(f, "waiting:{span}"),
            Condition::Due(span) => write!(f, "due:{span}"),
            Condition::Quiet(span) => write!(f, "quiet:{span}"),
            Condition::Age(span) => write!(f, "age:{span}"),
            Condition::Customer(all) => write!(f, "customer:{}", quoted(all)),
            Condition::Group(all) => write!(f, "group:{}", quoted(all)),
            Condition::Language(all) => write!(f, "language:{}", quoted(all)),
            Condition::Before(at) => write!(f, "before:{at}"),
            Condition::After(at) => write!(f, "after:{at}"),
            Condition::Is(flag) => write!(f, "is:{}", flag.label()),
            Condition::Words(words) => write!(f, "\"{words}\""),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.less { '<' } else { '>' };
        write!(f, "{sign}{}", span::exact(self.span))
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Me => f.write_str("me"),
            Who::Nobody => f.write_str("none"),
            Who::Agent(name) => f.write_str(&name.0),
        }
    }
}

fn list<T: fmt::Display>(all: &[T]) -> String {
    let words: Vec<String> = all.iter().map(ToString::to_string).collect();
    if words.iter().any(|word| word.contains(char::is_whitespace)) {
        return format!("\"{}\"", words.join(","));
    }
    words.join(",")
}

/// One word with spaces or commas needs quotes; several never came from quotes.
fn quoted(words: &[String]) -> String {
    match words {
        [one] if one.contains([' ', ',']) => format!("\"{one}\""),
        all => all.join(","),
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_down_reads_the_same(text in prop::collection::vec(prop::sample::select(vec![
            "status:open,pending", "-tag:spam", "category:refund,none", "assignee:me,none", "mentions:me,tom", "waiting:>1d2h", "due:<30m", "priority:>=high", "is:live",
            "customer:@x,y", "customer:\"Anna B\"", "before:2026-11-01", "-after:2026-01-02", "\"exact words\"", "refund", "-1042",
            "group:acme", "language:uk", "age:7d", "quiet:<90s",
        ]), 0..6)) {
            let query = Query::parse(&text.join(" "), Tz::Europe__Kyiv).expect("a query");
            let again = Query::parse(&query.to_string(), Tz::UTC);
            prop_assert_eq!(again, Ok(query));
        }
    }
}
