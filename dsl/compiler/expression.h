/* What the files that compile expressions share and nobody else needs: expression.c path.c operators.c logic.c choice.c
 * interpolation.c facts.c call.c query.c table.c. */
#ifndef COMPILER_EXPRESSION_H
#define COMPILER_EXPRESSION_H

#include "dsl/compiler/internal.h"

typedef LIST(struct text) text_list;

/* --- operands */
/* Already reported: fits everything, swallows what follows. */
struct operand operand_error(struct coder *coder, const struct syntax *syntax);
struct operand operand_constant(struct coder *coder, const struct syntax *syntax, struct value value, const struct type *type);
/* A new slot with one node of its own over `children`. */
struct operand operand_new(struct coder *coder, enum node_kind kind, const struct syntax *syntax, const struct type *type,
			   uint32_t slot, uint32_t first_step, const uint32_t *children, uint32_t child_count);
static inline bool is_error(const struct operand *operand)
{
	return operand->type->kind == TYPE_ERROR;
}
const struct type *simple(struct coder *coder, enum type_kind kind);
struct text show(struct coder *coder, const struct type *type);
struct diagnostic *complain(struct coder *coder, enum diagnostic_code code, const struct syntax *syntax, const char *format,
			    ...) __attribute__((format(printf, 4, 5)));
struct text source_of(const struct coder *coder, const struct syntax *syntax);
const struct syntax *without_parentheses(const struct syntax *syntax);

/* INT as DECIMAL; constants stay constants. */
void make_decimal(struct coder *coder, struct operand *operand);
/* DATA as `type`; what does not fit is missing (`gently`) or fails. */
void make_typed(struct coder *coder, struct operand *operand, const struct type *type, bool gently);
/* Makes `operand` fit `wanted`; false after a message. */
bool fit(struct coder *coder, const struct syntax *syntax, struct operand *operand, const struct type *wanted);
/* Brings INT and DECIMAL, DATA and typed values together before an operator. */
void unify(struct coder *coder, struct operand *left, struct operand *right);

/* --- path.c: names and members */
struct operand name_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
struct operand member_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
/* Whether the name means something without knowing which type is wanted. */
bool name_stands_alone(struct coder *coder, struct text name);
/* A bare name (or a list or range of them) that only gets its meaning from the other side. */
bool needs_hint(struct coder *coder, const struct syntax *syntax);
void reads_add(struct coder *coder, const struct entity *entity, const struct field *field);
bool field_is_set(const struct field *field);
/* Whether a record of that entity is called so: master data, a calendar, a holiday set. */
bool is_seed(struct coder *coder, const struct type *type, struct text name);
bool enum_constant(struct coder *coder, const struct type *type, struct text name, struct value *value_out);

/* --- operators.c, logic.c, choice.c, interpolation.c */
enum operator{ OPERATOR_NONE, OPERATOR_AND, OPERATOR_OR, OPERATOR_DEFAULT, OPERATOR_RANGE, OPERATOR_COMPARE, OPERATOR_COMPUTE };
struct operator_word {
	const char *word;
	enum operator family;
	enum step_operation step;
};
/* The operator of a `binary`, `partial` or `unary` node. NULL after a message when its operand is missing. */
const struct operator_word *operator_of(struct coder *coder, const struct syntax *syntax, bool *negated_out);
struct operand binary_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
struct operand unary_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
struct operand presence_expression(struct coder *coder, const struct syntax *syntax);
/* What is wrong with a pair of operands. */
struct operand no_meaning(struct coder *coder, const struct syntax *syntax, const struct operator_word *word,
			  const struct operand *left, const struct operand *right, const char *hint);
const char *pair_hint(const struct operand *left, const struct operand *right);
bool currencies_fit(struct coder *coder, const struct syntax *syntax, const struct operand *left, const struct operand *right);
bool units_fit(struct coder *coder, const struct syntax *syntax, const struct operand *left, const struct operand *right);
/* A record of one field beside something that is none: a table with one output. */
void take_single(struct coder *coder, const struct syntax *syntax, struct operand *left, struct operand *right);

/* --- comparison.c */
bool type_has_order(const struct type *type);
bool types_meet(const struct type *a, const struct type *b); /* as the two sides of == */
struct operand comparison_expression(struct coder *coder, const struct syntax *syntax, const struct operator_word *word,
				     bool negated, const struct syntax *first, const struct syntax *second);
/* left <operator> right, both compiled; `syntax` is the whole. */
struct operand compared(struct coder *coder, const struct syntax *syntax, const struct operator_word *word, bool negated,
			struct operand left, struct operand right, uint32_t first_step);
/* The type to want of the other side of a comparison. */
const struct type *other_side(struct coder *coder, const struct operator_word *word, const struct type *left);
struct operand range_of(struct coder *coder, const struct syntax *syntax, const struct syntax *low, const struct syntax *high,
			const struct type *wanted);
struct operand logic_expression(struct coder *coder, const struct syntax *syntax, enum operator family);
struct operand default_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
struct operand conditional_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
struct operand case_expression(struct coder *coder, const struct syntax *syntax, const struct type *wanted);
struct operand string_expression(struct coder *coder, const struct syntax *syntax);

/* --- facts.c */
bool is_proved(const struct coder *coder, struct text path);

/* --- call.c, functions.c, table.c */
/* A define without parameters, used by its name. */
struct operand define_value(struct coder *coder, const struct syntax *syntax, struct declaration *declaration);
/* --- builtin.c: false when it is no builtin */
bool builtin_expression(struct coder *coder, const struct syntax *invocation, struct text name, const struct type *wanted,
			struct operand *operand_out);
void builtin_names(struct compiler *compiler, text_list *names);
/* One without parameters, by its bare name: `last_month`. */
bool builtin_word(struct coder *coder, const struct syntax *syntax, struct text name, struct operand *operand_out);
bool is_builtin_word(struct text name);
uint32_t date_of_time(struct coder *coder, uint32_t slot); /* the day of a TIME: a new slot */
/* Compiles the define or table that `declaration` names, if that has not happened; false when it is being compiled. */
bool function_need(struct compiler *compiler, struct declaration *declaration);
bool table_need(struct compiler *compiler, struct declaration *declaration);
/* Before and after compiling a body that others may need; false when the chain of calls is too long. */
bool function_enter(struct compiler *compiler, struct declaration *declaration);
void function_leave(struct compiler *compiler, struct declaration *declaration);

/* --- query.c */
bool is_query(struct coder *coder, const struct syntax *invocation, struct text function);

/* What callers must know of a define, table or script; declaration->object. */
struct function_note {
	enum { FUNCTION_DEFINE, FUNCTION_TABLE, FUNCTION_SCRIPT } kind;
	const struct record_field *parameters;
	uint32_t parameter_count;
	const struct type *result; /* NULL: not known before its body is compiled */
	bool may_miss;
	bool is_constant; /* a define without parameters whose body is one value */
	struct value constant;
	struct footprint footprint;
	declaration_list extensions; /* `extend table`, lowest layer first */
};

#endif
