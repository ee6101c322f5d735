/* SPDX-License-Identifier: ISC */
/* What was learnt, as C. */
#include "tests/sim/learn/table.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MOST 88
#define TAB 8
#define NUMBER_BYTES 32

/* Three decimals at most, and no more characters than C needs: .25f, -1.f, 0.f */
static const char *
number(float v, char out[NUMBER_BYTES])
{
	char text[NUMBER_BYTES], *end;
	const char *digits = text;

	snprintf(text, sizeof text, "%.3f", (double)v);
	if (strtof(text, NULL) == 0.0f)
		return "0.f";
	for (end = text + strlen(text); end[-1] == '0'; end--)
		continue;
	*end = '\0';
	digits += *digits == '-';
	snprintf(out, NUMBER_BYTES, "%s%sf", v < 0.0f ? "-" : "",
	    *digits == '0' ? digits + 1 : digits);
	return out;
}

/* Numbers behind `tabs` tabs, as many a line as fit. */
static void
write_row(const float *v, int n, int tabs, FILE *out)
{
	char text[NUMBER_BYTES];
	int column = 0;

	for (int i = 0; i < n; i++) {
		const char *word = number(v[i], text);
		const int len = (int)strlen(word) + 1;

		if (column > 0 && column + 1 + len + 1 > LINE_MOST) {
			fputc('\n', out);
			column = 0;
		}
		if (column == 0)
			for (int k = 0; k < tabs; k++, column += TAB)
				fputc('\t', out);
		else
			column += fprintf(out, " ");
		column += fprintf(out, "%s,", word);
	}
	fputc('\n', out);
}

static void
write_matrix(const float (*v)[CORRECTION_HIDDEN], int rows, FILE *out)
{
	for (int i = 0; i < rows; i++) {
		fputs("\t\t{\n", out);
		write_row(v[i], CORRECTION_HIDDEN, 3, out);
		fputs("\t\t},\n", out);
	}
}

static void
write_three(const float v[3], FILE *out)
{
	char a[NUMBER_BYTES], b[NUMBER_BYTES], c[NUMBER_BYTES];

	fprintf(out, "{ %s, %s, %s },\n", number(v[0], a), number(v[1], b), number(v[2], c));
}

void
table_write(const struct correction_table *t, FILE *out)
{
	fputs("/* SPDX-License-Identifier: ISC */\n"
	      "/* What was learnt: see correction.h. */\n"
	      "#include \"estimator/correction.h\"\n\n"
	      "const struct correction_table correction_table = {\n\t.first = {\n", out);
	write_matrix(t->first, CORRECTION_INPUTS, out);
	fputs("\t},\n\t.first_bias = {\n", out);
	write_row(t->first_bias, CORRECTION_HIDDEN, 2, out);
	fputs("\t},\n\t.second = {\n", out);
	write_matrix(t->second, CORRECTION_HIDDEN, out);
	fputs("\t},\n\t.second_bias = {\n", out);
	write_row(t->second_bias, CORRECTION_HIDDEN, 2, out);
	fputs("\t},\n\t.last = {\n", out);
	for (int i = 0; i < CORRECTION_HIDDEN; i++) {
		fputs("\t\t", out);
		write_three(t->last[i], out);
	}
	fputs("\t},\n\t.last_bias = ", out);
	write_three(t->last_bias, out);
	fputs("};\n", out);
}
