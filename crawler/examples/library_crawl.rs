//! A crawl in a few lines: a site, settings, a model, and who hears of each page.
//!
//! cargo run --release -p crawler --example crawl

use std::num::NonZeroUsize;

use crawler::store::File;
use crawler::{Crawl, Settings, async_rayon};
use demo_site::Site;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let site = Site::builder().pages(20).start()?;
    let mut settings = Settings::new(vec![site.url("/").parse()?]);
    settings.depth = Some(2);
    let on_page = Box::new(|page: &crawler::store::PageSummary| {
        println!("{:?} {} {}", page.status, page.depth, page.url);
    });
    let crawl = Crawl::new(settings, File::temporary()?, None, on_page)?;
    async_rayon::run(&crawl, NonZeroUsize::MIN)?;
    let sum = crawl.finish()?;
    println!("{} pages of {} URLs", sum.pages, sum.found);
    Ok(())
}
