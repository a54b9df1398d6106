//! Which addresses are asked, by both fetchers.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[test]
fn private_addresses_that_a_page_names_are_refused() {
    for model in FETCHERS {
        let site = Site::builder().start().unwrap();
        let mut settings = settings(&site, "/redirect/private");
        settings.reach = Reach::Any;
        // Otherwise its robots.txt is asked for first. That fails, and the page is not asked for.
        settings.obeys_robots = false;
        let (sum, pages) = crawl_as(model, settings);
        assert_eq!(sum.failed, 1);
        let refused = pages
            .iter()
            .find(|page| page.url.contains("169.254"))
            .unwrap();
        assert!(refused.error.as_ref().unwrap().contains("not allowed"));
    }
}

/// The answers of a name that changes its addresses: one list for each look-up. The last one is repeated.
fn changing(answers: &[&[[u8; 4]]]) -> (Lookup, Arc<Mutex<Vec<String>>>) {
    let mut answers: Vec<Vec<IpAddr>> = answers
        .iter()
        .map(|list| list.iter().map(|it| IpAddr::from(*it)).collect())
        .collect();
    answers.reverse();
    let answers = Mutex::new(answers);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let lookup = move |name: &str| {
        log.lock().unwrap().push(name.to_owned());
        let mut answers = answers.lock().unwrap();
        let answer = match answers.len() {
            1 => answers.last().cloned(),
            _ => answers.pop(),
        };
        Ok(answer.unwrap())
    };
    (Arc::new(lookup), asked)
}

const PUBLIC: [u8; 4] = [93, 184, 215, 14];

const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

fn crawl_with(model: Model, settings: Settings, lookup: Lookup) -> (Summary, Vec<PageSummary>) {
    let (pages, on_page) = listener();
    let file = File::temporary().unwrap();
    let crawl = Crawl::with_lookup(settings, file, None, on_page, Some(lookup)).unwrap();
    model(&crawl, NonZeroUsize::MIN).unwrap();
    let sum = crawl.finish().unwrap();
    let pages = std::mem::take(&mut *pages.lock().unwrap());
    (sum, pages)
}

#[test]
fn a_name_that_turns_private_after_it_was_looked_at_is_refused() {
    for model in FETCHERS {
        let site = Site::builder().pages(3).start().unwrap();
        let seed = format!("http://changing.example:{}/", site.address().port());
        let mut settings = Settings::new(vec![seed.parse().unwrap()]);
        settings.obeys_robots = false;
        settings.politeness.retries = 0;
        // Public when the seeds are looked at; this machine when it is connected to.
        let (lookup, asked) = changing(&[&[PUBLIC], &[LOOPBACK]]);
        let (sum, pages) = crawl_with(model, settings.clone(), lookup);
        assert_eq!((sum.pages, sum.failed), (1, 1));
        let error = pages[0].error.as_ref().unwrap();
        assert!(error.contains("127.0.0.1 is not allowed"), "{error}");
        assert_eq!(asked.lock().unwrap().len(), 2);
        assert_eq!(site.counts().connections, 0);
        // A name that was private from the start is allowed: the user asked for it.
        let (lookup, _) = changing(&[&[LOOPBACK]]);
        assert_eq!(crawl_with(model, settings, lookup).0.failed, 0);
        assert!(site.counts().connections > 0);
    }
}

#[test]
fn a_redirect_to_a_name_of_this_machine_is_refused() {
    for model in FETCHERS {
        let site = Site::builder().pages(3).start().unwrap();
        let inside = format!("http://inside.example:{}/page/1", site.address().port());
        let mut settings = settings(&site, &format!("/redirect/to?url={inside}"));
        settings.reach = Reach::Any;
        settings.obeys_robots = false;
        let (lookup, asked) = changing(&[&[LOOPBACK]]);
        let (sum, pages) = crawl_with(model, settings, lookup);
        assert_eq!((sum.aliases, sum.failed), (1, 1));
        let refused = pages.iter().find(|page| page.url == inside).unwrap();
        assert!(refused.error.as_ref().unwrap().contains("not allowed"));
        assert_eq!(*asked.lock().unwrap(), ["inside.example"]);
        assert_eq!(site.counts().requests, 1);
    }
}

#[test]
fn a_thousand_links_to_a_host_that_does_not_exist_cost_a_few_look_ups() {
    let links = (0..1000).map(|number| format!("<a href='http://dead.example/{number}'>"));
    let site = Tiny::html(&[("/", &links.collect::<String>())]);
    for model in FETCHERS {
        let mut settings = Settings::new(vec![site.url("/").parse().unwrap()]);
        settings.check = true;
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let lookup: Lookup = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Err(io::Error::other("Name or service not known"))
        });
        let (sum, _) = crawl_with(model, settings, lookup);
        assert_eq!(sum.checked, 1000);
        // A failure is remembered for a second, then for two, and so on: ten are enough for ten minutes.
        let count = count.load(Ordering::SeqCst);
        assert!((1..=10).contains(&count), "{count} look-ups");
    }
}

/// `getaddrinfo` fails with EMFILE, too.
#[cfg(unix)]
#[test]
fn a_look_up_without_descriptors_is_no_pages_failure() {
    const EMFILE: i32 = 24;
    for model in FETCHERS {
        let site = Site::builder().pages(3).start().unwrap();
        let seed = format!("http://inside.example:{}/", site.address().port());
        let count = AtomicUsize::new(0);
        // The first look-up is the one for the allowed addresses.
        let lookup: Lookup = Arc::new(move |_| match count.fetch_add(1, Ordering::SeqCst) {
            1..=4 => Err(io::Error::from_raw_os_error(EMFILE)),
            _ => Ok(vec![LOOPBACK.into()]),
        });
        let settings = Settings::new(vec![seed.parse().unwrap()]);
        let (sum, _) = crawl_with(model, settings, lookup);
        assert_eq!((sum.pages, sum.failed), (3, 0), "{:?}", sum.remarks);
    }
}
