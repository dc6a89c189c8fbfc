/* Settings: what a tenant may set without code, and what holds until then. */
#include "dsl/compiler/expression.h"

void settings_declare(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_setting].count; i++) {
		struct declaration *declaration = compiler->by_kind[SYNTAX_setting].items[i];
		const struct syntax *name = syntax_with_role(declaration->syntax, ROLE_name);
		const struct syntax *type = syntax_with_role(declaration->syntax, ROLE_type);
		struct text called = name ? syntax_text(compiler, declaration->file, name) : TEXT("");
		declaration->index = compiler->settings.count;
		*list_add(compiler->arena, &compiler->settings) = (struct setting){
			.name = called,
			.label = label_read(compiler, declaration->file, declaration->syntax),
			.type = type ? type_read(compiler, declaration->file, type,
						 text_format(compiler->arena, "setting.%.*s", TEXT_ARGS(called)))
				     : type_simple(compiler, TYPE_ERROR),
			.span = span_in(declaration->file, declaration->syntax)};
	}
}

/* `min` and `max` bound what a tenant may set; whoever lets him will look at them. */
static void bound_check(struct compiler *compiler, uint32_t file, const struct syntax *attribute, const struct type *type)
{
	static const struct text BOUNDS[] = {{"min", 3}, {"max", 3}};
	struct text word = syntax_text(compiler, file, syntax_with_role(attribute, ROLE_name));
	const struct syntax *bound = syntax_named(attribute, 1);
	struct value value;
	const struct type *given;
	if (!text_equal(word, BOUNDS[0]) && !text_equal(word, BOUNDS[1])) {
		struct diagnostic *diagnostic =
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_ATTRIBUTE, span_in(file, attribute),
				       "settings have no attribute `%.*s`", TEXT_ARGS(word));
		suggest(compiler, diagnostic, word, BOUNDS, 2);
	} else if (!bound) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_OPERAND, span_in(file, attribute),
			       "`%.*s` needs a value behind it", TEXT_ARGS(word));
	} else if (literal_read(compiler, file, bound, &value, &given) && type->kind != TYPE_ERROR && !type_fits(type, given)) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_TYPE_MISMATCH, span_in(file, bound),
			       "the setting is %.*s, and its `%.*s` is %.*s", TEXT_ARGS(type_show(compiler->arena, type)),
			       TEXT_ARGS(word), TEXT_ARGS(type_show(compiler->arena, given)));
	}
}

void settings_build(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_setting].count; i++) {
		struct declaration *declaration = compiler->by_kind[SYNTAX_setting].items[i];
		struct setting *setting = &compiler->settings.items[declaration->index];
		const struct syntax *fallback = syntax_child(declaration->syntax, SYNTAX_default);
		const struct syntax *value = fallback ? syntax_value(fallback) : NULL;
		for (each_child (child, declaration->syntax))
			if (child->kind == SYNTAX_attribute)
				bound_check(compiler, declaration->file, child, setting->type);
		if (syntax_with_role(declaration->syntax, ROLE_value))
			diagnostic_add(compiler->diagnostics, DIAGNOSTIC_COMPUTED, setting->span,
				       "a setting is not computed; write `default` in place of `=`");
		if (!value)
			continue;
		struct coder coder = coder_new(compiler, declaration->file);
		struct operand result;
		const struct code *code = code_for_expression(&coder, value, setting->type, &result);
		compiler->settings.items[declaration->index].fallback = code;
	}
}
