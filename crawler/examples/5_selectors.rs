//! Two ways to read a page: a tokenizer finds its links in one pass, without a tree. Selectors need
//! a tree.

use std::time::Instant;

use html5gum::{Token, Tokenizer};
use scraper::{Html, Selector};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let item = "<li class=item><a href=/buy><b>A thing</b></a> <span class=price>9.99</span></li>";
    let page = format!("<ul>{}</ul>", item.repeat(2000));

    let start = Instant::now();
    let mut links = 0;
    for token in Tokenizer::new(&page) {
        let Ok(token) = token;
        if let Token::StartTag(tag) = token {
            links +=
                usize::from(*tag.name == b"a" && tag.attributes.contains_key(b"href".as_slice()));
        }
    }
    println!("tokenizer: {links} links in {:?}", start.elapsed());

    let start = Instant::now();
    let tree = Html::parse_document(&page);
    let price = Selector::parse("li.item > .price").map_err(|error| error.to_string())?;
    let prices = tree.select(&price).count();
    println!("tree: {prices} prices in {:?}", start.elapsed());
    Ok(())
}
