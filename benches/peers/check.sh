#!/bin/sh
# Checks the links of Debian's documentation, which `site.sh` serves, and prints the URLs that are broken, a
# line each: only those of the server. A link that is broken makes every checker fail, and is no failure here.
#     benches/peers/check.sh git PROGRAM       git-doc, from its first page on
#     benches/peers/check.sh list PROGRAM      all pages of python3-doc, by a list of their URLs
# Programs of the second don't need to find the pages. Of a page that is not there no part is named.
set -eu
here=target/versus-crawl
site=http://127.0.0.1:18081/
git=${site}doc/git-doc/git.html
case "$1 $2" in
"git "*crawler)
    "$2" check "$git" -j 16 --per-host 16 --ignore-robots --internal-only --quiet --format jsonl |
        sed -n 's/.*"type":"broken","url":"\([^"]*\)".*"status":[0-9].*/\1/p'
    ;;
"git linkinator")
    linkinator "$git" --recurse --concurrency 16 --skip "^(?!$site)" --format csv |
        awk -F, '/BROKEN/ { gsub("\"", ""); print $1 }'
    ;;
"git linkchecker")
    # Ten requests a second are its default.
    printf '[checking]\nmaxrequestspersecond=100000\nthreads=16\n' >"$here/linkcheckerrc"
    linkchecker -f "$here/linkcheckerrc" --no-status --no-robots -o csv "$git" |
        awk -F';' '$7 == "False" { print $8 }'
    ;;
"list "*crawler)
    xargs "$2" check -j 16 --per-host 16 --ignore-robots --internal-only --quiet --format jsonl <"$here/list.txt" |
        sed -n 's/.*"type":"broken","url":"\([^"]*\)".*"status":[0-9].*/\1/p'
    ;;
"list lychee")
    lychee --files-from "$here/list.txt" --include "^$site" --exclude . --include-fragments --no-progress \
        --max-concurrency 16 --host-concurrency 16 --host-request-interval 0ms --format json 2>/dev/null |
        awk -F'"' '/"url":/ { url = $4 }
            /"code": 404/ { sub("#.*", "", url); print url }
            /"text": "Cannot find fragment"/ { print url }'
    ;;
esac | sort -u
