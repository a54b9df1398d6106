//! The claim that a rule makes about figures, and whether the figures support it.

use crate::figure::{Beside, Figure, LEAST_RUNS};
use crate::view::View;
use serde::{Deserialize, Serialize};

/// A claim about figures, by their ids.
#[derive(Clone, Copy, Debug)]
pub enum Claim {
    /// The first is less than the second.
    Less(&'static str, &'static str),
    /// A figure is at least this much.
    AtLeast(&'static str, f64),
    /// A figure is at most this much.
    AtMost(&'static str, f64),
    /// The first is at least this many times the second.
    TimesAtLeast(&'static str, &'static str, f64),
    /// The first is at most this many times the second.
    TimesAtMost(&'static str, &'static str, f64),
}

/// The verdict of the figures on a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds here, by more than the noise.
    Backed,
    /// The opposite holds here, by more than the noise.
    Contradicted,
    /// Neither is certain, and the reason.
    Undecided(String),
}

impl Verdict {
    /// The verdict in a word or two.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Backed => "backed",
            Verdict::Contradicted => "contradicted",
            Verdict::Undecided(_) => "not decided here",
        }
    }
}

impl Claim {
    fn ids(&self) -> Vec<&'static str> {
        match *self {
            Claim::AtLeast(id, _) | Claim::AtMost(id, _) => vec![id],
            Claim::Less(a, b) | Claim::TimesAtLeast(a, b, _) | Claim::TimesAtMost(a, b, _) => {
                vec![a, b]
            }
        }
    }

    /// Whether the figures support it. A time that was measured on a busy machine decides nothing, and a
    /// difference within the noise never decides anything.
    pub fn judge(&self, view: &View<'_>) -> Verdict {
        let undecided = |why: String| Verdict::Undecided(why);
        let mut figures = Vec::new();
        for id in self.ids() {
            let Some(figure) = view.figure(id) else {
                return undecided(missing(view, id));
            };
            if !view.believes(id) {
                return undecided("the machine was busy".to_owned());
            }
            if figure.runs < LEAST_RUNS {
                return undecided(format!("fewer than {LEAST_RUNS} runs"));
            }
            figures.push(figure);
        }
        let holds = match *self {
            Claim::Less(..) => match figures[0].beside(&figures[1]) {
                Beside::Less => Some(true),
                Beside::Greater => Some(false),
                Beside::Close => None,
            },
            Claim::AtLeast(_, value) => above(&figures[0], value),
            Claim::AtMost(_, value) => above(&figures[0], value).map(|above| !above),
            Claim::TimesAtLeast(_, _, value) => figures[0]
                .over(&figures[1])
                .and_then(|times| above(&times, value)),
            Claim::TimesAtMost(_, _, value) => {
                let times = figures[0].over(&figures[1]);
                times
                    .and_then(|times| above(&times, value))
                    .map(|above| !above)
            }
        };
        match holds {
            Some(true) => Verdict::Backed,
            Some(false) => Verdict::Contradicted,
            None => undecided("the difference is inside the noise".to_owned()),
        }
    }

    /// Its figures as text.
    pub fn figures(&self, view: &View<'_>) -> String {
        let ids = self.ids();
        let told = ids.iter().filter_map(|id| {
            let (_, title) = view.get(id)?;
            Some(format!("{title}: {}", view.words(id)))
        });
        let mut told: Vec<String> = told.collect();
        if let Claim::TimesAtLeast(a, b, _) | Claim::TimesAtMost(a, b, _) | Claim::Less(a, b) =
            *self
        {
            let ratio = view
                .figure(a)
                .zip(view.figure(b))
                .and_then(|(a, b)| a.over(&b));
            // The end of what was measured has no ratio.
            if let Some(ratio) = ratio.filter(|it| it.high < 1e12 && it.low > 0.0) {
                told.push(format!("the first is {ratio} times the second"));
            }
        }
        told.join("; ")
    }
}

/// Whether all of a figure's range lies at or above a value, or all of it below.
fn above(figure: &Figure, value: f64) -> Option<bool> {
    match () {
        () if figure.low >= value => Some(true),
        () if figure.high < value => Some(false),
        () => None,
    }
}

fn missing(view: &View<'_>, id: &str) -> String {
    let remark = view.book.row(id).and_then(|row| row.remark.as_deref());
    match (id.split('/').next(), remark) {
        (_, Some(remark)) => remark.to_owned(),
        (Some("python"), None) => "python3 was not measured".to_owned(),
        (Some("cluster"), None) => {
            "nothing is known of a broker: give a figure of the room `cluster` by --cluster"
                .to_owned()
        }
        _ => "it was not measured".to_owned(),
    }
}
