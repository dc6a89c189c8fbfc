/* Names of steps and outcomes, and the ids that a program's own things have. */
#include "engine/model/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/model/trace.h"

const char *step_name(enum step_operation operation)
{
	static const char *const NAMES[] = {
#define STEP(name, doc) #name,
#include "engine/model/steps.def"
#undef STEP
	};
	return operation < STEP_COUNT ? NAMES[operation] : "?";
}

const char *outcome_name(enum outcome outcome)
{
	static const char *const NAMES[] = {
		[OUTCOME_FIRED] = "fired",         [OUTCOME_FALSE] = "false",         [OUTCOME_UNKNOWN] = "unknown",
		[OUTCOME_NOT_VALID] = "not valid", [OUTCOME_DUPLICATE] = "duplicate", [OUTCOME_DAMPED] = "damped",
		[OUTCOME_ONCE] = "once",           [OUTCOME_AT_MOST] = "at most",     [OUTCOME_WAITING] = "waiting",
		[OUTCOME_CANCELLED] = "cancelled", [OUTCOME_FAILED] = "failed"};
	return NAMES[outcome];
}

const struct workflow *program_workflow(const struct program *program, struct text name)
{
	for (uint32_t i = 0; i < program->workflow_count; i++)
		if (text_equal(program->workflows[i].name, name))
			return &program->workflows[i];
	return NULL;
}

const struct work_point *workflow_point_at(const struct workflow *workflow, uint32_t step)
{
	for (uint32_t i = 0; i < workflow->point_count; i++)
		if (workflow->points[i].step == step)
			return &workflow->points[i];
	return NULL;
}

const struct format *program_format(const struct program *program, struct text name)
{
	for (uint32_t i = 0; i < program->format_count; i++)
		if (text_equal(program->formats[i].name, name))
			return &program->formats[i];
	return NULL;
}

struct text program_hash_text(struct arena *arena, uint64_t hash)
{
	return text_format(arena, "%016" PRIx64, hash);
}

uint64_t program_hash_read(struct text text)
{
	char digits[17];

	snprintf(digits, sizeof digits, "%.*s", TEXT_ARGS(text));
	return strtoull(digits, NULL, 16);
}

const struct receive *program_receive(const struct program *program, struct text connector, struct text name)
{
	for (uint32_t i = 0; i < program->receive_count; i++) {
		const struct receive *receive = &program->receives[i];
		if (text_equal(receive->connector->name, connector) && (!name.length || text_equal(receive->name, name)))
			return receive;
	}
	return NULL;
}

struct record_id clock_row_id(const struct clock *clock, struct record_id record)
{
	struct record_id name = record_id_derive(0, clock->name.bytes, clock->name.length);
	struct record_id both[2] = {name, record};
	struct record_id id = record_id_derive(0, both, sizeof(both));
	id.high = (record.high & ~(uint64_t)0xffff) | (id.high & 0xffff); /* born with its record */
	return id;
}
