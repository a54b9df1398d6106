-- The state of a crawl. Rows are only ever added, all that one page led to in one transaction: so
-- whatever is here is whole, and what was in flight when the power went is in the queue.

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
    status INTEGER,
    type TEXT,
    whole INTEGER NOT NULL,   -- 0 if only its header, or the beginning of its body, was asked for
    bytes INTEGER NOT NULL,
    seconds REAL NOT NULL,
    attempts INTEGER NOT NULL,
    links INTEGER NOT NULL,
    title TEXT,
    target INTEGER REFERENCES urls(id),  -- where a redirect or a canonical link leads
    error TEXT,
    selected TEXT             -- JSON, by name
);

-- Which page links where.
CREATE TABLE links (
    source INTEGER NOT NULL REFERENCES urls(id),
    target INTEGER NOT NULL REFERENCES urls(id),
    kind INTEGER NOT NULL,
    fragment TEXT
);

-- The names of a page's parts, where links are checked.
CREATE TABLE ids (page INTEGER NOT NULL REFERENCES urls(id), name TEXT NOT NULL);

CREATE TABLE kinds (kind INTEGER PRIMARY KEY, name TEXT NOT NULL);

CREATE VIEW queue AS
    SELECT id, url, depth, hops, role FROM urls
    WHERE skipped IS NULL AND id NOT IN (SELECT id FROM pages);

CREATE VIEW broken AS
    SELECT source.url AS page, target.url AS link, kinds.name AS element,
           pages.status AS status,
           coalesce(pages.error, 'not a URL') AS error
    FROM links
    JOIN urls AS target ON target.id = links.target
    JOIN urls AS source ON source.id = links.source
    JOIN kinds ON kinds.kind = links.kind
    LEFT JOIN pages ON pages.id = links.target
    WHERE target.skipped = 'invalid' OR pages.status >= 400 OR pages.outcome = 'failed';
