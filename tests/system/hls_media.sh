#!/bin/sh
# SPDX-License-Identifier: ISC
# Makes a ladder of three renditions with sound, for the gateway's rides.
#
#	hls_media.sh FOLDER SECONDS	leaves FOLDER/ts/main.m3u8, sound within the segments of
#		MPEG-TS, and FOLDER/fmp4/main.m3u8, sound as a group of its own
set -eu
folder=$1
seconds=$2
mkdir -p "$folder/ts" "$folder/fmp4"

hls() {
	kind=$1
	shift
	ffmpeg -nostdin -hide_banner -loglevel error -i "$folder/all.mp4" "$@" -c copy -f hls -hls_time 2 \
	    -hls_playlist_type vod -master_pl_name main.m3u8 "$folder/$kind/v%v.m3u8"
}

# One encoding for both.
ffmpeg -nostdin -hide_banner -loglevel error -f lavfi -i testsrc2=size=320x180:rate=25 \
    -f lavfi -i sine=frequency=440:sample_rate=44100 -t "$seconds" \
    -filter_complex '[0:v]split=3[a][b][c];[b]scale=426x240[d];[c]scale=640x360[e]' \
    -map '[a]' -map '[d]' -map '[e]' -map 1:a -c:v libx264 -preset ultrafast -pix_fmt yuv420p \
    -g 50 -keyint_min 50 -sc_threshold 0 -c:a aac -b:a 64k \
    -b:v:0 250k -maxrate:v:0 250k -bufsize:v:0 250k -b:v:1 900k -maxrate:v:1 900k -bufsize:v:1 900k \
    -b:v:2 2800k -maxrate:v:2 2800k -bufsize:v:2 2800k "$folder/all.mp4"
hls ts -map 0:v:0 -map 0:a -map 0:v:1 -map 0:a -map 0:v:2 -map 0:a \
    -var_stream_map 'v:0,a:0 v:1,a:1 v:2,a:2' -hls_segment_filename "$folder/ts/v%v_%d.ts"
hls fmp4 -map 0:a -map 0:v:0 -map 0:v:1 -map 0:v:2 -hls_segment_type fmp4 \
    -var_stream_map 'a:0,agroup:sound v:0,agroup:sound v:1,agroup:sound v:2,agroup:sound' \
    -hls_segment_filename "$folder/fmp4/v%v_%d.m4s"
rm "$folder/all.mp4"
