#!/usr/bin/env bash
# Brings the data of curl's own tests (COPYING: the curl licence) from Debian's source package into
# FOLDER/tests/data: curl-data.sh FOLDER [SUITE]. Nothing of it is built or run.
set -euo pipefail
folder=$1
suite=${2:-trixie}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
[ -d "$folder/tests/data" ] && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists,cache/archives}/partial
# A list of its own: the machine's stays as it is.
cat > "$work/debian.sources" <<END
Types: deb-src
URIs: http://deb.debian.org/debian
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
apt=(apt-get --quiet --quiet -o APT::Sandbox::User=root
    -o "Dir::Etc::sourcelist=$work/debian.sources" -o Dir::Etc::sourceparts=-
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache")
"${apt[@]}" update
cd "$work"
"${apt[@]}" source --download-only --tar-only curl > /dev/null
mkdir source
tar --extract --file curl_*.orig.tar.* --directory source --strip-components 1 --wildcards '*/tests/data/*' '*/COPYING'
mv source/* "$folder"
