//! The workshop's decisions: for each the rules of the literature, and whether this machine's figures
//! support or contradict them.

mod claim;
mod rules;

pub use claim::{Claim, Verdict};

use crate::view::View;
use serde::{Deserialize, Serialize};

/// A decision, with its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id: `threads-or-processes`.
    pub id: String,
    /// The question.
    pub question: String,
    /// The advice from the figures.
    pub advice: String,
    /// The rules.
    pub rules: Vec<Ruling>,
}

/// A rule, and its verdict on this machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ruling {
    /// The rule in words.
    pub rule: String,
    /// The source of the rule.
    pub source: String,
    /// Whether the figures support it.
    pub verdict: Verdict,
    /// The figures, in words.
    pub figures: String,
}

/// A rule, without figures.
#[derive(Clone, Copy, Debug)]
struct Rule {
    says: &'static str,
    source: &'static str,
    claim: Claim,
}

/// A decision, without figures.
#[derive(Clone, Copy, Debug)]
struct Question {
    id: &'static str,
    question: &'static str,
    /// The rule that decides comes first.
    rules: &'static [Rule],
    /// The advice if it is backed.
    backed: &'static str,
    /// The advice if it is contradicted.
    contradicted: &'static str,
}

/// All decisions, in the workshop's order.
pub fn decide(view: &View<'_>) -> Vec<Decision> {
    rules::QUESTIONS
        .iter()
        .map(|question| question.decide(view))
        .collect()
}

impl Question {
    fn decide(&self, view: &View<'_>) -> Decision {
        let rules: Vec<Ruling> = self.rules.iter().map(|rule| rule.judge(view)).collect();
        let advice = match rules.first().map(|ruling| &ruling.verdict) {
            Some(Verdict::Backed) => self.backed.to_owned(),
            Some(Verdict::Contradicted) => self.contradicted.to_owned(),
            Some(Verdict::Undecided(why)) => format!("Not decided here: {why}."),
            None => String::new(),
        };
        Decision {
            id: self.id.to_owned(),
            question: self.question.to_owned(),
            advice,
            rules,
        }
    }
}

impl Rule {
    fn judge(&self, view: &View<'_>) -> Ruling {
        Ruling {
            rule: self.says.to_owned(),
            source: self.source.to_owned(),
            verdict: self.claim.judge(view),
            figures: self.claim.figures(view),
        }
    }
}

#[cfg(test)]
mod tests;
