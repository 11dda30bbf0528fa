/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode_words.c -- Decodes lines from standard input for scripts that compare
 * with other decoders.
 *
 * In:  ENCODING WORD-ORDER BYTE-ORDER NUMERATOR/DENOMINATOR WORD...
 *      e.g. "f32 high_first high_first 1000/1 4366 8000" (words in hex)
 * Out: the number, or the decode status in words; for strings the text in "".
 * With `--encode` a line's words give only the count; a number stands before
 * them, and the words that encode it come out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/register_decode.h"

enum { WORDS_MAX = 32, LINE_MAX_BYTES = 1024 };

struct task {
	struct register_format format;
	struct scale scale;
	int64_t number; /* --encode only */
	uint16_t words[WORDS_MAX];
};

static bool parse_head(char **rest, struct task *ret_task)
{
	const char *encoding = strtok_r(NULL, " \n", rest);
	const char *word_order = strtok_r(NULL, " \n", rest);
	const char *byte_order = strtok_r(NULL, " \n", rest);
	const char *scale = strtok_r(NULL, " \n", rest);

	if (!encoding || !word_order || !byte_order || !scale ||
		!register_encoding_find(encoding, &ret_task->format.encoding)) {
		return false;
	}
	ret_task->format.low_word_first = strcmp(word_order, "low_first") == 0;
	ret_task->format.low_byte_first = strcmp(byte_order, "low_first") == 0;
	return sscanf(scale, "%" SCNd64 "/%" SCNd64, &ret_task->scale.numerator,
		       &ret_task->scale.denominator) == 2;
}

static bool parse_line(char *line, bool encode, struct task *ret_task)
{
	char *rest = line;
	const char *word;

	*ret_task = (struct task){0};
	if (!parse_head(&rest, ret_task)) {
		return false;
	}
	if (encode) {
		word = strtok_r(NULL, " \n", &rest);
		if (!word) {
			return false;
		}
		ret_task->number = strtoll(word, NULL, 10);
	}
	while ((word = strtok_r(NULL, " \n", &rest)) && ret_task->format.registers < WORDS_MAX) {
		ret_task->words[ret_task->format.registers++] = (uint16_t)strtoul(word, NULL, 16);
	}
	return ret_task->format.registers > 0;
}

static void print_decoded(const struct task *task)
{
	char text[2 * WORDS_MAX + 1];
	int64_t value = 0;

	if (task->format.encoding == ENCODING_STRING) {
		register_decode_text(task->words, task->format, text);
		printf("\"%s\"\n", text);
		return;
	}

	enum decode_status status = register_decode(task->words, task->format, task->scale, &value);

	if (status == DECODE_OK) {
		printf("%" PRId64 "\n", value);
	} else {
		printf("%s\n", decode_status_text(status));
	}
}

static void print_encoded(struct task *task)
{
	if (!register_encode(task->number, task->scale, task->format, task->words)) {
		printf("does not fit\n");
		return;
	}
	for (size_t i = 0; i < task->format.registers; i++) {
		printf("%04x%c", task->words[i], i + 1u < task->format.registers ? ' ' : '\n');
	}
}

int main(int argc, char **argv)
{
	bool encode = argc > 1 && strcmp(argv[1], "--encode") == 0;
	char line[LINE_MAX_BYTES];
	struct task task;

	while (fgets(line, sizeof(line), stdin)) {
		if (!parse_line(line, encode, &task)) {
			fprintf(stderr, "decode_words: cannot read \"%s\"\n", line);
			return 2;
		}
		if (encode) {
			print_encoded(&task);
		} else {
			print_decoded(&task);
		}
	}
	return 0;
}
