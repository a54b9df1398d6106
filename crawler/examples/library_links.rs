//! The links of a page, read by a tokenizer in one pass and normalised.
//!
//! curl -s https://www.rust-lang.org/ | cargo run --release -p crawler --example links https://www.rust-lang.org/

use std::io::Read;

use crawler::charset;
use crawler::html::{self, Syntax, Wanted};
use crawler::robots::NAME;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args()
        .nth(1)
        .unwrap_or("http://example.org/dir/page".to_owned());
    let mut body =
        b"<a href='../a?utm_source=x#part'>a</a> <img srcset='b.png 1x, c.png 2x'>".to_vec();
    if std::env::args().len() > 1 {
        body.clear();
        std::io::stdin().read_to_end(&mut body)?;
    }
    let (text, encoding) = charset::decode(&body, None);
    let page = html::read(
        &text,
        &url.parse()?,
        encoding,
        Syntax::Html,
        Wanted::default(),
        NAME,
    );
    for link in page.links {
        println!("<{}> {}", link.kind.name(), link.url);
    }
    Ok(())
}
