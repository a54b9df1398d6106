//! What every model does alike.

use super::*;

#[test]
fn every_model_fetches_the_whole_site_and_each_page_once() {
    let site = Site::builder().pages(120).links(4).start().unwrap();
    for model in MODELS {
        site.reset();
        let (sum, pages) = crawl_into(settings(&site, "/"), File::temporary().unwrap(), model);
        assert_eq!((sum.pages, pages.len()), (120, 120));
        let counts = site.counts();
        // The pages, and robots.txt.
        assert_eq!(counts.requests, 121);
        assert_eq!(counts.of("/robots.txt"), 1);
        assert!(
            site.pages()
                .all(|url| pages.iter().any(|page| page.url == url))
        );
        assert!(counts.most_at_once <= 4);
    }
}

#[test]
fn every_model_tells_the_same_of_what_breaks() {
    let site = Site::builder()
        .pages(20)
        .links(3)
        .error_rate(0.3)
        .start()
        .unwrap();
    let seeds = [
        site.url("/"),
        site.url("/gzip/bomb/100000000"),
        site.url("/html/nested"),
        site.url("/redirect/loop/a"),
        site.raw_url("/cut/length"),
        site.raw_url("/head/garbage"),
    ];
    let mut found = Vec::new();
    for model in MODELS {
        site.reset();
        let mut settings = settings(&site, "/");
        settings.seeds = seeds.iter().map(|it| it.parse().unwrap()).collect();
        settings.obeys_robots = false;
        settings.politeness.body = 1 << 20;
        settings.picks = vec![Pick::read("div div").unwrap()];
        // With a limit of depth no page is found deeper than it is, in whatever order they come.
        settings.depth = Some(100);
        let (sum, pages) = crawl_into(settings, File::temporary().unwrap(), model);
        let pages: BTreeMap<_, _> = pages
            .into_iter()
            .map(|page| {
                // What exactly is wrong with it, each client says in its own words.
                let error = page.error.map(|text| match text.split_once(": ") {
                    Some((kind @ "the answer is not HTTP", _)) => kind.to_owned(),
                    _ => text,
                });
                (page.url, (page.status, error, page.links, page.depth))
            })
            .collect();
        let numbers = (sum.pages, sum.failed, sum.http_errors, sum.aliases);
        found.push((numbers, pages));
    }
    let [first, others @ ..] = &found[..] else {
        panic!("there are five")
    };
    // Two that are no HTTP; and some of the pages. Of the bomb the beginning is read.
    assert_eq!((first.0.1, first.0.3), (2, 2));
    assert!(first.0.2 > 0);
    let nested = first.1[&site.url("/html/nested")].1.as_ref().unwrap();
    assert!(nested.contains("within each other"), "{nested}");
    others.iter().for_each(|other| assert_eq!(other, first));
}

#[cfg(unix)]
#[test]
fn readers_that_are_killed_cost_no_page() {
    let site = Site::builder().pages(80).links(4).start().unwrap();
    let pool = Arc::new(pool());
    let pages = Arc::new(Mutex::new(Vec::new()));
    let on_page = {
        let (pages, pool) = (Arc::clone(&pages), Arc::clone(&pool));
        Box::new(move |page: &PageSummary| {
            let mut pages = pages.lock().unwrap();
            if pages.is_empty() {
                let pids = pool.pids().into_iter().map(|pid| pid.to_string());
                Command::new("kill").arg("-9").args(pids).status().unwrap();
            }
            pages.push((page.url.clone(), page.error.clone()));
        })
    };
    let crawl = Crawl::new(
        settings(&site, "/"),
        File::temporary().unwrap(),
        None,
        on_page,
    )
    .unwrap();
    processes::run_on(&pool, &crawl, NonZeroUsize::new(4).unwrap()).unwrap();
    let sum = crawl.finish().unwrap();
    assert_eq!((sum.pages, sum.failed), (80, 0));
    let pages = pages.lock().unwrap();
    assert_eq!(
        pages
            .iter()
            .map(|(url, _)| url)
            .collect::<HashSet<_>>()
            .len(),
        80
    );
    assert!(pages.iter().all(|(_, error)| error.is_none()));
}

/// A thread that is gone completes no job: the others are stopped, and do not wait for it for ever.
#[test]
fn a_worker_that_panics_ends_the_crawl() {
    let site = Site::builder().pages(20).start().unwrap();
    let file = File::temporary().unwrap();
    let crawl = Crawl::new(settings(&site, "/"), file, None, Box::new(|_| ())).unwrap();
    std::thread::scope(|scope| {
        let gone = scope.spawn(|| {
            let _stop = crawl.stop_on_panic();
            assert!(
                crawl.take().is_none(),
                "a job is taken, and never completed"
            );
        });
        assert!(gone.join().is_err());
        // There is nothing else until that job is done.
        assert!(crawl.take().is_none());
    });
    assert!(crawl.is_stopped());
}

/// A server that takes connections, and says nothing.
#[test]
fn every_model_stops_while_it_waits_for_a_silent_server() {
    for model in MODELS {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let seed = format!("http://{}/", listener.local_addr().unwrap());
        let mut settings = Settings::new(vec![seed.parse().unwrap()]);
        settings.politeness.timeout = Duration::from_secs(3600);
        settings.politeness.time = Duration::from_secs(3600);
        let file = File::temporary().unwrap();
        let crawl = Arc::new(Crawl::new(settings, file, None, Box::new(|_| ())).unwrap());
        let (ended, has_ended) = std::sync::mpsc::channel();
        let worker = Arc::clone(&crawl);
        std::thread::spawn(move || {
            model(&worker, NonZeroUsize::new(2).unwrap()).unwrap();
            ended.send(()).unwrap();
        });
        let _silent = listener.accept().unwrap();
        crawl.stop();
        // Far more than a busy machine takes, and no hour.
        has_ended.recv_timeout(Duration::from_secs(120)).unwrap();
    }
}

/// A server that can't keep up: what it refuses comes later, and nothing is broken.
#[test]
fn every_model_slows_down_for_a_server_that_refuses() {
    for model in MODELS {
        let site = Site::builder().pages(1).links(0).start().unwrap();
        let busy: Vec<_> = (0..3)
            .map(|it| site.url(&format!("/busy?status=429&times=1&key={it}")))
            .map(|url| url.parse().unwrap())
            .collect();
        let mut settings = Settings::new(busy);
        settings.obeys_robots = false;
        settings.politeness.retries = 3;
        let (sum, pages) = crawl_into(settings, File::temporary().unwrap(), model);
        assert_eq!((sum.pages, sum.http_errors), (3, 0), "{pages:?}");
        assert_eq!(site.counts().requests, 3 * 2);
    }
}

/// A server with nginx's limit, and without `Retry-After`: every request succeeds in the end, though each has
/// two retries only.
#[test]
fn both_fetchers_find_the_pace_of_a_limited_server() {
    for (number, model) in FETCHERS.into_iter().enumerate() {
        let site = Site::builder().pages(1).links(0).start().unwrap();
        let limit = format!("/limited?rate=20&burst=2&nodelay=1&status=429&name={number}");
        let limited = (0..30).map(|page| site.url(&format!("{limit}&page={page}")));
        let mut settings = Settings::new(limited.map(|url| url.parse().unwrap()).collect());
        settings.obeys_robots = false;
        settings.politeness.retries = 2;
        settings.politeness.per_host = 16;
        let (sum, pages) = crawl_into(settings, File::temporary().unwrap(), model);
        assert_eq!((sum.pages, sum.http_errors), (30, 0), "{pages:?}");
    }
}

/// A server that sends a byte now and then, for ever.
#[test]
fn both_fetchers_end_a_page_that_drips() {
    for model in FETCHERS {
        let site = Site::builder().start().unwrap();
        let mut settings = settings(&site, "/slow/1000000?every=10");
        settings.obeys_robots = false;
        settings.politeness.time = Duration::from_millis(300);
        let (sum, pages) = crawl_as(model, settings);
        assert_eq!((sum.pages, sum.failed), (1, 1));
        let error = pages[0].error.as_deref().unwrap();
        assert!(error.contains("took longer than 300ms"), "{error}");
    }
}
