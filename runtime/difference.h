/* What two ways on from the same past came to, and whether a past that happened again was the one that is recorded. */
#ifndef RUNTIME_DIFFERENCE_H
#define RUNTIME_DIFFERENCE_H

#include "engine/base/json.h"
#include "runtime/service/replay.h"

/* Where two ways part. */
struct parting {
	moment at;
	int64_t history, journal; /* numbers of the newest before it */
};
enum status parting_here(struct replay *replay, moment at, struct parting *parting_out, struct error *error) MUST_CHECK;

/* Whether turns that happened again have changed what is recorded of them. */
struct fidelity {
	uint32_t turns;         /* that changed something */
	uint32_t other;         /* of them those that came to something else, or did not come again, or were not there */
	struct record_id first; /* one of those */
};
enum status fidelity_find(const struct tape *tape, struct replay *replay, moment until, struct arena *arena,
			  struct fidelity *fidelity_out, struct error *error) MUST_CHECK;

struct counted { /* how often, then and now */
	struct text name;
	uint32_t then, now;
	uint32_t other; /* of records: in both, and not the same */
};
typedef LIST(struct counted) counted_list;

enum record_difference_kind { RECORD_ONLY_THEN, RECORD_ONLY_NOW, RECORD_OTHER };

struct field_difference {
	struct text field;
	struct text then, now; /* for people; empty: not set */
};

struct record_difference {
	enum record_difference_kind kind;
	struct text entity;
	struct text name; /* for people */
	struct record_id id;
	LIST(struct field_difference) fields; /* of OTHER */
};

struct turn_difference {   /* the same from outside, decided otherwise */
	struct entry then; /* as the journal of the service has it; `trace` and `sentence` are not those of then */
	struct text rules_then, rules_now;
	struct text dead_then, dead_now; /* why it could not be handled; empty: it could */
};

struct difference {
	struct arena *arena;
	uint32_t most;         /* how many of each are named; all are counted */
	counted_list outcomes; /* of rules: "rule outcome"; only those that differ */
	counted_list calls;    /* of actions; only those that differ */
	counted_list sent;     /* "action arguments" that only one has sent, or more often */
	counted_list entities; /* records: `then` those that are only there, `now` those that are only here */
	uint32_t calls_other, turns, turns_other, records, records_other;
	LIST(struct record_difference) named;
	LIST(struct turn_difference) turned;
};

/* The rules of a trace that decided something, as "rule outcome, rule outcome". Which others were asked is a matter of the
 * index. */
struct text rules_decided(struct arena *arena, struct text trace);

/* `most`: see there. */
enum status difference_find(const struct tape *tape, struct replay *then, struct replay *now, const struct parting *parting,
			    uint32_t most, struct arena *arena, struct difference *difference_out,
			    struct error *error) MUST_CHECK;
bool difference_is_none(const struct difference *difference);

/* For people on stdout, for tools as members of the object that is open. */
void difference_print(const struct difference *difference);
void difference_write(const struct difference *difference, struct json_writer *writer);

#endif
