#!/bin/sh
# Checks the links of Debian's git-doc, which `site.sh` serves, and prints the URLs that are broken, a
# line each: only those of the package, without what is no URL. A link that is broken makes every checker
# fail, and is no failure here.
#     benches/peers/check.sh PROGRAM
set -eu
url=http://127.0.0.1:18081/doc/git-doc/git.html
case "$1" in
*crawler)
    "$1" check "$url" -j 16 --per-host 16 --ignore-robots --internal-only --quiet --format jsonl |
        sed -n 's/.*"type":"broken","url":"\([^"]*\)".*"status":[0-9].*/\1/p'
    ;;
linkinator)
    linkinator "$url" --recurse --concurrency 16 --skip '^(?!http://127.0.0.1:18081/)' --format csv |
        awk -F, '/BROKEN/ { gsub("\"", ""); print $1 }'
    ;;
linkchecker)
    # Ten requests a second are its default.
    printf '[checking]\nmaxrequestspersecond=100000\nthreads=16\n' >target/versus-crawl/linkcheckerrc
    linkchecker -f target/versus-crawl/linkcheckerrc --no-status --no-robots -o csv "$url" |
        awk -F';' '$7 == "False" { print $8 }'
    ;;
esac | sort -u
