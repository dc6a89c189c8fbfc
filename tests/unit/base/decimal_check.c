/* Reads what decimal_oracle.py writes and computes each line again: `decimal_check PYTHON ORACLE [COUNT]`. Prints the first
 * lines that differ; the exit code says whether any did. */
#include "engine/base/decimal.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIELDS = 5, SHOWN = 20, EXPECTED_LINES = 1000000 };

static void write_result(enum status status, struct decimal result, char *buffer)
{
	if (status == OK)
		decimal_write(result, buffer);
	else
		strcpy(buffer, status == LIMIT ? "LIMIT" : "INVALID");
}

static enum status compute(char *const *field, struct decimal a, struct decimal b, struct decimal *result_out)
{
	const char *operation = field[0];
	if (!strcmp(operation, "add"))
		return decimal_add(a, b, result_out);
	if (!strcmp(operation, "subtract"))
		return decimal_subtract(a, b, result_out);
	if (!strcmp(operation, "multiply"))
		return decimal_multiply(a, b, result_out);
	if (!strcmp(operation, "divide"))
		return decimal_divide(a, b, result_out);
	if (!strncmp(operation, "round", 5))
		return decimal_round(a, atoi(field[3]), (enum rounding)(operation[5] - '0'), result_out);
	*result_out = decimal_from_int(decimal_compare(a, b));
	if (decimal_compare(b, a) != -decimal_compare(a, b))
		return INVALID;
	return !decimal_compare(a, b) && decimal_hash(a) != decimal_hash(b) ? INVALID : OK;
}

static void answer(char *const *field, char *buffer)
{
	struct decimal a = {0}, b = {0}, result = {0};
	if (!strcmp(field[0], "parse")) {
		enum status status = decimal_parse_json(text_from(field[1]), &result);
		enum status again = decimal_parse(text_from(field[1]), &result);
		if (!strpbrk(field[1], "eE") && status != again)
			strcpy(buffer, "the two parsers differ");
		else if (decimal_parse_json(text_from(field[1]), &result) == status)
			write_result(status, result, buffer);
		return;
	}
	if (decimal_parse(text_from(field[1]), &a) || (strcmp(field[2], "-") && decimal_parse(text_from(field[2]), &b))) {
		strcpy(buffer, "operand");
		return;
	}
	write_result(compute(field, a, b, &result), result, buffer);
}

static bool line_agrees(char *line)
{
	char *field[FIELDS], *rest = line, got[DECIMAL_TEXT] = "";
	for (int i = 0; i < FIELDS; i++)
		if (!(field[i] = strsep(&rest, " \n")))
			return false;
	answer(field, got);
	if (!strcmp(got, field[4]))
		return true;
	printf("%s %s %s %s: %s expected, %s computed\n", field[0], field[1], field[2], field[3], field[4], got);
	return false;
}

int main(int count, char **arguments)
{
	if (count < 3)
		return 2;
	char *command = NULL, *line = NULL;
	if (asprintf(&command, "'%s' '%s' %s", arguments[1], arguments[2], count > 3 ? arguments[3] : "") < 0)
		return 2;
	FILE *oracle = popen(command, "r");
	size_t size = 0;
	long lines = 0, wrong = 0;
	while (oracle && getline(&line, &size, oracle) > 0 && wrong < SHOWN) {
		lines++;
		wrong += !line_agrees(line);
	}
	free(line);
	free(command);
	bool complete = oracle && !pclose(oracle) && (count > 3 || lines == EXPECTED_LINES);
	printf("%ld operations, %ld differ\n", lines, wrong);
	return wrong || !complete;
}
