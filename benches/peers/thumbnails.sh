# shellcheck shell=sh
# Thumbnails of a folder by a program that makes them one after the other, as many at once as there
# are workers, and how many there are then.
# Arguments: the program, the folder of pictures, the folder for thumbnails, how many workers.
set -eu
program=$1 pictures=$2 thumbnails=$3 workers=$4
rm -rf "$thumbnails"
mkdir -p "$thumbnails"

# Files a process: few enough for the last ones not to be left to one worker, enough for the time to
# start a program not to count.
files=23

case $program in
vipsthumbnail)
    # Else it would start a pool of threads for each of its processes.
    export VIPS_CONCURRENCY=1
    set -- vipsthumbnail -s 256 -o "$thumbnails/%s.jpg[Q=80,strip]"
    ;;
mogrify)
    # The hint has its JPEGs decoded at reduced scale.
    export MAGICK_THREAD_LIMIT=1
    set -- mogrify -define jpeg:size=512x512 -auto-orient -thumbnail '256x256>' -strip \
        -quality 80 -format jpg -path "$thumbnails"
    ;;
*)
    echo "$program: not known here" >&2
    exit 2
    ;;
esac
find "$pictures" -type f -print0 | sort -z | xargs -0 -P "$workers" -n "$files" "$@"
find "$thumbnails" -type f | wc -l
