"""Which links of a folder of pages are broken: an independent answer, from the files and lxml.

python3 reference.py FOLDER START BASE
FOLDER is what is served as BASE, START the path of the first page. Each broken link is a line:
the page's URL, a tab, the URL that it leads to, its fragment decoded. Fragments are looked for as the HTML standard says
(section 7.4.6.4): as they are written, then decoded. Links out of BASE are left out.
"""
import os
import re
import sys
from urllib.parse import unquote, urljoin, urlsplit

from lxml import html

folder, start, base = sys.argv[1:]
ATTRIBUTES = {
    "a": ["href"], "area": ["href"], "audio": ["src"], "body": ["background"], "embed": ["src"],
    "frame": ["src"], "iframe": ["src"], "image": ["href", "{http://www.w3.org/1999/xlink}href", "xlink:href"],
    "img": ["src"], "input": ["src"], "link": ["href"], "object": ["data"], "script": ["src"],
    "source": ["src"], "table": ["background"], "td": ["background"], "track": ["src"],
    "video": ["src", "poster"],
}


def path_of(url):
    path = folder + unquote(urlsplit(url).path)
    return path + "index.html" if path.endswith("/") else path


def read(url):
    """The names of the parts of a page and its links; None if it is not there."""
    path = path_of(url)
    if not os.path.isfile(path):
        return None
    if not path.endswith((".html", ".htm")):
        return set(), []
    with open(path, "rb") as file:
        data = file.read()
    named = re.search(rb"charset=[\"']?([\w-]+)", data[:1024])
    text = data.decode(named.group(1).decode() if named else "utf-8", "replace")
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
    document = html.document_fromstring(text.encode(), parser=parser)
    parts, links, origin = set(), [], url
    elements = [element for element in document.iter() if isinstance(element.tag, str)]
    for element in elements:
        parts.update(filter(None, [element.get("id"), element.tag == "a" and element.get("name")]))
        if element.tag == "base" and element.get("href"):
            origin = urljoin(url, element.get("href"))
    for element in elements:
        if element.tag == "link" and (element.get("rel") or "").lower() in ("canonical", "preconnect", "dns-prefetch"):
            continue
        for name in ATTRIBUTES.get(element.tag, []):
            value = element.get(name)
            if value is None:
                continue
            try:
                target, _, fragment = urljoin(origin, value.strip()).partition("#")
            except ValueError:
                continue
            if target.startswith(base + "/"):
                links.append((target.replace(" ", "%20"), fragment))
    return parts, links


pages, queue = {}, [base + start]
while queue:
    page = queue.pop()
    if page not in pages:
        pages[page] = read(page)
        queue += [target for target, _ in (pages[page] or ((), ()))[1]]
broken = set()
for page, known in pages.items():
    for target, fragment in known[1] if known else ():
        if pages[target] is None:
            broken.add((page, target))
        elif fragment and fragment.lower() != "top" and pages[target][0]:
            if not {fragment, unquote(fragment)} & pages[target][0]:
                broken.add((page, target + "#" + unquote(fragment)))
for page, target in sorted(broken):
    print(page, target.replace("\n", "%0A"), sep="\t")
