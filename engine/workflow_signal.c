/* Events on their way to workflows: to the strands that wait for them, and, where nobody of an instance waits yet but may
 * later, into what the instance keeps. What is kept lets one wait go on, once. docs/decisions/0014 */
#include "engine/workflow.h"

/* --- an event is there */
struct hearing {
	struct context *context;
	const struct event *event;
	LIST(struct record_id) taken; /* instances of which somebody waited for it */
};

static enum status waiting_find(struct hearing *hearing, row_list *rows)
{
	struct context *context = hearing->context;
	struct text *keys;
	uint32_t key_count;
	enum status status = event_keys(context, hearing->event, &keys, &key_count);
	for (uint32_t i = 0; status == OK && i < key_count; i++) {
		struct row **found;
		uint32_t count;
		status = row_query_equal(context, system_entity(context, SYSTEM_WAIT), WAIT_KEY, value_text(keys[i]), &found,
					 &count);
		for (uint32_t k = 0; status == OK && k < count; k++)
			*list_add(context->arena, rows) = found[k];
	}
	return status;
}

static enum status strand_wake(struct hearing *hearing, struct record_id id, const struct row *wait)
{
	struct context *context = hearing->context;
	struct work work;
	uint32_t number = (uint32_t)wait->values[WAIT_STRAND].integer;
	bool taken = false;
	enum status status = work_load(context, id, &work);
	if (status != OK || number >= work.instance.strands.count ||
	    !id_equal(rest_id(&work.instance, work.instance.strands.items[number].rest), wait->id))
		return status;
	status = rest_event(&work, number, hearing->event, &taken);
	if (taken)
		*list_add(context->arena, &hearing->taken) = id;
	if (status == OK && taken)
		return work_advance(&work);
	if (status == OK || context->fatal)
		return status;
	status = work_fail(&work, text_copy(context->arena, text_from(context->error->sentence)));
	return status == OK ? work_advance(&work) : status;
}

static struct kept_signal *signal_new(struct work *work, const struct event *event)
{
	struct instance *instance = &work->instance;
	struct context *context = work->context;
	if (instance->signals.count && id_equal(list_last(&instance->signals)->event, event->id))
		return list_last(&instance->signals);
	if (instance->signals.count == LIMIT_EARLY_SIGNALS) {
		trace_say(context, "the workflow %.*s (%.*s) keeps %d early events; the oldest, %.*s, is lost",
			  TEXT_ARGS(instance->workflow->name), TEXT_ARGS(work->id), LIMIT_EARLY_SIGNALS,
			  TEXT_ARGS(instance->signals.items[0].kind->name));
		memmove(instance->signals.items, instance->signals.items + 1,
			sizeof(struct kept_signal) * --instance->signals.count);
	}
	struct kept_signal *signal = list_add(context->arena, &instance->signals);
	*signal = (struct kept_signal){.event = event->id, .kind = event->kind, .value = event_value(event)};
	trace_say(context, "the workflow %.*s (%.*s) keeps %.*s until it waits for it", TEXT_ARGS(instance->workflow->name),
		  TEXT_ARGS(work->id), TEXT_ARGS(event->kind->name));
	return signal;
}

/* A condition over what is not set yet, or will be another in the next round, is asked again when the wait begins. */
static enum status signal_keep(struct work *work, const struct wait_key *key, const struct event *event)
{
	struct value truth = value_missing();
	uint32_t bit = (uint32_t)1 << key->number;
	enum status status = key->varies ? OK : wait_truth(work, key, true, event, &truth);
	if (work->context->fatal || (status == OK && truth.kind == VALUE_BOOL && !value_is_true(truth)))
		return status;
	if (status != OK)
		truth = value_missing();
	struct kept_signal *signal = signal_new(work, event);
	*(value_is_true(truth) ? &signal->fits : &signal->perhaps) |= bit;
	return work_keep(work);
}

static struct record_id early_id(const struct instance *instance, uint32_t number)
{
	return rest_id(instance, ((uint64_t)1 << 32) + number); /* beyond all rests */
}

/* Not by the instance that its own rule has just started: it began behind it. */
static enum status early_hear(struct hearing *hearing, struct record_id id, const struct row *row)
{
	struct context *context = hearing->context;
	struct work work;
	uint32_t count;
	for (uint32_t i = 0; i < hearing->taken.count; i++)
		if (id_equal(hearing->taken.items[i], id))
			return OK;
	enum status status = work_load(context, id, &work);
	if (status != OK || id_equal(work.instance.cause, hearing->event->id))
		return status;
	const struct wait_key *const *keys = workflow_waits(context, work.instance.workflow, &count);
	for (uint32_t i = 0; i < count; i++)
		if (id_equal(early_id(&work.instance, i), row->id))
			return signal_keep(&work, keys[i], hearing->event);
	return OK;
}

enum status signal_hear(struct context *context, const struct event *event)
{
	struct hearing hearing = {.context = context, .event = event};
	row_list rows = {0};
	enum status status = waiting_find(&hearing, &rows);
	for (int early = 0; early < 2; early++)
		for (uint32_t i = 0; status == OK && i < rows.count; i++) {
			struct savepoint before = savepoint_set(context);
			const struct row *row = rows.items[i];
			struct record_id id;
			if (!row->values /* an earlier one may have ended it */ ||
			    (row->values[WAIT_STRAND].kind == VALUE_MISSING) != early ||
			    record_id_parse(value_as_text(row->values[WAIT_INSTANCE]), &id) != OK)
				continue;
			status = early ? early_hear(&hearing, id, row) : strand_wake(&hearing, id, row);
			status = work_settle(context, before, id, status);
		}
	return status;
}

/* --- a wait begins */
static enum status signal_fits(struct work *work, const struct wait_key *key, const struct kept_signal *signal, bool *fits_out)
{
	uint32_t bit = (uint32_t)1 << key->number;
	struct value truth;
	*fits_out = signal->fits & bit;
	if (*fits_out || !(signal->perhaps & bit))
		return OK;
	struct event event = {.kind = signal->kind,
			      .id = signal->event,
			      .at = work->context->now,
			      .fields = signal->value.kind == VALUE_RECORD ? signal->value.items : &signal->value,
			      .rule = RULE_NONE};
	enum status status = wait_truth(work, key, false, &event, &truth);
	*fits_out = status == OK && value_is_true(truth);
	return status;
}

enum status signal_take(struct work *work, const struct wait_key *key, struct value *event_out)
{
	struct instance *instance = &work->instance;
	*event_out = value_missing();
	for (uint32_t i = 0; key->is_early && i < instance->signals.count; i++) {
		struct kept_signal *signal = &instance->signals.items[i];
		bool fits;
		enum status status = signal_fits(work, key, signal, &fits);
		if (status != OK)
			return status;
		if (!fits)
			continue;
		*event_out = signal->value;
		trace_say(work->context, "the workflow %.*s (%.*s) had kept the %.*s that it waits for",
			  TEXT_ARGS(instance->workflow->name), TEXT_ARGS(work->id), TEXT_ARGS(signal->kind->name));
		memmove(signal, signal + 1, sizeof(*signal) * (--instance->signals.count - i));
		return OK;
	}
	return OK;
}

/* --- the rows by which the instance is found for the waits that it may still come to */
static enum status early_row(struct work *work, const struct wait_key *key, struct text text)
{
	static const uint16_t FIELDS[] = {WAIT_KEY, WAIT_EVENT, WAIT_INSTANCE};
	struct context *context = work->context;
	const struct entity *entity = system_entity(context, SYSTEM_WAIT);
	struct record_id id = early_id(&work->instance, key->number);
	struct value values[] = {value_text(text), value_text(key->wait->event->name), value_text(work->id)};
	struct write write = {.entity = entity, .fields = FIELDS, .field_count = 3};
	const struct value *row;
	enum status status = row_read(context, entity, id, &row);
	if (status == OK)
		return row_update(context, entity, id, FIELDS, values, 2);
	return status == NOT_FOUND && !context->fatal ? row_create_as(context, &write, values, id) : status;
}

static enum status early_keep(struct work *work, const struct wait_key *key)
{
	struct instance *instance = &work->instance;
	struct early_wait *early = NULL;
	struct text text;
	enum status status = wait_key_text(work, key, true, &text);
	if (status != OK)
		return status;
	for (uint32_t i = 0; i < instance->early.count; i++)
		if (instance->early.items[i].number == key->number)
			early = &instance->early.items[i];
	if (early && text_equal(early->key, text))
		return OK;
	if (!early)
		early = list_add(work->context->arena, &instance->early);
	*early = (struct early_wait){key->number, text};
	return early_row(work, key, text);
}

/* Those that are not ahead any more. */
static enum status early_drop(struct work *work, uint32_t ahead)
{
	struct instance *instance = &work->instance;
	struct context *context = work->context;
	uint32_t kept = 0;
	for (uint32_t i = 0; i < instance->early.count; i++) {
		struct early_wait early = instance->early.items[i];
		if (ahead >> early.number & 1) {
			instance->early.items[kept++] = early;
			continue;
		}
		enum status status = row_delete(context, system_entity(context, SYSTEM_WAIT), early_id(instance, early.number));
		if (status != OK && (status != NOT_FOUND || context->fatal))
			return status;
	}
	instance->early.count = kept;
	return OK;
}

static void signals_drop(struct instance *instance, uint32_t ahead)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < instance->signals.count; i++) {
		struct kept_signal signal = instance->signals.items[i];
		signal.fits &= ahead;
		signal.perhaps &= ahead;
		if (signal.fits | signal.perhaps)
			instance->signals.items[kept++] = signal;
	}
	instance->signals.count = kept;
}

enum status signals_prepare(struct work *work)
{
	struct instance *instance = &work->instance;
	uint32_t ahead = 0, count;
	enum status status = OK;
	const struct wait_key *const *keys = workflow_waits(work->context, instance->workflow, &count);
	if (!count && !instance->early.count)
		return OK;
	for (uint32_t i = 0; work_is_going(instance) && i < instance->strands.count; i++)
		ahead |= waits_ahead(work, &instance->strands.items[i]);
	for (uint32_t i = 0; status == OK && i < count; i++)
		if (ahead >> i & 1)
			status = early_keep(work, keys[i]);
	if (status == OK)
		status = early_drop(work, ahead);
	signals_drop(instance, ahead);
	return status;
}
