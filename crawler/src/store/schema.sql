-- The state of a crawl. A page and everything that was found on it are written in one transaction. So all pages
-- here are complete, and pages that were in flight when the program ended are in the queue.

CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Every URL that was found, in order.
CREATE TABLE urls (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    depth INTEGER NOT NULL,   -- links away from the seeds, on the way it was found
    hops INTEGER NOT NULL,    -- redirects on that way since the last link
    role INTEGER NOT NULL,    -- 0 page, 1 sitemap, 2 outside link, which is only checked
    skipped TEXT              -- the reason if it is not fetched
);

-- Every URL that was fetched or failed.
CREATE TABLE pages (
    id INTEGER PRIMARY KEY REFERENCES urls(id),
    outcome TEXT NOT NULL,    -- page, alias, redirect, failed, robots, sitemap, checked
    broken INTEGER NOT NULL,  -- a link to it is broken: no answer, or a status that is not accepted
    passing INTEGER NOT NULL, -- the failure may be temporary: no answer, 429, 5xx
    status INTEGER,
    type TEXT,
    parts INTEGER NOT NULL,   -- the names of all its parts are in `ids`
    cut TEXT,                 -- the limit that cut it
    bytes INTEGER NOT NULL,
    seconds REAL NOT NULL,
    attempts INTEGER NOT NULL,
    links INTEGER NOT NULL,
    title TEXT,
    target INTEGER REFERENCES urls(id),  -- where a redirect or a canonical link leads
    target_fragment TEXT,     -- and to which part of that page
    error TEXT,
    selected TEXT             -- JSON, by name
);

-- The links of pages. Equal links of a page are here once, with the first place.
CREATE TABLE links (
    source INTEGER NOT NULL REFERENCES urls(id),
    target INTEGER NOT NULL REFERENCES urls(id),
    kind INTEGER NOT NULL REFERENCES kinds(kind),
    line INTEGER NOT NULL,    -- from 1; 0 for a link in a header, or on no page
    col INTEGER NOT NULL,     -- the column, in characters, from 1
    fragment TEXT             -- as it is written
);

-- The names of a page's parts, where links are checked.
CREATE TABLE ids (
    page INTEGER NOT NULL REFERENCES urls(id),
    name TEXT NOT NULL,
    PRIMARY KEY (page, name)
) WITHOUT ROWID;

-- The meaning of fragments (WHATWG HTML, section 7.4.6.4): the name of a part as it is written, and decoded.
-- Fragments that name no part (empty, `top`, a text fragment alone) are not here.
CREATE TABLE fragments (
    fragment TEXT PRIMARY KEY,
    raw TEXT NOT NULL,
    decoded TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE kinds (kind INTEGER PRIMARY KEY, name TEXT NOT NULL);

CREATE VIEW queue AS
    SELECT id, url, depth, hops, role FROM urls
    WHERE skipped IS NULL AND id NOT IN (SELECT id FROM pages);

-- The final target of each redirect, and the fragment there; `final` is NULL for a loop.
CREATE VIEW redirects AS
    WITH RECURSIVE walk(id, at, fragment, hops) AS (
        SELECT id, target, target_fragment, 1 FROM pages WHERE outcome = 'redirect'
        UNION ALL
        SELECT walk.id, pages.target, coalesce(pages.target_fragment, walk.fragment), walk.hops + 1
        FROM walk JOIN pages ON pages.id = walk.at AND pages.outcome = 'redirect'
        WHERE walk.hops <= 12)
    SELECT walk.id, iif(walk.hops > 12, NULL, walk.at) AS final, walk.fragment
    FROM walk LEFT JOIN pages ON pages.id = walk.at
    WHERE walk.hops > 12 OR coalesce(pages.outcome, '') <> 'redirect';

-- The broken URLs, and the reason of each.
CREATE VIEW broken_urls AS
    SELECT urls.id, pages.status, pages.passing,
           CASE urls.skipped WHEN 'invalid' THEN 'not a URL'
                             WHEN 'unknown-scheme' THEN 'unknown scheme'
                             WHEN 'too-many-redirects' THEN 'more than 10 redirects'
                             ELSE pages.error END AS reason
    FROM urls LEFT JOIN pages USING (id)
    WHERE pages.broken OR urls.skipped IN ('invalid', 'unknown-scheme', 'too-many-redirects')
    UNION ALL
    SELECT redirects.id, NULL, 0, 'redirect loop (it may want a cookie)'
    FROM redirects WHERE final IS NULL
    UNION ALL
    SELECT redirects.id, pages.status, coalesce(pages.passing, 0),
           'redirects to ' || urls.url || ': ' ||
           CASE urls.skipped WHEN 'too-many-redirects' THEN 'more than 10 redirects'
                             WHEN 'invalid' THEN 'not a URL'
                             WHEN 'unknown-scheme' THEN 'unknown scheme'
                             ELSE pages.error END
    FROM redirects JOIN urls ON urls.id = redirects.final LEFT JOIN pages ON pages.id = redirects.final
    WHERE pages.broken OR urls.skipped IN ('invalid', 'unknown-scheme', 'too-many-redirects');

-- Links to a missing part, of pages whose parts are all known. If the page has a `<meta http-equiv=refresh>`
-- (kind 20), the part may be on its target, too: scripts of such pages, as in rustdoc, keep the fragment.
CREATE VIEW broken_parts AS
    SELECT links.rowid AS link
    FROM links
    LEFT JOIN redirects ON redirects.id = links.target
    JOIN fragments ON fragments.fragment = coalesce(redirects.fragment, links.fragment)
    JOIN pages ON pages.id = coalesce(redirects.final, links.target)
    LEFT JOIN (SELECT source, min(target) AS target FROM links WHERE kind = 20 GROUP BY source)
        AS refresh ON refresh.source = pages.id
    LEFT JOIN pages AS next ON next.id = refresh.target
    WHERE pages.parts AND NOT pages.broken AND coalesce(next.parts, 1)
      AND NOT EXISTS (SELECT 1 FROM ids WHERE ids.page = pages.id AND ids.name = fragments.raw)
      AND NOT EXISTS (SELECT 1 FROM ids WHERE ids.page = pages.id AND ids.name = fragments.decoded)
      AND NOT EXISTS (SELECT 1 FROM ids WHERE ids.page = refresh.target
                      AND ids.name IN (fragments.raw, fragments.decoded));

-- The broken links, for reports.
CREATE VIEW broken AS
    SELECT target.url AS link, bad.reason AS error, bad.status,
           source.url AS page, links.line, links.col, kinds.name AS element, bad.passing
    FROM broken_urls AS bad
    JOIN links ON links.target = bad.id
    JOIN urls AS target ON target.id = links.target
    JOIN urls AS source ON source.id = links.source
    JOIN kinds ON kinds.kind = links.kind
    WHERE links.kind <> 8
    UNION ALL
    SELECT target.url || coalesce('#' || links.fragment, ''), 'no such part', pages.status,
           source.url, links.line, links.col, kinds.name, 0
    FROM broken_parts
    JOIN links ON links.rowid = broken_parts.link
    JOIN urls AS target ON target.id = links.target
    JOIN urls AS source ON source.id = links.source
    JOIN kinds ON kinds.kind = links.kind
    LEFT JOIN pages ON pages.id = links.target
    WHERE links.kind <> 8
    UNION ALL
    -- The seeds, if no link leads to them.
    SELECT urls.url, bad.reason, bad.status, NULL, 0, 0, 'seed', bad.passing
    FROM broken_urls AS bad JOIN urls USING (id)
    WHERE urls.depth = 0 AND urls.hops = 0 AND urls.role = 0
      AND urls.id NOT IN (SELECT target FROM links WHERE kind <> 8);
