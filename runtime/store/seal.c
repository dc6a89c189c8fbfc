/* `sealed when` as a condition for a trigger, so that not even a program beside ours can change a sealed row. Conditions over
 * the row's own fields become SQL; what reaches further (another row, a script) stays with the engine, which checks it always.
 */
#include "runtime/store/rows.h"
#include "runtime/store/sql.h"

/* What a slot stands for. */
struct symbol {
	enum { SYMBOL_NONE, SYMBOL_ROW, SYMBOL_FIELD, SYMBOL_CONSTANT, SYMBOL_CONDITION } kind;
	const struct field *field;
	struct value constant;
	struct text condition;
};

struct sealing {
	struct arena *arena;
	const struct dialect *dialect;
	const struct entity *entity;
	const struct code *code;
	struct symbol *slots;
};

static bool step_fold(struct sealing *sealing, const struct step *step);

void sql_seal(struct text_builder *sql, const struct dialect *dialect, const struct entity *entity)
{
	const struct code *code = entity->sealed_when;

	if (!code || code->result == SLOT_NONE)
		return;
	struct sealing sealing = {sql->arena, dialect, entity, code,
				  arena_array(sql->arena, struct symbol, code->slot_count + 1)};
	sealing.slots[0].kind = SYMBOL_ROW;
	for (uint32_t i = 0; i < code->step_count; i++)
		if (!step_fold(&sealing, &code->steps[i]))
			return;
	if (sealing.slots[code->result].kind == SYMBOL_CONDITION)
		builder_add(sql, sealing.slots[code->result].condition);
}

static bool literal_add(struct text_builder *sql, struct value value, const struct type *type)
{
	struct sql_value stored = sql_comparable_value(sql->arena, value, type);

	if (stored.kind == SQL_INTEGER)
		builder_format(sql, "%lld", (long long)stored.integer);
	else if (stored.kind == SQL_TEXT)
		sql_literal(sql, stored.text);
	return stored.kind == SQL_INTEGER || stored.kind == SQL_TEXT;
}

static bool literals_add(struct text_builder *sql, struct value list, const struct type *type)
{
	bool comma = false;

	builder_add_string(sql, " IN (");
	for (uint32_t i = 0; i < list.count; i++) {
		builder_add_string(sql, comma ? "," : "");
		if (list.items[i].kind == VALUE_MISSING || !literal_add(sql, list.items[i], type))
			return false;
		comma = true;
	}
	builder_add_char(sql, ')');
	return true;
}

static bool condition_set(struct sealing *sealing, uint32_t slot, struct text condition)
{
	if (sealing->slots[slot].kind != SYMBOL_NONE)
		return false; /* written in two places: a decision of its own */
	sealing->slots[slot] = (struct symbol){.kind = SYMBOL_CONDITION, .condition = condition};
	return true;
}

static bool compare(struct sealing *sealing, uint32_t slot, const struct field *field, enum comparison comparison,
		    struct value constant)
{
	struct text_builder sql = {.arena = sealing->arena};
	bool list = comparison == COMPARE_IN;

	if (!field || column_kind(field) == COLUMN_NONE || column_kind(field) == COLUMN_BYTES ||
	    list != (constant.kind == VALUE_LIST) || constant.kind == VALUE_MISSING)
		return false;
	builder_add_char(&sql, '(');
	sql_comparable(&sql, sealing->dialect, TEXT("OLD"), field->name, column_is_decimal(field->type));
	if (!list)
		builder_add_string(&sql, comparison == COMPARE_EQUAL ? "=" : "<>");
	if (!(list ? literals_add(&sql, constant, field->type) : literal_add(&sql, constant, field->type)))
		return false;
	builder_add_char(&sql, ')');
	return condition_set(sealing, slot, builder_text(&sql));
}

static bool compare_slots(struct sealing *sealing, const struct step *step, enum comparison comparison)
{
	struct symbol a = sealing->slots[step->a], b = sealing->slots[step->b];

	if (a.kind == SYMBOL_FIELD && b.kind == SYMBOL_CONSTANT)
		return compare(sealing, step->d, a.field, comparison, b.constant);
	if (b.kind == SYMBOL_FIELD && a.kind == SYMBOL_CONSTANT && comparison != COMPARE_IN)
		return compare(sealing, step->d, b.field, comparison, a.constant);
	return false;
}

static bool compare_fused(struct sealing *sealing, const struct step *step, enum comparison comparison)
{
	return sealing->slots[step->a].kind == SYMBOL_ROW && step->b < sealing->entity->field_count &&
	       compare(sealing, step->d, &sealing->entity->fields[step->b], comparison, sealing->code->constants[step->c]);
}

static bool combine(struct sealing *sealing, const struct step *step, const char *word)
{
	struct symbol a = sealing->slots[step->a], b = sealing->slots[step->b];

	return a.kind == SYMBOL_CONDITION && b.kind == SYMBOL_CONDITION &&
	       condition_set(
		       sealing, step->d,
		       text_format(sealing->arena, "(%.*s %s %.*s)", TEXT_ARGS(a.condition), word, TEXT_ARGS(b.condition)));
}

/* Short cuts of `and` and `or`: without effects, what is skipped does not matter. */
static bool is_short_cut(const struct code *code, const struct step *step)
{
	uint32_t target = step->b;

	for (uint32_t i = target ? target - 1 : 0; i <= target && i < code->step_count; i++)
		if (code->steps[i].operation == STEP_AND || code->steps[i].operation == STEP_OR)
			return true;
	return false;
}

static bool is_set(struct sealing *sealing, const struct step *step)
{
	struct symbol a = sealing->slots[step->a];

	if (a.kind != SYMBOL_FIELD)
		return false;
	struct text_builder sql = {.arena = sealing->arena};
	builder_add_string(&sql, "(OLD.");
	sql_name(&sql, a.field->name);
	builder_add_string(&sql, " IS NOT NULL)");
	return condition_set(sealing, step->d, builder_text(&sql));
}

static bool step_fold(struct sealing *sealing, const struct step *step)
{
	struct symbol *d = &sealing->slots[step->d], *a = &sealing->slots[step->a];

	switch (step->operation) {
	case STEP_CONSTANT:
		*d = (struct symbol){.kind = SYMBOL_CONSTANT, .constant = sealing->code->constants[step->a]};
		return true;
	case STEP_FIELD:
		if (a->kind != SYMBOL_ROW || sealing->entity->fields[step->b].computed)
			return false;
		*d = (struct symbol){.kind = SYMBOL_FIELD, .field = &sealing->entity->fields[step->b]};
		return true;
	case STEP_COPY:
		if (d->kind != SYMBOL_NONE)
			return false;
		*d = *a;
		return true;
	case STEP_EQUAL:
		return compare_slots(sealing, step, COMPARE_EQUAL);
	case STEP_NOT_EQUAL:
		return compare_slots(sealing, step, COMPARE_NOT_EQUAL);
	case STEP_IN:
		return compare_slots(sealing, step, COMPARE_IN);
	case STEP_FIELD_EQUAL_CONSTANT:
		return compare_fused(sealing, step, COMPARE_EQUAL);
	case STEP_FIELD_NOT_EQUAL_CONSTANT:
		return compare_fused(sealing, step, COMPARE_NOT_EQUAL);
	case STEP_FIELD_IN_CONSTANT:
		return compare_fused(sealing, step, COMPARE_IN);
	case STEP_IS_SET:
		return is_set(sealing, step);
	case STEP_NOT:
		return a->kind == SYMBOL_CONDITION &&
		       condition_set(sealing, step->d, text_format(sealing->arena, "(NOT %.*s)", TEXT_ARGS(a->condition)));
	case STEP_AND:
		return combine(sealing, step, "AND");
	case STEP_OR:
		return combine(sealing, step, "OR");
	case STEP_JUMP_FALSE:
	case STEP_JUMP_TRUE:
		return is_short_cut(sealing->code, step);
	default:
		return false;
	}
}
