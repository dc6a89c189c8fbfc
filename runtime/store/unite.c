/* Several stacks of packs over the same tables: what each needs, put together. A table has the columns of all; a column is
 * required when it is to everybody who has the table; a seal is its own tenants' seal. Must never ask a row: fit.c does.
 * docs/decisions/0018-tenants-share-tables.md */
#include "runtime/store/migrating.h"

/* One of those who share: the new packs first. */
struct party {
	const struct layout *layout;
	struct text name, tenants;
	const struct layout_entity *entity; /* theirs, of the table that is looked at; NULL: they have none */
};

struct uniting {
	struct migrating *migrating;
	struct party *parties;
	uint32_t count;
};

static enum status entity_unite(struct uniting *uniting, struct text name) MUST_CHECK;

enum status layouts_unite(struct migrating *migrating)
{
	const struct sharing *sharing = migrating->sharing;
	struct uniting uniting = {.migrating = migrating, .count = 1 + (sharing ? sharing->count : 0)};
	enum status status = OK;

	if (!sharing) {
		migrating->now = migrating->mine;
		return OK;
	}
	uniting.parties = arena_array(migrating->arena, struct party, uniting.count);
	uniting.parties[0] = (struct party){.layout = &migrating->mine, .name = sharing->name, .tenants = sharing->tenants};
	for (uint32_t i = 0; i < sharing->count; i++) {
		const struct sharer *sharer = &sharing->sharers[i];
		uniting.parties[i + 1] =
			(struct party){.layout = &sharer->layout, .name = sharer->name, .tenants = sharer->tenants};
	}
	/* in the order in which they stand: what has not changed is to look unchanged */
	migrating->now = (struct layout){0};
	for (uint32_t i = 0; i < migrating->old.entities.count && status == OK; i++)
		status = entity_unite(&uniting, migrating->old.entities.items[i].name);
	for (uint32_t p = 0; p < uniting.count; p++)
		for (uint32_t i = 0; i < uniting.parties[p].layout->entities.count && status == OK; i++)
			status = entity_unite(&uniting, uniting.parties[p].layout->entities.items[i].name);
	return status;
}

/* --- fields */
static bool is_wider(struct text wide, struct text narrow)
{
	/* a record with more fields; one that lacks them reads them as not set */
	struct text prefix = text_slice(narrow, 0, narrow.length ? narrow.length - 1 : 0);

	return text_starts(narrow, TEXT("record(")) && text_starts(wide, prefix);
}

static enum status types_differ(struct uniting *uniting, const struct layout_entity *entity, const struct party *one,
				const struct layout_field *field, const struct party *other, const struct layout_field *theirs)
{
	return error_set(uniting->migrating->error, INVALID,
			 "%.*s.%.*s is %.*s in %.*s, and %.*s in %.*s: all tenants' rows stand in one table, so one of the two "
			 "has to get another name",
			 TEXT_ARGS(entity->name), TEXT_ARGS(field->name), TEXT_ARGS(field->type), TEXT_ARGS(one->name),
			 TEXT_ARGS(theirs->type), TEXT_ARGS(other->name));
}

static void values_join(struct arena *arena, struct layout_field *field, const struct layout_field *theirs)
{
	struct text_builder joined = {.arena = arena};
	uint32_t from = 0;

	builder_add(&joined, field->values);
	for (uint32_t i = 0; i < theirs->values.length; i++) {
		if (theirs->values.bytes[i] != ' ')
			continue;
		struct text value = text_slice(theirs->values, from, i + 1);
		from = i + 1;
		if (text_find(text_format(arena, " %.*s", TEXT_ARGS(field->values)),
			      text_format(arena, " %.*s", TEXT_ARGS(value))) < 0)
			builder_add(&joined, value);
	}
	field->values = builder_text(&joined);
}

static enum status field_unite(struct uniting *uniting, struct layout_entity *out, struct text name)
{
	struct arena *arena = uniting->migrating->arena;
	const struct party *first = NULL;
	struct layout_field united = {0};
	bool required = true;

	if (layout_field(out, name))
		return OK;
	for (uint32_t p = 0; p < uniting->count; p++) {
		const struct party *party = &uniting->parties[p];
		const struct layout_field *theirs = layout_field(party->entity, name);
		required = required && (!party->entity || (theirs && theirs->required));
		if (!theirs)
			continue;
		if (!first) {
			first = party;
			united = *theirs;
			continue;
		}
		if (is_wider(theirs->type, united.type))
			united.type = theirs->type;
		else if (!text_equal(theirs->type, united.type) && !is_wider(united.type, theirs->type))
			return types_differ(uniting, out, first, &united, party, theirs);
		values_join(arena, &united, theirs);
	}
	if (!first)
		return OK;
	united.required = required;
	if (!required) /* other tenants' rows get nothing: row_change does it for those of the new packs */
		united.fill = TEXT("");
	*list_add(arena, &out->fields) = united;
	return OK;
}

/* --- indexes */
bool index_names(struct text index, struct text field)
{
	uint32_t from = (uint32_t)text_find(index, TEXT(": ")) + 2;

	for (uint32_t i = from; i <= index.length; i++) {
		if (i < index.length && index.bytes[i] != ' ')
			continue;
		if (text_equal(text_slice(index, from, i), field))
			return true;
		from = i + 1;
	}
	return false;
}

static bool has_columns(const struct layout_entity *entity, const struct layout_entity *all, struct text index)
{
	for (uint32_t i = 0; i < all->fields.count; i++)
		if (index_names(index, all->fields.items[i].name) && !layout_field(entity, all->fields.items[i].name))
			return false;
	return true;
}

/* Unique in the database only when nobody's rows may have doubles; for those whose packs say so the engine looks anyway. */
static void index_unite(struct uniting *uniting, struct layout_entity *out, struct text name)
{
	const struct layout_index *first = NULL;
	bool unique = true;

	if (layout_index(out, name))
		return;
	for (uint32_t p = 0; p < uniting->count; p++) {
		const struct party *party = &uniting->parties[p];
		const struct layout_index *theirs = party->entity ? layout_index(party->entity, name) : NULL;
		first = first ? first : theirs;
		if (theirs)
			unique = unique && theirs->unique;
		else if (party->entity && party->tenants.length && has_columns(party->entity, out, name))
			unique = false;
	}
	if (!first)
		return;
	struct layout_index *united = list_add(uniting->migrating->arena, &out->indexes);
	*united = *first;
	united->unique = first->unique && unique;
}

/* --- seals */
static void seal_unite(struct uniting *uniting, struct layout_entity *out)
{
	struct text_builder seal = {.arena = uniting->migrating->arena};
	const struct layout_entity *first = NULL;
	bool equal = true;

	for (uint32_t p = 0; p < uniting->count; p++) {
		const struct party *party = &uniting->parties[p];
		if (!party->entity || !party->tenants.length)
			continue;
		equal = equal && (!first || text_equal(first->seal, party->entity->seal));
		first = first ? first : party->entity;
		if (party->entity->seal.length)
			builder_format(&seal, "%s(OLD._tenant%.*s AND (%.*s))", seal.length ? " OR " : "",
				       TEXT_ARGS(party->tenants), TEXT_ARGS(party->entity->seal));
	}
	out->seal = !first ? TEXT("") : equal ? first->seal : builder_text(&seal);
}

/* --- a table */
static enum status entity_unite(struct uniting *uniting, struct text name)
{
	struct migrating *migrating = uniting->migrating;
	const struct layout_entity *old = layout_entity(&migrating->old, name);
	struct layout_entity out = {.name = name};
	enum status status = OK;
	bool any = false;

	if (layout_entity(&migrating->now, name))
		return OK;
	for (uint32_t p = 0; p < uniting->count; p++) {
		uniting->parties[p].entity = layout_entity(uniting->parties[p].layout, name);
		any = any || uniting->parties[p].entity;
	}
	if (!any)
		return OK;
	for (uint32_t i = 0; old && i < old->fields.count && status == OK; i++)
		status = field_unite(uniting, &out, old->fields.items[i].name);
	for (uint32_t p = 0; p < uniting->count; p++) {
		const struct layout_entity *theirs = uniting->parties[p].entity;
		for (uint32_t i = 0; theirs && i < theirs->fields.count && status == OK; i++)
			status = field_unite(uniting, &out, theirs->fields.items[i].name);
	}
	for (uint32_t i = 0; old && i < old->indexes.count; i++)
		index_unite(uniting, &out, old->indexes.items[i].name);
	for (uint32_t p = 0; p < uniting->count; p++) {
		const struct layout_entity *theirs = uniting->parties[p].entity;
		for (uint32_t i = 0; theirs && i < theirs->indexes.count; i++)
			index_unite(uniting, &out, theirs->indexes.items[i].name);
	}
	seal_unite(uniting, &out);
	*list_add(migrating->arena, &migrating->now.entities) = out;
	return status;
}

/* --- who else knows */
static bool knows(const struct sharer *sharer, struct text entity, struct text field)
{
	const struct layout_entity *theirs = layout_entity(&sharer->layout, entity);

	return theirs && (!field.length || layout_field(theirs, field));
}

bool others_know(const struct migrating *migrating, struct text entity, struct text field)
{
	const struct sharing *sharing = migrating->sharing;

	for (uint32_t i = 0; sharing && i < sharing->count; i++)
		if (knows(&sharing->sharers[i], entity, field))
			return true;
	return false;
}

bool unfinished_know(const struct migrating *migrating, struct text entity, struct text field)
{
	const struct sharing *sharing = migrating->sharing;

	for (uint32_t i = 0; sharing && i < sharing->count; i++)
		if (sharing->sharers[i].has_unfinished && knows(&sharing->sharers[i], entity, field))
			return true;
	return false;
}
