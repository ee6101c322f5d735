#!/bin/sh
# SPDX-License-Identifier: ISC
# Writes the files of the page as C. DYGRAPHS may be empty.
#
#   embed.sh DYGRAPHS FOLDER
set -eu
dygraphs=$1
folder=$2
names="index.html page.css page.js words.js live.js history.js paint.js chart.js sections.js icon.svg dygraph.js"

content() {
	if [ "$1" != dygraph.js ]; then
		cat "$folder/$1"
	elif [ -n "$dygraphs" ]; then
		echo '/* dygraphs. Copyright (c) 2006 Dan Vanderkam and others. MIT licence, whose text is with its source. */'
		cat "$dygraphs"
	else
		echo '/* Built without dygraphs. */'
	fi
}

echo '/* Made of api/page/. */'
echo '#include "api/page.h"'
n=0
for name in $names; do
	echo "static const unsigned char file_$n[] = {"
	content "$name" | od -An -v -tu1 | sed -e 's/  *\([0-9][0-9]*\)/\1,/g'
	echo '};'
	n=$((n + 1))
done
echo 'const struct page_file page_files[] = {'
n=0
for name in $names; do
	sum=$(content "$name" | cksum | tr ' ' -)
	echo "	{\"$name\", \"\\\"$sum\\\"\", file_$n, sizeof(file_$n)},"
	n=$((n + 1))
done
echo '};'
echo 'const size_t page_files_len = sizeof(page_files) / sizeof(page_files[0]);'
