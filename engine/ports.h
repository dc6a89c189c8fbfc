/* What the engine asks of its host. The engine itself does no I/O; every answer here must be repeatable within a turn.
 * A status other than OK (or NOT_FOUND, where it is said) ends the turn: nothing of it is applied. */
#ifndef ENGINE_PORTS_H
#define ENGINE_PORTS_H

#include "engine/model/program.h"

struct ports {
	void *host;
	/* Fills entity->field_count values in `arena`. NOT_FOUND when there is no such row. */
	enum status (*read)(void *host, struct arena *arena, const struct entity *entity, struct record_id id,
			    struct value *values_out, struct error *error);
	/* Rows for which all of query->terms hold (a superset of the answer), ordered by id: `*rows_out` is an array of
	 * pointers to entity->field_count values each. `parameters` has query->parameter_count values. Of a query that is
	 * `in_order`, no superset, and it may be more than `most`, but none is left out in between. */
	enum status (*query)(void *host, struct arena *arena, const struct query *query, const struct value *parameters,
			     const struct value *const **rows_out, uint32_t *count_out, struct error *error);
	/* The next number of a sequence, from 1; `key` is the sequence's name and period. Taken back when the turn is. */
	enum status (*next_number)(void *host, struct text key, int64_t *number_out, struct error *error);
	/* The numbers from `first` on, all taken in this turn, were used by nothing: what took them has failed. */
	enum status (*return_numbers)(void *host, struct text key, int64_t first, struct error *error);
	/* Whether an event of this id was handled in an earlier turn: events with a `key` happen once, whoever raises them. */
	enum status (*event_seen)(void *host, struct record_id id, bool *seen_out, struct error *error);
	/* The value of a setting that the tenant has set; NOT_FOUND: use its default. */
	enum status (*setting)(void *host, struct arena *arena, const struct setting *setting, struct value *value_out);
	/* Whether the host has an engine for the program of that hash: instances of workflows that run on it are left to that
	 * engine (turn.elsewhere). NULL, or no: they hold until a person has looked. */
	bool (*runs_elsewhere)(void *host, uint64_t program);
};

#endif
