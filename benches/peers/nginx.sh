#!/bin/sh
# A local nginx that serves COUNT files of 4 KiB, for the job `fetch` of `benches versus`; run it
# from the workspace's folder:
#     benches/peers/nginx.sh start [COUNT]
#     benches/peers/nginx.sh stop
set -eu
here=target/versus-fetch
port=18080
case "${1:-}" in
start)
    count=${2:-100000}
    mkdir -p "$here/files" "$here/logs"
    head -c "$((4096 * count))" /dev/zero | tr '\0' x | split -b 4096 -d -a 6 - "$here/files/"
    seq -f "http://127.0.0.1:$port/%06g" 0 "$((count - 1))" >"$here/urls.txt"
    sed 's|.*|url = "&"\noutput = "/dev/null"|' "$here/urls.txt" >"$here/urls.curl"
    cat >"$here/nginx.conf" <<CONF
pid nginx.pid;
error_log logs/error.log;
worker_processes 1;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 100000000;
    server { listen 127.0.0.1:$port; root files; }
}
CONF
    if command -v go >/dev/null; then go build -o "$here/fetch-go" benches/peers/fetch.go; fi
    nginx -p "$PWD/$here" -c "$PWD/$here/nginx.conf"
    ;;
stop)
    nginx -p "$PWD/$here" -c "$PWD/$here/nginx.conf" -s quit
    rm -rf "$here"
    ;;
*)
    echo "usage: benches/peers/nginx.sh start [COUNT] | stop" >&2
    exit 2
    ;;
esac
