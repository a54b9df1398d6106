//! The links of one page. The parser reads HTML as browsers do. Each link is joined with the page's own URL.

use scraper::{Html, Selector};
use url::Url;

const PAGE: &str = r#"<!doctype html>
<a href="/about">About</a>
<a href=news/today.html>an attribute without quotes</a>
<a href="?page=2">the next page</a>
<a href="mailto:me@example.org">no page</a>"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = Url::parse("http://example.com/start/")?;
    let page = Html::parse_document(PAGE);
    let links = Selector::parse("a[href]").map_err(|error| error.to_string())?;
    for element in page.select(&links) {
        let href = element.attr("href").unwrap_or_default();
        match url.join(href)? {
            link if link.scheme().starts_with("http") => println!("{href:<22} -> {link}"),
            link => println!("{href:<22} is {}: no page", link.scheme()),
        }
    }
    Ok(())
}
