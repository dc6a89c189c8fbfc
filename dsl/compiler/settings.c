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

void settings_build(struct compiler *compiler)
{
	for (uint32_t i = 0; i < compiler->by_kind[SYNTAX_setting].count; i++) {
		struct declaration *declaration = compiler->by_kind[SYNTAX_setting].items[i];
		struct setting *setting = &compiler->settings.items[declaration->index];
		const struct syntax *fallback = syntax_child(declaration->syntax, SYNTAX_default);
		const struct syntax *value = fallback ? syntax_value(fallback) : NULL;
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
