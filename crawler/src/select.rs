//! Selections from pages by CSS selectors: `--select 'h1'`, `--select 'price=.price::text'`.

use scraper::{Html, Selector};
use serde::{Deserialize, Serialize};

/// The depth of nested elements in a page for selectors, at most. Deeper pages are not made for people, and a
/// selector may look at every pair of elements. Browsers stop at 512, too.
pub const DEEPEST: usize = 512;

/// Texts of each selector, at most.
pub const MOST: usize = 1000;

/// A selection: a name, a selector, and the text or an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    /// Its name in the output.
    pub name: String,
    /// The selector.
    pub css: String,
    /// An attribute; `None` for the text.
    pub attribute: Option<String>,
}

impl Pick {
    /// Reads `[NAME=]SELECTOR[::text|::attr(NAME)]`. Without a name, the whole text is its name.
    ///
    /// # Errors
    /// The error in the selector.
    ///
    /// # Examples
    ///
    /// ```
    /// use crawler::select::Pick;
    ///
    /// let pick = Pick::read("next=a[rel=next]::attr(href)").unwrap();
    /// assert_eq!((pick.name.as_str(), pick.css.as_str()), ("next", "a[rel=next]"));
    /// assert!(Pick::read("h1[").is_err());
    /// ```
    pub fn read(text: &str) -> Result<Pick, String> {
        let named = text.split_once('=').filter(|(name, _)| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|it| it.is_alphanumeric() || "_-".contains(it))
        });
        let (name, rest) = named.unwrap_or((text, text));
        let (css, attribute) = match rest.rsplit_once("::") {
            Some((css, "text")) => (css, None),
            Some((css, part)) => match part
                .strip_prefix("attr(")
                .and_then(|it| it.strip_suffix(')'))
            {
                Some(attribute) => (css, Some(attribute.to_owned())),
                None => (rest, None),
            },
            None => (rest, None),
        };
        match Selector::parse(css) {
            Ok(_) => Ok(Pick {
                name: name.to_owned(),
                css: css.to_owned(),
                attribute,
            }),
            Err(error) => Err(format!("{text}: not a CSS selector: {error}")),
        }
    }
}

/// The selected texts of a page, in the order of the picks. White space within a text becomes one space.
pub fn select(html: &str, picks: &[Pick]) -> Vec<Vec<String>> {
    let document = Html::parse_document(html);
    let one = |pick: &Pick| {
        // `Pick::read` has checked it. For an invalid one there is no text.
        let Ok(selector) = Selector::parse(&pick.css) else {
            return Vec::new();
        };
        let elements = document.select(&selector);
        let found = elements.filter_map(|element| match &pick.attribute {
            Some(attribute) => element.attr(attribute).map(str::to_owned),
            None => {
                let text: String = element.text().collect();
                let words: Vec<&str> = text.split_whitespace().collect();
                Some(words.join(" "))
            }
        });
        found.take(MOST).collect()
    };
    picks.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_attributes_are_picked() {
        let html = "<h1>A <b>big</b>\n title</h1><a href=/1>x</a><a>y</a><a href=/2>z</a>";
        let picks = ["h1", "to=a::attr(href)", "a::text", "h2"].map(|it| Pick::read(it).unwrap());
        let found = select(html, &picks);
        assert_eq!(
            found,
            [
                vec!["A big title"],
                vec!["/1", "/2"],
                vec!["x", "y", "z"],
                vec![]
            ]
        );
        assert_eq!(picks[1].name, "to");
    }

    #[test]
    fn no_more_is_picked_than_the_limit() {
        let pick = [Pick::read("p").unwrap()];
        for (count, picked) in [(MOST, MOST), (MOST + 1, MOST)] {
            assert_eq!(select(&"<p>x".repeat(count), &pick)[0].len(), picked);
        }
    }

    #[test]
    fn names_are_told_from_selectors() {
        for (text, name, css) in [
            ("h1", "h1", "h1"),
            ("a[rel=next]", "a[rel=next]", "a[rel=next]"),
            ("x=a[rel=next]", "x", "a[rel=next]"),
            ("li::marker", "li::marker", "li::marker"),
        ] {
            match Pick::read(text) {
                Ok(pick) => assert_eq!((pick.name.as_str(), pick.css.as_str()), (name, css)),
                Err(error) => assert!(text.contains("marker"), "{error}"),
            }
        }
        assert!(
            Pick::read("x=h1[")
                .unwrap_err()
                .contains("not a CSS selector")
        );
    }
}
