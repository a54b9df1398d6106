-- The state of a crawl. All that one page led to is written in one transaction: so whatever is here
-- is whole, and what was in flight when the power went is in the queue.

CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Every URL that was found, in the order in which it was.
CREATE TABLE urls (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL,
    depth INTEGER NOT NULL,   -- links away from the seeds, on the way it was found
    hops INTEGER NOT NULL,    -- redirects on that way since the last link
    role INTEGER NOT NULL,    -- 0 page, 1 sitemap, 2 a link that leads out, to be checked
    skipped TEXT              -- why it is not fetched, if it is not
);

-- Every URL that was dealt with.
CREATE TABLE pages (
    id INTEGER PRIMARY KEY REFERENCES urls(id),
    outcome TEXT NOT NULL,    -- page, alias, redirect, failed, robots, sitemap, checked
    broken INTEGER NOT NULL,  -- a link to it is broken: no answer, or a status that is not accepted
    passing INTEGER NOT NULL, -- it may be there another time: no answer, 429, 5xx
    status INTEGER,
    type TEXT,
    parts INTEGER NOT NULL,   -- the names of all its parts are in `ids`
    cut TEXT,                 -- which limit cut something of it
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

-- Which page links where. A link that stands on a page several times is here once, where it stands
-- first.
CREATE TABLE links (
    source INTEGER NOT NULL REFERENCES urls(id),
    target INTEGER NOT NULL REFERENCES urls(id),
    kind INTEGER NOT NULL REFERENCES kinds(kind),
    line INTEGER NOT NULL,    -- from 1; 0 for what stands in a header, or in no page
    col INTEGER NOT NULL,     -- the column, in characters, from 1
    fragment TEXT             -- as it is written
);

-- The names of a page's parts, where links are checked.
CREATE TABLE ids (
    page INTEGER NOT NULL REFERENCES urls(id),
    name TEXT NOT NULL,
    PRIMARY KEY (page, name)
) WITHOUT ROWID;

-- What fragments mean (WHATWG HTML, section 7.4.6.4): the name of a part as it is written, and decoded.
-- One that names no part (empty, `top`, a text fragment alone) is not here.
CREATE TABLE fragments (
    fragment TEXT PRIMARY KEY,
    raw TEXT NOT NULL,
    decoded TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE kinds (kind INTEGER PRIMARY KEY, name TEXT NOT NULL);

CREATE VIEW queue AS
    SELECT id, url, depth, hops, role FROM urls
    WHERE skipped IS NULL AND id NOT IN (SELECT id FROM pages);

-- Where each redirect leads in the end, and to which part there; `final` is NULL for one that leads in
-- a circle.
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

-- The URLs to which no link should lead, and why.
CREATE VIEW broken_urls AS
    SELECT urls.id, pages.status, pages.passing,
           CASE urls.skipped WHEN 'invalid' THEN 'not a URL'
                             WHEN 'unknown-scheme' THEN 'no scheme that anybody knows'
                             WHEN 'too-many-redirects' THEN 'more than 10 redirects'
                             ELSE pages.error END AS reason
    FROM urls LEFT JOIN pages USING (id)
    WHERE pages.broken OR urls.skipped IN ('invalid', 'unknown-scheme', 'too-many-redirects')
    UNION ALL
    SELECT redirects.id, NULL, 0, 'redirects in a circle (it may want a cookie)'
    FROM redirects WHERE final IS NULL
    UNION ALL
    SELECT redirects.id, pages.status, coalesce(pages.passing, 0),
           'redirects to ' || urls.url || ': ' ||
           CASE urls.skipped WHEN 'too-many-redirects' THEN 'more than 10 redirects'
                             WHEN 'invalid' THEN 'not a URL'
                             WHEN 'unknown-scheme' THEN 'no scheme that anybody knows'
                             ELSE pages.error END
    FROM redirects JOIN urls ON urls.id = redirects.final LEFT JOIN pages ON pages.id = redirects.final
    WHERE pages.broken OR urls.skipped IN ('invalid', 'unknown-scheme', 'too-many-redirects');

-- Links to a part that is not there, of pages whose parts are all known. The part of a page that leads
-- elsewhere by itself (kind 20, `<meta http-equiv=refresh>`) may be there, too: the scripts of such pages,
-- rustdoc's for one, take the fragment along.
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

-- Links that are broken: what the report tells.
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
    -- What the crawl began with, if no link leads there.
    SELECT urls.url, bad.reason, bad.status, NULL, 0, 0, 'seed', bad.passing
    FROM broken_urls AS bad JOIN urls USING (id)
    WHERE urls.depth = 0 AND urls.hops = 0 AND urls.role = 0
      AND NOT EXISTS (SELECT 1 FROM links WHERE links.target = urls.id AND links.kind <> 8);
