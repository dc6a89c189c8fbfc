/* What would be lost if the tables fitted the packs: all of it is said in one answer, with the `migration` block to write. Must
 * never change anything. */
#include "runtime/store/migrating.h"

static enum status refuse(struct migrating *migrating);

/* --- asking */
/* Rows of the old table, of all tenants, for which the condition holds; an empty one: all. */
static enum status count_all(struct migrating *migrating, struct text table, struct text condition, int64_t *count_out)
{
	struct text_builder sql = {.arena = migrating->arena};

	builder_add_string(&sql, "SELECT count(*) FROM ");
	sql_name(&sql, table);
	if (condition.length)
		builder_format(&sql, " WHERE %.*s", TEXT_ARGS(condition));
	return migrating_count(migrating, &sql, count_out);
}

static enum status count_where(struct migrating *migrating, struct text table, struct text condition, int64_t *count_out)
{
	return count_all(migrating, table, of_mine(migrating, condition), count_out);
}

static struct text is_set(struct migrating *migrating, struct text column, bool set)
{
	struct text_builder sql = {.arena = migrating->arena};

	sql_name(&sql, column);
	builder_add_string(&sql, set ? " IS NOT NULL" : " IS NULL");
	return builder_text(&sql);
}

/* --- what would be lost */
static void complain(struct migrating *migrating, struct text sentence, struct text item)
{
	builder_add_string(&migrating->refused, migrating->refused.length ? "; " : "");
	builder_add(&migrating->refused, sentence);
	if (item.length)
		builder_format(&migrating->block, "%s%.*s", migrating->block.length ? "; " : "", TEXT_ARGS(item));
}

/* The same columns hold both, or the old one's text becomes the new one's without loss. */
bool column_fits(struct text old, struct text now)
{
	if (text_equal(old, now) || (text_is(old, "int") && text_is(now, "decimal")))
		return true;
	/* a record that got more fields: old rows lack them */
	struct text prefix = text_slice(old, 0, old.length ? old.length - 1 : 0);
	return text_starts(old, TEXT("record(")) && text_starts(now, prefix);
}

static enum status values_check(struct migrating *migrating, struct text entity, const struct layout_field *old,
				const struct layout_field *now)
{
	uint32_t from = 0;

	for (uint32_t i = 0; i < old->values.length; i++) {
		if (old->values.bytes[i] != ' ')
			continue;
		struct text value = text_slice(old->values, from, i);
		from = i + 1;
		if (text_find(SAY(" %.*s", TEXT_ARGS(now->values)), SAY(" %.*s ", TEXT_ARGS(value))) >= 0)
			continue;
		struct text_builder where = {.arena = migrating->arena};
		int64_t rows;
		bool plain = text_is(old->type, "enum");
		if (!plain)
			builder_format(&where, "%s(", migrating->store->dialect->position);
		sql_name(&where, old->name);
		builder_add_char(&where, plain ? '=' : ',');
		sql_literal(&where, plain ? value : SAY("\"%.*s\"", TEXT_ARGS(value)));
		builder_add_string(&where, plain ? "" : ")>0");
		enum status status = count_where(migrating, entity, builder_text(&where), &rows);
		if (status != OK)
			return status;
		if (rows)
			complain(migrating,
				 SAY("the value `%.*s` of %.*s.%.*s is gone, but %lld rows hold it", TEXT_ARGS(value),
				     TEXT_ARGS(entity), TEXT_ARGS(now->name), (long long)rows),
				 SAY("update %.*s.%.*s = NEW where %.*s.%.*s == %.*s", TEXT_ARGS(entity), TEXT_ARGS(now->name),
				     TEXT_ARGS(entity), TEXT_ARGS(now->name), TEXT_ARGS(value)));
	}
	return OK;
}

/* The field from which a migration's `rename` will move the values, for others go on calling it so. */
static struct text copied_from(const struct migrating *migrating, struct text entity, struct text field)
{
	for (uint32_t i = 0; migrating->sharing && i < migrating->program->migration_count; i++) {
		const struct migration *step = &migrating->program->migrations[i];
		const struct layout_entity *old = layout_entity(&migrating->old, entity);
		if (step->kind == MIGRATION_RENAME && text_equal(step->entity, entity) && text_equal(step->to, field) &&
		    layout_field(old, step->field) && !layout_field(old, step->to))
			return step->field;
	}
	return TEXT("");
}

static enum status required_check(struct migrating *migrating, struct text entity, bool is_new, const struct layout_field *now)
{
	int64_t rows;
	struct text empty = is_new ? TEXT("") : is_set(migrating, now->name, false);
	struct text source = copied_from(migrating, entity, now->name);

	if (!now->required || now->fill.length)
		return OK;
	if (source.length)
		empty = is_set(migrating, source, false);
	enum status status = count_where(migrating, entity, empty, &rows);
	if (status == OK && rows)
		complain(migrating,
			 SAY("%.*s.%.*s is %srequired, but %lld rows have no value for it: give it a constant `default`, or "
			     "leave "
			     "`required` away until they have one",
			     TEXT_ARGS(entity), TEXT_ARGS(now->name), is_new ? "new and " : "", (long long)rows),
			 TEXT(""));
	return status;
}

static enum status gone_check(struct migrating *migrating, struct text entity, const struct layout_field *old,
			      const struct layout_field *now)
{
	int64_t rows;
	enum status status = count_where(migrating, entity, is_set(migrating, old->name, true), &rows);

	if (status != OK || !rows || old->dropped || old->moved ||
	    (!now && migrating->sharing && migrating->sharing->goes_back))
		return status;
	struct text name = SAY("%.*s.%.*s", TEXT_ARGS(entity), TEXT_ARGS(old->name));
	if (now)
		complain(migrating,
			 SAY("%.*s was %.*s and is now %.*s; %lld rows hold values of the old type: give the new field another "
			     "name, then "
			     "rename or drop the old one",
			     TEXT_ARGS(name), TEXT_ARGS(old->type), TEXT_ARGS(now->type), (long long)rows),
			 SAY("drop %.*s", TEXT_ARGS(name)));
	else
		complain(migrating,
			 SAY("the field %.*s is gone, but %lld rows hold a value in it", TEXT_ARGS(name), (long long)rows),
			 SAY("rename %.*s to NEW   # or: drop %.*s", TEXT_ARGS(name), TEXT_ARGS(name)));
	return OK;
}

static bool columns_exist(const struct layout_entity *old, const struct layout_entity *now, const struct layout_index *index)
{
	for (uint32_t i = 0; i < now->fields.count; i++) {
		struct text name = now->fields.items[i].name;
		if (index_names(index->name, name) && !layout_field(old, name))
			return false;
	}
	return true;
}

static enum status doubles_check(struct migrating *migrating, const struct layout_entity *old, const struct layout_entity *now)
{
	for (uint32_t i = 0; i < now->indexes.count; i++) {
		const struct layout_index *index = &now->indexes.items[i];
		struct text_builder sql = {.arena = migrating->arena};
		int64_t doubles;
		/* over a field that is only now added, all rows are without a value */
		const struct layout_index *was = layout_index(old, index->name);
		if (!index->unique || (was && was->unique) || !columns_exist(old, now, index))
			continue;
		builder_add_string(&sql, "SELECT count(*) FROM ");
		sql_name(&sql, now->name);
		builder_format(&sql, " WHERE %.*s GROUP BY _tenant,%.*s HAVING count(*)>1", TEXT_ARGS(index->filled),
			       TEXT_ARGS(index->columns));
		enum status status = migrating_count(migrating, &sql, &doubles);
		if (status != OK)
			return status;
		if (doubles)
			complain(migrating,
				 SAY("`%.*s` can not be made: %lld rows have the same values; make them different first",
				     TEXT_ARGS(index->name), (long long)doubles),
				 TEXT(""));
	}
	return OK;
}

/* Whether it is gone for those who get the new packs: they knew it, or nobody else does. */
static bool was_theirs(const struct migrating *migrating, struct text entity, struct text field)
{
	const struct layout *before = migrating->sharing ? migrating->sharing->before : NULL;
	const struct layout_entity *known = before ? layout_entity(before, entity) : NULL;

	return !others_know(migrating, entity, field) || (known && (!field.length || layout_field(known, field)));
}

static enum status entity_check(struct migrating *migrating, const struct layout_entity *old, const struct layout_entity *now)
{
	enum status status = OK;

	for (uint32_t i = 0; i < old->fields.count && status == OK; i++) {
		const struct layout_field *was = &old->fields.items[i], *is = layout_field(now, was->name);
		if (!is && !was_theirs(migrating, old->name, was->name))
			continue;
		if (!is || !column_fits(was->type, is->type))
			status = gone_check(migrating, old->name, was, is);
		else
			status = values_check(migrating, old->name, was, is);
	}
	for (uint32_t i = 0; i < now->fields.count && status == OK; i++) {
		const struct layout_field *is = &now->fields.items[i], *was = layout_field(old, is->name);
		if (!was || !was->required || migrating->sharing)
			status = required_check(migrating, old->name, !was || !column_fits(was->type, is->type), is);
	}
	return status == OK ? doubles_check(migrating, old, layout_entity(&migrating->now, now->name)) : status;
}

enum status fit_check(struct migrating *migrating)
{
	enum status status = OK;

	for (uint32_t i = 0; i < migrating->old.entities.count && status == OK; i++) {
		const struct layout_entity *old = &migrating->old.entities.items[i];
		const struct layout_entity *now = layout_entity(&migrating->mine, old->name);
		int64_t rows;
		if (now) {
			status = entity_check(migrating, old, now);
			continue;
		}
		if (!was_theirs(migrating, old->name, TEXT("")))
			continue;
		status = count_where(migrating, old->name, TEXT(""), &rows);
		if (status == OK && rows && !old->dropped && !(migrating->sharing && migrating->sharing->goes_back))
			complain(migrating,
				 SAY("the entity %.*s is gone, but has %lld rows", TEXT_ARGS(old->name), (long long)rows),
				 SAY("rename %.*s to NEW   # or: drop %.*s", TEXT_ARGS(old->name), TEXT_ARGS(old->name)));
	}
	return status == OK && migrating->refused.length ? refuse(migrating) : status;
}

static enum status refuse(struct migrating *migrating)
{
	struct text refused = builder_text(&migrating->refused), block = builder_text(&migrating->block);

	if (!block.length)
		return error_set(migrating->error, INVALID, "the stored data does not fit this pack: %.*s", TEXT_ARGS(refused));
	return error_set(
		migrating->error, INVALID,
		"the stored data does not fit this pack: %.*s; say what shall become of it: migration \"%.*s\" { %.*s }",
		TEXT_ARGS(refused), TEXT_ARGS(migrating->program->version), TEXT_ARGS(block));
}

/* --- what stays though nobody's packs know it */
static enum status has_values(struct migrating *migrating, struct text entity, const struct layout_field *field, bool dropped,
			      bool *has_out)
{
	struct text condition = field ? is_set(migrating, field->name, true) : TEXT("");
	struct text mine = of_mine(migrating, TEXT(""));
	int64_t rows = 0;

	if (dropped && !mine.length)
		return OK;
	if (dropped)
		condition = condition.length ? SAY("%.*s AND NOT (%.*s)", TEXT_ARGS(condition), TEXT_ARGS(mine))
					     : SAY("NOT (%.*s)", TEXT_ARGS(mine));
	enum status status = count_all(migrating, entity, condition, &rows);
	*has_out = rows > 0;
	return status;
}

/* A dropped thing that others keep: what the tenants of the new packs have in it goes. */
static void values_clear(struct migrating *migrating, struct text entity, const struct layout_field *field)
{
	struct text_builder sql = {.arena = migrating->arena};
	struct text mine = of_mine(migrating, TEXT(""));

	if (unfinished_know(migrating, entity, field ? field->name : TEXT("")))
		return;
	builder_add_string(&sql, field ? "UPDATE " : "DELETE FROM ");
	sql_name(&sql, entity);
	if (field) {
		builder_add_string(&sql, " SET ");
		sql_name(&sql, field->name);
		builder_add_string(&sql, "=NULL");
	}
	builder_format(&sql, "%s%.*s;", mine.length ? " WHERE " : "", TEXT_ARGS(mine));
	*list_add(migrating->arena, &migrating->row_changes) = (struct row_change){entity, builder_text(&sql)};
}

static enum status field_keep(struct migrating *migrating, struct layout_entity *now, const struct layout_field *was)
{
	struct layout_field kept = *was;
	bool has = layout_field(now, was->name) != NULL, stands = has;
	enum status status = has ? OK : has_values(migrating, now->name, was, was->dropped, &has);

	kept.required = false;
	if (status == OK && has && !stands)
		*list_add(migrating->arena, &now->fields) = kept;
	if (status == OK && has && was->dropped)
		values_clear(migrating, now->name, was);
	return status;
}

static enum status entity_keep(struct migrating *migrating, const struct layout_entity *old)
{
	struct layout_entity kept = {.name = old->name};
	bool has = false;
	enum status status = has_values(migrating, old->name, NULL, old->dropped, &has);

	if (status != OK || !has)
		return status;
	for (uint32_t i = 0; i < old->fields.count; i++) {
		struct layout_field *field = list_add(migrating->arena, &kept.fields);
		*field = old->fields.items[i];
		field->required = field->required && i < FIELD_FIRST_OWN;
	}
	*list_add(migrating->arena, &migrating->now.entities) = kept;
	return OK;
}

enum status orphans_keep(struct migrating *migrating)
{
	enum status status = OK;

	for (uint32_t i = 0; migrating->sharing && i < migrating->old.entities.count && status == OK; i++) {
		const struct layout_entity *old = &migrating->old.entities.items[i];
		if (!layout_entity(&migrating->now, old->name))
			status = entity_keep(migrating, old);
		for (uint32_t f = 0; f < old->fields.count && status == OK; f++) {
			struct layout_entity *now = layout_entity(&migrating->now, old->name);
			if (now)
				status = field_keep(migrating, now, &old->fields.items[f]);
		}
		if (status == OK && old->dropped && layout_entity(&migrating->now, old->name))
			values_clear(migrating, old->name, NULL);
	}
	return status;
}
