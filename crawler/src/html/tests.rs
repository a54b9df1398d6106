//! Pages, and what is found in them.

use super::*;
use crate::robots::NAME;
use proptest::prelude::*;

fn page_of(html: &str, wanted: Wanted) -> Page {
    let url = Url::parse("http://example.org/dir/page").unwrap();
    read(
        html.as_bytes(),
        &url,
        encoding_rs::UTF_8,
        Syntax::Html,
        wanted,
        NAME,
    )
}

fn links(html: &str) -> Vec<(Kind, String)> {
    let links = page_of(html, Wanted::default()).links;
    let own = "http://example.org/";
    let short = |link: Link| {
        link.url
            .strip_prefix(own)
            .map_or(link.url.clone(), str::to_owned)
    };
    links
        .into_iter()
        .map(|link| (link.kind, short(link)))
        .collect()
}

fn urls(html: &str) -> Vec<String> {
    links(html).into_iter().map(|(_, url)| url).collect()
}

#[test]
fn links_of_all_kinds_and_nothing_that_only_looks_like_one() {
    let html = "<link rel=stylesheet href=/s.css><script src=j.js></script>\
         <a href='a b'>x</a><area href=c><iframe src=d></iframe><frame src=e>\
         <img src=i.png srcset='i1.png 1x, i2.png 2x'><source srcset=i3.png>\
         <form action=f></form><!-- <a href=no> --><script>'<a href=no>'</script>\
         <style><a href=no></style><textarea><a href=no></textarea><title><a href=no></title>\
         <a href=mailto:x@y>m</a><a href=javascript:x>j</a><a name=z>n</a><p href=no>\
         <link rel=preconnect href=//cdn>";
    use Kind::{A, Area, Iframe, Img, Link, Script, Source};
    let expected = [
        (Link, "s.css"),
        (Script, "dir/j.js"),
        (A, "dir/a%20b"),
        (Area, "dir/c"),
        (Iframe, "dir/d"),
        (Iframe, "dir/e"),
        (Img, "dir/i.png"),
        (Img, "dir/i1.png"),
        (Img, "dir/i2.png"),
        (Source, "dir/i3.png"),
    ];
    let found = links(html);
    let found: Vec<_> = found
        .iter()
        .map(|(kind, url)| (*kind, url.as_str()))
        .collect();
    assert_eq!(found, expected);
    let wanted = Wanted {
        forms: true,
        ..Wanted::default()
    };
    assert!(
        page_of(html, wanted)
            .links
            .iter()
            .any(|link| link.kind == Kind::Form)
    );
}

/// The page `/links/` of the trials, piece by piece.
#[test]
fn whatever_browsers_load_or_follow_is_a_link() {
    for (html, expected) in [
        (
            "<meta http-equiv=Refresh content=\"5; URL='/m'\">",
            vec!["m"],
        ),
        (
            "<link rel=preload as=image imagesrcset='/i 1x' href=/p>",
            vec!["i", "p"],
        ),
        (
            "<noscript><a href=/n>x</a><img src=/ni></noscript>",
            vec!["n", "ni"],
        ),
        (
            "<video src=/v poster=/p><source src=/s><track src=/t></video><audio src=/a>",
            vec!["v", "p", "s", "t", "a"],
        ),
        ("<embed src=/e><object data=/o></object>", vec!["e", "o"]),
        ("<input type=image src=/i>", vec!["i"]),
        (
            "<svg><a xlink:href=/x></a><a href=/h></a><image href=/i /><use href=/u#i /></svg>",
            vec!["x", "h", "i", "u"],
        ),
        ("<iframe srcdoc='<a href=/s>x</a>'></iframe>", vec!["s"]),
        ("<body background=/b>", vec!["b"]),
        ("<a href=/1 href=/2>", vec!["1"]),
        ("<a href>x</a><a href=''>x</a>", vec!["dir/page"]),
        ("<!-- <a href=no> --!><a href=/o>x</a>", vec!["o"]),
        ("<svg><title/><path d=''/></svg><a href=/s>", vec!["s"]),
        ("<xmp><a href=/no></xmp>", vec![]),
        ("<a href='\n /w\nh\t '>", vec!["wh"]),
        ("<a href='\\\\b.example\\x'>", vec!["http://b.example/x"]),
    ] {
        assert_eq!(urls(html), expected, "{html}");
    }
}

#[test]
fn what_closes_itself_in_xhtml_is_closed() {
    let url = Url::parse("http://example.org/").unwrap();
    let wanted = Wanted {
        ids: true,
        ..Wanted::default()
    };
    let xhtml = "<html xmlns='http://www.w3.org/1999/xhtml'><head><title/><script src='s.js'/></head>\
        <body><a href='a'>x</a><p xml:id='here'/></body></html>";
    let page = read(
        xhtml.as_bytes(),
        &url,
        encoding_rs::UTF_8,
        Syntax::Xhtml,
        wanted,
        NAME,
    );
    let found: Vec<&str> = page.links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(found, ["http://example.org/s.js", "http://example.org/a"]);
    assert_eq!(page.ids, ["here"]);
    // In HTML such a title goes on to the end of the page.
    assert_eq!(urls(xhtml).len(), 0);
}

#[test]
fn style_sheets_are_read_on_request() {
    let html = "<style>p{background:url(/s)}</style><p style=\"background:url('/i')\"><a href=/a>";
    let urls = |css| {
        let wanted = Wanted {
            css,
            ..Wanted::default()
        };
        let links = page_of(html, wanted).links.into_iter();
        links.map(|link| link.url).collect::<Vec<_>>()
    };
    assert_eq!(urls(false), ["http://example.org/a"]);
    assert_eq!(urls(true).len(), 3);
    let long = format!(
        "<style>/*{}*/p{{background:url(/s)}}</style>",
        "x".repeat(2 << 20)
    );
    let wanted = Wanted {
        css: true,
        ..Wanted::default()
    };
    assert_eq!(page_of(&long, wanted).links.len(), 1);
}

#[test]
fn links_have_lines_and_columns() {
    let html = "<p>\r\n\u{e9}\u{e9} <a href=x>\n\n<a href=y> <a\n href=z>&amp;<a href=w>";
    let places = page_of(html, Wanted::default()).links.into_iter();
    let places: Vec<_> = places
        .map(|link| (link.place.line, link.place.column))
        .collect();
    assert_eq!(places, [(2, 4), (4, 1), (4, 12), (5, 14)]);
}

#[test]
fn the_first_base_holds_for_all() {
    let html = "<link href=early><base href=/b/><base href=/c/><a href=x>";
    assert_eq!(urls(html), ["b/early", "b/x"]);
    assert_eq!(urls("<base href='http://[::1'><a href=x>"), ["dir/x"]);
}

#[test]
fn each_link_is_told_once_and_entities_are_read() {
    assert_eq!(urls("<a href=x><a href=x#1><a href=x>").len(), 2);
    assert_eq!(urls("<a href='x?a=1&amp;b=2'>"), ["dir/x?a=1&b=2"]);
}

#[test]
fn what_is_not_to_be_followed_is_marked() {
    let nofollow = |html| page_of(html, Wanted::default()).links[0].nofollow;
    assert!(nofollow("<a rel='x NoFollow' href=x>"));
    assert!(!nofollow("<a rel=me href=x>"));
    assert!(nofollow(
        "<a href=x><meta name=ROBOTS content='noindex, nofollow'>"
    ));
    assert!(nofollow("<meta name=robots content=none><a href=x>"));
    assert!(!nofollow(
        "<meta name=description content=nofollow><a href=x>"
    ));
}

#[test]
fn title_ids_canonical_and_broken_links_are_kept() {
    let wanted = Wanted {
        ids: true,
        ..Wanted::default()
    };
    let page = page_of(
        "<title> A\n &lt;title&gt; </title><link rel=canonical href=/other>\
         <h1 id=one>x</h1><a name=two href='http://[::1'>y</a>",
        wanted,
    );
    assert_eq!(page.title.as_deref(), Some("A <title>"));
    assert_eq!(page.canonical.as_deref(), Some("http://example.org/other"));
    assert_eq!(page.ids, ["one", "two"]);
    assert!(page.links[0].invalid);
    assert_eq!(
        page_of("<link rel=canonical href=page>", wanted).canonical,
        None
    );
}

#[test]
fn links_and_names_of_parts_are_counted_exactly() {
    let wanted = Wanted {
        ids: true,
        ..Wanted::default()
    };
    let many = |count: usize| {
        (0..count)
            .map(|n| format!("<a id={n} href={n}>"))
            .collect::<String>()
    };
    for (count, cut) in [(MOST_LINKS, 0), (MOST_LINKS + 1, 1)] {
        // Links that stand there again count once.
        let page = page_of(&(many(count) + &many(count)), wanted);
        assert_eq!((page.links.len(), page.links_cut), (MOST_LINKS, cut));
        assert_eq!(page.ids.len(), 2 * count);
    }
    let images: String = (0..=MOST_LINKS).map(|n| format!("{n}.png {n}w,")).collect();
    let page = page_of(&format!("<img srcset='{images}'>"), wanted);
    assert_eq!((page.links.len(), page.links_cut), (MOST_LINKS, 1));
    let page = page_of(&"<p id=x>".repeat(MOST_IDS + 1), wanted);
    assert_eq!((page.ids.len(), page.ids_cut), (MOST_IDS, 1));
}

#[test]
fn a_nesting_bomb_is_only_counted() {
    let html = "<div>".repeat(100_000) + "<a href=x>";
    let page = page_of(&html, Wanted::default());
    assert_eq!((page.depth, page.links.len()), (100_001, 1));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(html: Vec<u8>) {
        let url = Url::parse("http://example.org/").unwrap();
        read(&html, &url, encoding_rs::UTF_8, Syntax::Html, Wanted::default(), NAME);
    }

    #[test]
    fn nothing_like_html_makes_it_panic(html in "(<(a|base|img|meta|link|!--)?( (href|src|srcset|rel|id)(=['\"]?)?)?|[a-z/:#?%&;,> ]|é){0,60}") {
        page_of(&html, Wanted { ids: true, forms: true, ..Wanted::default() });
    }
}
