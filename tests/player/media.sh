#!/bin/sh
# SPDX-License-Identifier: ISC
# Makes a ladder of small pictures at constant bit rates, for players over the link lab.
#
#	media.sh FOLDER SECONDS		leaves FOLDER/SECONDS/main.m3u8 and its renditions
#
# What fills the bit rate is padding, so that a busy machine decodes it easily.
set -eu
folder=$1/$2
seconds=$2
segment=2
ladder='145 365 730 1500 3000 4500 7800'

[ -f "$folder/main.m3u8" ] && exit 0
rm -rf "$folder"
mkdir -p "$folder"
{
	echo '#EXTM3U'
	echo '#EXT-X-VERSION:3'
	echo '#EXT-X-INDEPENDENT-SEGMENTS'
} >"$folder/main.new"
height=90
for kbps in $ladder; do
	width=$((height * 16 / 9))
	bufsize=$((kbps / 2))
	ffmpeg -nostdin -hide_banner -loglevel error -threads 1 -f lavfi -i "testsrc2=size=${width}x$height:rate=25" \
	    -t "$seconds" -pix_fmt yuv420p -c:v libx264 -preset ultrafast -profile:v main -level 3.1 -bf 0 -g $((25 * segment)) \
	    -keyint_min $((25 * segment)) -sc_threshold 0 -b:v ${kbps}k -minrate ${kbps}k -maxrate ${kbps}k \
	    -bufsize ${bufsize}k -x264-params nal-hrd=cbr -f hls -hls_time $segment -hls_playlist_type vod \
	    -hls_list_size 0 -hls_segment_filename "$folder/$kbps-%03d.ts" "$folder/$kbps.m3u8"
	# The rates as they are: the container's bytes too, the peak of any segment.
	sizes=$(wc -c "$folder/$kbps"-*.ts | awk -v s=$segment -v t="$seconds" \
	    '$2 != "total" && $1 > peak { peak = $1 } $2 != "total" { sum += $1 }
	    END { printf "BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d", peak * 8 / s, sum * 8 / t }')
	echo "#EXT-X-STREAM-INF:$sizes,RESOLUTION=${width}x$height,FRAME-RATE=25,CODECS=\"avc1.4d401f\"" >>"$folder/main.new"
	echo "$kbps.m3u8" >>"$folder/main.new"
	height=$((height + 36))
done
mv "$folder/main.new" "$folder/main.m3u8"
