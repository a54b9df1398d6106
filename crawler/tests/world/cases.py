"""Makes the files of cases anew, from what others have published. Values only; no code is kept.

    python3 cases.py robotstxt/robots_test.cc protego/ html5lib-tests/tokenizer url/tests/urltestdata.json

The arguments: Google's tests of robots.txt (github.com/google/robotstxt), a checkout of
github.com/scrapy/protego, the tokenizer's folder of github.com/html5lib/html5lib-tests, and the URL cases of
github.com/web-platform-tests/wpt (url/resources/urltestdata.json).
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent


def write(name, rows):
    unique = list(dict.fromkeys(json.dumps(row) for row in rows))
    (HERE / name).write_text("".join(line + "\n" for line in unique))
    print(name, len(unique))


def google(path):
    """Each `EXPECT_TRUE(IsUserAgentAllowed(text, "agent", url))`, with its variables."""
    text = re.sub(r"//[^\n\"]*$", "", pathlib.Path(path).read_text(), flags=re.M)
    literal = r'(?:"(?:[^"\\]|\\.)*"\s*)+'
    value = lambda it: "".join(
        part.encode("latin-1", "backslashreplace").decode("unicode_escape")
        for part in re.findall(r'"((?:[^"\\]|\\.)*)"', it)
    )
    known, rows = {}, []
    pattern = re.compile(
        rf"(?:string_view|string)\s+(\w+)\s*=\s*({literal});"
        rf"|EXPECT_(TRUE|FALSE)\(\s*IsUserAgentAllowed\(\s*({literal}|\w+),\s*({literal}),\s*({literal}|\w+)\s*\)"
    )
    for name, text_, verdict, robots, agent, url in pattern.findall(text):
        if name:
            known[name] = value(text_)
            continue
        of = lambda it: value(it) if it.startswith('"') else known.get(it)
        if of(robots) is not None and of(url) is not None:
            rows.append([of(robots), value(agent), of(url), verdict == "TRUE"])
    return rows


def protego(folder):
    """What its own tests, which pass, ask it: `can_fetch(url, agent)`."""
    sys.path.insert(0, f"{folder}/src")
    sys.path.insert(0, f"{folder}/tests")
    import protego
    import test_protego

    rows = []
    parse, ask = protego.Protego.parse.__func__, protego.Protego.can_fetch
    texts = {}

    def remember(cls, content):
        robots = parse(cls, content)
        texts[id(robots)] = (robots, content)
        return robots

    def record(self, url, agent):
        allowed = ask(self, url, agent)
        rows.append([texts[id(self)][1], agent, url, allowed])
        return allowed

    protego.Protego.parse = classmethod(remember)
    protego.Protego.can_fetch = record
    tests = test_protego.TestProtego()
    for name in dir(tests):
        if name.startswith("test_"):
            try:
                getattr(tests, name)()
            except TypeError:
                pass  # It is given its cases by pytest.
    return rows


def attributes(folder):
    """Tokens whose attribute is called `a`: as `href` of an `a` they are links."""
    rows = []
    for path in sorted(pathlib.Path(folder).glob("*.test")):
        for test in json.loads(path.read_text()).get("tests", []):
            text, tokens = test["input"], test["output"]
            if test.get("doubleEscaped") or test.get("initialStates", ["Data state"]) != ["Data state"]:
                continue
            if path.name == "namedEntities.test":
                # A reference with its semicolon is the same in an attribute.
                if text.endswith(";") and len(tokens) == 1 and tokens[0][0] == "Character":
                    rows.append([f'<a href="/?{text}">', ["/?" + tokens[0][1]]])
                continue
            tags = [it for it in tokens if it[0] == "StartTag"]
            if not tags or any(tag[1] != "h" or list(tag[2]) != ["a"] for tag in tags):
                continue
            link = re.sub(r"<h([ \t\n\f/])", r"<a\1", text)
            link = re.sub(r"(<a[ \t\n\f/]+)a(?=[\s=/>])", r"\1href", link)
            if link.count("href") == len(tags):
                rows.append([link, [tag[2]["a"] for tag in tags]])
    return rows


def urls(path):
    """What a link on a page of the web leads to; nothing, if it is no URL."""
    rows = []
    for case in json.loads(pathlib.Path(path).read_text()):
        if isinstance(case, str):
            continue
        base = case.get("base") or ""
        if not re.match("https?:", base):
            # One that is absolute leads to the same on every page.
            if not re.match(r"https?:[/\\\\]{2}", case["input"]):
                continue
            base = "http://example.org/foo/bar"
        try:
            json.dumps(case, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            continue  # No text in UTF-8 has half of a pair.
        rows.append([case["input"], base, case.get("href")])
    return rows


if __name__ == "__main__":
    cc, checkout, tokenizer, table = sys.argv[1:]
    write("robots-google.jsonl", google(cc))
    write("robots-protego.jsonl", protego(checkout))
    write("attributes-html5lib.jsonl", attributes(tokenizer))
    write("urls-wpt.jsonl", urls(table))
