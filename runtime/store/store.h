/* Where rows live. One SQL compiler (sql.c) over a dialect table; sqlite.c is the only file that sees SQLite. Typed tables, one
 * an entity, made and migrated from the program's schema. All calls between begin and commit are one transaction. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "engine/model/plan.h"
#include "engine/ports.h"

struct store;

/* `path`: a file, ":memory:", or postgresql://… */
enum status store_open(const char *path, struct store **store_out, struct error *error) MUST_CHECK;
void store_close(struct store *store);

/* All that is in an embedded store into a new, empty one. Outside of transactions. */
enum status store_copy(struct store *from, struct store *to, struct error *error) MUST_CHECK;

/* Makes the tables fit the schema: adds what is new by itself. What would lose data (a field or entity gone, a type changed, an
 * enum value gone that rows hold, a new unique index over doubles, a new required field without default over rows) is INVALID,
 * with the `migration` block to write; program->migrations are carried out first. Not within a transaction. Sets the schema for
 * all later calls; it must outlive them. `changes_out` (may be NULL) gets one line per change made. */
enum status store_migrate(struct store *store, const struct program *program, struct arena *arena, struct text *changes_out,
			  struct error *error) MUST_CHECK;

/* Whose turns the calls from now on are of. The tables must have room for all of its schema (store_migrate, stack_activate); it
 * must outlive its use, and store_forget_programs is said before any of those that were used goes. */
void store_use_program(struct store *store, const struct program *program);
void store_forget_programs(struct store *store);
/* Whether turns of a program can be run here that is not the tenant's own: `has` is what ports.runs_elsewhere asks. */
typedef bool store_has_fn(void *context, uint64_t program);
void store_has_programs(struct store *store, store_has_fn *has, void *context);

/* Begins nest: an inner one is a savepoint, which its own commit or rollback ends. A commit that fails has rolled back. */
enum status store_begin(struct store *store, struct error *error) MUST_CHECK;
enum status store_commit(struct store *store, struct error *error) MUST_CHECK;
/* Sees all tables as they are at one moment, and keeps nobody from writing. Not within another one; ends by store_rollback. */
enum status store_begin_reading(struct store *store, struct error *error) MUST_CHECK;
void store_rollback(struct store *store);
/* Commits, or takes back when `status` is not OK; what became of it. */
enum status store_end(struct store *store, enum status status, struct error *error) MUST_CHECK;

/* Calls between the processes of all machines that share this store, where they are heard: store_hearing is readable when
 * somebody may have called `who` (-1: nothing will be heard here), `life_out` changes when calls may have been missed, and
 * store_heard says whether one came, or the connection went. Call within a transaction: its commit is when it is heard. */
void store_listen(struct store *store, const char *who);
enum status store_call(struct store *store, const char *who, struct error *error) MUST_CHECK;
int store_hearing(const struct store *store, uint32_t *life_out);
bool store_heard(struct store *store);

/* For the process that the outside reaches: from here on the database itself lets it read no rows but those of the tenant that
 * is used, write nothing but new entries of the journal, and see no secret. docs/decisions/0022 */
enum status store_confine(struct store *store, struct error *error) MUST_CHECK;

/* Whose rows all later calls read and write; 0 before the first call. Every key begins with it. */
void store_use_tenant(struct store *store, int64_t tenant);

/* Fills `ports` so that an engine reads from this store. */
void store_ports(struct store *store, struct ports *ports);

/* Which moment and event the changes applied from now on belong to: history names them. store_event_is_new says it for the
 * event it was asked about; timers and people's actions say it here. */
void store_turn(struct store *store, moment at, struct record_id event);

/* On: that references lead somewhere is not asked after each plan; the commit finds it, for all of them, and says less. */
void store_check_late(struct store *store, bool late);

/* Many turns in one transaction, for databases where a trip costs more than a turn. Between begin and write, within a
 * transaction, everything below and the journal read and write in memory; store_batch_write brings it all to the database at
 * once. It, or any call before, may end with CONFLICT, which says nothing of whose it is: roll back and run the turns one by
 * one. store_batch_end without a write forgets. */
void store_batch_begin(struct store *store);
enum status store_batch_write(struct store *store, struct error *error) MUST_CHECK;
void store_batch_end(struct store *store);
/* While scouting, what is not in memory is noted, is answered as if it were not there, and counts as missed; a fetch gets all
 * that was noted, with one question for each kind. A turn that missed something is worth nothing: undo takes back the numbers
 * and events it has taken. One that missed nothing is as good as any; keep it before the next begins. */
void store_batch_scout(struct store *store, bool scouting);
void store_batch_undo(struct store *store);
void store_batch_keep(struct store *store);
uint32_t store_batch_missed(const struct store *store);
enum status store_batch_fetch(struct store *store, struct error *error) MUST_CHECK;
/* Whether trips to this database are worth scouting for: it is not in this process. */
bool store_is_remote(const struct store *store);

/* Applies the plan's changes in order, writes their history, and remembers the keyed events among plan->events. Clocks and
 * notes of a deleted row go with it; any other row that still refers to it is a CONFLICT. CONFLICT: a unique index, a foreign
 * key or a sealed row says no (the sentence names entity, fields and values), or a row's version is not the one that was read.
 */
enum status store_apply(struct store *store, const struct plan *plan, struct error *error) MUST_CHECK;

/* The tenant's settings, as text that value_from_json understands. */
enum status store_set_setting(struct store *store, const struct setting *setting, struct value value,
			      struct error *error) MUST_CHECK;

/* True (and remembered) when this event id is new. */
enum status store_event_is_new(struct store *store, const struct event *event, bool *is_new_out,
			       struct error *error) MUST_CHECK;

/* The moment of the newest change in the history: no clock may begin before it. NOT_FOUND: nothing has happened yet. */
enum status store_latest(struct store *store, moment *at_out, struct error *error) MUST_CHECK;

/* The timer that is due first, at or before `until`. NOT_FOUND: none. */
enum status store_next_timer(struct store *store, moment until, struct record_id *timer_out, moment *due_out,
			     struct error *error) MUST_CHECK;

/* For those who serve all tenants: what is due at or before `until`, the longest due first, and when the next is due
 * (NOT_FOUND: there is none). Slices of clocks (TIMER_SLICE) are long turns, and wait for each other. */
enum due_kind { DUE_ALL, DUE_BUT_SLICES, DUE_SLICES };
struct due_timer {
	int64_t tenant;
	struct record_id timer;
	moment due;
};
typedef LIST(struct due_timer) due_list;
enum status store_timers_due(struct store *store, struct arena *arena, enum due_kind kind, moment until, uint32_t most,
			     due_list *due_out, struct error *error) MUST_CHECK;
/* One whose turn was refused: it would be due for ever. */
enum status store_timer_put_off(struct store *store, struct record_id timer, moment until, struct error *error) MUST_CHECK;
/* One whose turn nobody survives: put off until there, it is not due by itself any more; and due again when a person says so.
 */
#define TIMER_ASIDE INT64_C(253402300799) /* the last second of 9999 */
enum status store_timer_come_back(struct store *store, struct record_id timer, moment due, struct error *error) MUST_CHECK;
enum status store_timer_next(struct store *store, moment *due_out, struct error *error) MUST_CHECK;

#endif
