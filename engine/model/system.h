/* The entities and events that every program has, whatever its packs say: the engine keeps its own state in rows like any
 * other, so a turn's plan is the whole truth. schema_build.c makes them from system.def, at these fixed indexes. */
#ifndef MODEL_SYSTEM_H
#define MODEL_SYSTEM_H

#include "engine/model/schema.h"

enum system_entity {
#define SYSTEM_ENTITY(name, NAME, label) SYSTEM_##NAME,
#define SYSTEM_FIELD(entity, name, NAME, kind)
#include "engine/model/system.def"
#undef SYSTEM_ENTITY
#undef SYSTEM_FIELD
	SYSTEM_ENTITY_COUNT
};

/* Fields: e.g. TIMER_DUE_AT, counted from FIELD_FIRST_OWN. */
enum system_field {
#define SYSTEM_ENTITY(name, NAME, label) NAME##_BEFORE_FIRST = FIELD_FIRST_OWN - 1,
#define SYSTEM_FIELD(entity, name, NAME, kind) entity##_##NAME,
#include "engine/model/system.def"
#undef SYSTEM_ENTITY
#undef SYSTEM_FIELD
};

/* What a timer's `kind` is: who handles it. The numbers stand in rows. */
enum timer_kind {
	TIMER_CLOCK,    /* clock.c: a clock is due or warns; subject: its row's id, number: unused */
	TIMER_HOLDS,    /* rule_time.c: a guard has held long enough; subject: memory row */
	TIMER_UNLESS,   /* rule_time.c: nothing followed in time; subject: memory row */
	TIMER_WORKFLOW, /* workflow.c: sleep, timeout, retry; subject: instance id, number: strand */
	TIMER_SCHEDULE, /* schedule.c: subject: the schedule's name */
	TIMER_SLICE, /* clock_slice.c: clocks are reckoned anew, more than one turn can; subject: their kind, number: which */
	TIMER_KIND_COUNT
};

#endif
