/* How it is known who has sent what arrives:
 *
 *	verify header("X-Secret") == setting.secret                     or query("key")
 *	verify hmac_sha256(header("X-Signature"), setting.secret)       or hmac_sha512
 *	verify hmac_sha256(header("X-Signature"), setting.secret, header("X-Time"))
 *	verify basic("user", setting.password)
 *	verify bearer(setting.token) */
#include "dsl/compiler/connector_items.h"
#include "engine/model/request.h"

struct way_row {
	const char *word, *needs;
	enum verify_way way;
	uint32_t least, most; /* arguments */
};

static const struct way_row WAYS[] = {
	{"hmac_sha256", "the signature's header and the secret, perhaps also the header that tells the time",
	 VERIFY_HMAC_SHA256, 2, 3},
	{"hmac_sha512", "the signature's header and the secret, perhaps also the header that tells the time",
	 VERIFY_HMAC_SHA512, 2, 3},
	{"basic", "a user and a password", VERIFY_BASIC, 2, 2},
	{"bearer", "a token", VERIFY_BEARER, 1, 1},
};
enum { WAY_COUNT = sizeof WAYS / sizeof *WAYS };

static void complain_at(struct compiler *compiler, uint32_t file, const struct syntax *at, const char *what, const char *needs)
{
	diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, at), "`verify %s` needs %s", what,
		       needs);
}

/* header("X") */
static bool part_read(struct compiler *compiler, uint32_t file, const struct syntax *part, struct text *name_out,
		      bool *in_query_out)
{
	static const char *const PARTS[] = {"header", "query"};
	const struct syntax *name = part ? syntax_named(part, 1) : NULL;
	if (!part || part->kind != SYNTAX_invocation || !name || name->kind != SYNTAX_string || syntax_named(part, 2))
		return false;
	const struct syntax *word = syntax_with_role(part, ROLE_function);
	WORDS_CHECK(compiler, file, word, PARTS, "part of what arrives");
	*name_out = string_content(compiler, file, name);
	*in_query_out = text_is(syntax_text(compiler, file, word), "query");
	return name_out->length;
}

static void equality_read(struct compiler *compiler, uint32_t file, const struct syntax *value, struct verify *verify)
{
	const struct syntax *part = syntax_named(value, 0), *secret = syntax_named(value, 1);
	verify->way = VERIFY_EQUAL;
	if (part_read(compiler, file, part, &verify->part, &verify->in_query))
		verify->secret = outside_code(compiler, file, secret, true);
	else
		complain_at(compiler, file, value, "… ==", "what arrives on its left: header(\"X-Secret\") or query(\"key\")");
}

static uint32_t arguments_of(const struct syntax *invocation)
{
	uint32_t count = 0;
	while (syntax_named(invocation, count + 1))
		count++;
	return count;
}

static void hmac_read(struct compiler *compiler, uint32_t file, const struct syntax *value, const struct way_row *row,
		      struct verify *verify)
{
	const struct syntax *timestamp = syntax_named(value, 3);
	bool in_query = false, fits = part_read(compiler, file, syntax_named(value, 1), &verify->part, &verify->in_query) &&
				      (!timestamp || part_read(compiler, file, timestamp, &verify->timestamp, &in_query));
	if (!fits || in_query)
		complain_at(compiler, file, value, row->word, row->needs);
	verify->secret = outside_code(compiler, file, syntax_named(value, 2), true);
}

static void way_read(struct compiler *compiler, uint32_t file, const struct syntax *value, struct verify *verify)
{
	const char *words[WAY_COUNT];
	const struct syntax *word = syntax_with_role(value, ROLE_function);
	const struct way_row *row = NULL;
	for (uint32_t i = 0; i < WAY_COUNT; i++) {
		words[i] = WAYS[i].word;
		row = text_is(syntax_text(compiler, file, word), WAYS[i].word) ? &WAYS[i] : row;
	}
	WORDS_CHECK(compiler, file, word, words, "way to verify");
	uint32_t count = arguments_of(value);
	if (row && (count < row->least || count > row->most)) {
		complain_at(compiler, file, value, row->word, row->needs);
		return;
	}
	verify->way = row ? row->way : VERIFY_HMAC_SHA256;
	if (!row || row->way == VERIFY_HMAC_SHA256 || row->way == VERIFY_HMAC_SHA512) {
		if (count >= 2)
			hmac_read(compiler, file, value, row ? row : &WAYS[0], verify);
		return;
	}
	if (row->way == VERIFY_BASIC)
		verify->user = outside_code(compiler, file, syntax_named(value, 1), false);
	verify->secret = outside_code(compiler, file, syntax_named(value, count), true);
}

const struct verify *verify_read(struct compiler *compiler, uint32_t file, const struct syntax *option)
{
	const struct syntax *name = syntax_with_role(option, ROLE_name), *value = syntax_named(option, 1);
	struct verify *verify = arena_new(compiler->arena, struct verify);
	if (!text_is(syntax_text(compiler, file, name), "verify")) {
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, option),
			       "`receive` knows `verify …` and `when … then …`, no `%.*s`",
			       TEXT_ARGS(syntax_text(compiler, file, name)));
		return NULL;
	}
	if (value->kind == SYNTAX_binary && syntax_has_word(compiler, file, value, "=="))
		equality_read(compiler, file, value, verify);
	else if (value->kind == SYNTAX_invocation)
		way_read(compiler, file, value, verify);
	else
		diagnostic_add(compiler->diagnostics, DIAGNOSTIC_UNKNOWN_OPTION, span_in(file, value),
			       "`verify` needs a way such as hmac_sha256(header(\"X-Signature\"), setting.secret)");
	return verify->secret ? verify : NULL;
}
