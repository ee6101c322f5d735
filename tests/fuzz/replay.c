/* SPDX-License-Identifier: ISC */
/*
 * main() of a fuzz target where no fuzzer drives it: replays its corpus, each file whole and
 * cut off at each of its first 2,000 bytes. Prints TAP. Files or folders may be named.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX ((size_t)1 << 20)
#define CUTS 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int files;

/* A copy of exactly that size, so that a sanitizer sees a read beyond it. */
static void
feed(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (copy == NULL)
		exit(99);
	memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void
replay_file(const char *path)
{
	static uint8_t data[FILE_MAX];
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL) {
		(void)printf("not ok %d - %s cannot be read\n", ++files, path);
		return;
	}
	len = fread(data, 1, sizeof data, f);
	(void)fclose(f);
	for (size_t cut = 0; cut < len && cut < CUTS; cut++)
		feed(data, cut);
	feed(data, len);
	(void)printf("ok %d - %s\n", ++files, path);
	(void)fflush(stdout); /* a crash at the next one is the next one's */
}

static void
replay(const char *path)
{
	struct dirent **names;
	char below[4096];
	struct stat st;
	int n;

	if (stat(path, &st) == -1 || !S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		(void)snprintf(below, sizeof below, "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			replay_file(below);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int
main(int argc, char *argv[])
{
	const char *srcdir = getenv("srcdir");
	char corpus[4096];

	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (argc < 2) {
		(void)snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s",
		    srcdir != NULL ? srcdir : ".", FUZZ_CORPUS);
		replay(corpus);
	}
	(void)printf("1..%d\n", files);
	return files > 0 ? 0 : 1;
}
