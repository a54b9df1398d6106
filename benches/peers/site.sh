#!/bin/sh
# A local nginx that serves a site of COUNT pages of 20 KiB with 40 links each, all of which can be
# reached from the first, for the job `crawl` of `benches versus`, and Debian's documentation beside it
# for the jobs `links` and `links-list`; run it from the workspace's folder:
#     benches/peers/site.sh start [COUNT]
#     benches/peers/site.sh stop
set -eu
here=target/versus-crawl
port=18081
case "${1:-}" in
start)
    count=${2:-5000}
    mkdir -p "$here/files/page" "$here/logs"
    # A tree; the links that it leaves over go anywhere.
    awk -v count="$count" -v folder="$here/files" 'BEGIN {
        srand(1)
        for (i = 0; i < 2048; i++) words = words "thread queue "
        for (n = 0; n < count; n++) {
            text = "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>Page " n "</title></head>\n<body>\n"
            for (i = 1; i <= 40; i++) {
                child = 40 * n + i
                if (child >= count) child = int(rand() * (count - 1)) + 1
                text = text "<p><a href=\"/page/" child ".html\">page " child "</a></p>\n"
            }
            text = text "<p>"
            end = "</p>\n</body></html>\n"
            text = text substr(words, 1, 20480 - length(text) - length(end)) end
            file = n ? folder "/page/" n ".html" : folder "/index.html"
            printf "%s", text > file
            close(file)
        }
    }'
    # For checkers that don't find pages by themselves.
    find /usr/share/doc/python3-doc/html/ -name '*.html' 2>/dev/null | sort |
        sed "s|^/usr/share/doc|http://127.0.0.1:$port/doc|" >"$here/list.txt" || true
    cat >"$here/nginx.conf" <<CONF
pid nginx.pid;
error_log logs/error.log;
worker_processes 1;
events { worker_connections 4096; }
http {
    access_log off;
    default_type text/html;
    keepalive_requests 100000000;
    server {
        listen 127.0.0.1:$port;
        root files;
        # What the jobs \`links\` and \`links-list\` check: the documentation of Debian's packages.
        location /doc/ {
            alias /usr/share/doc/;
            default_type application/octet-stream;
            types { text/html html; text/css css; text/plain txt; }
            # Without this header linkchecker sends at most ten requests a second, whatever its settings are.
            add_header LinkChecker allowed;
        }
    }
}
CONF
    nginx -p "$PWD/$here" -c "$PWD/$here/nginx.conf"
    ;;
stop)
    nginx -p "$PWD/$here" -c "$PWD/$here/nginx.conf" -s quit
    rm -rf "$here"
    ;;
*)
    echo "usage: benches/peers/site.sh start [COUNT] | stop" >&2
    exit 2
    ;;
esac
