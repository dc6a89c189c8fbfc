/* Tokens of OAuth2 (RFC 6749): one a connector of a tenant, asked for when it is first needed, and anew before it ends or when
 * it was refused. Calls wait for it together. It lives in this process alone, and is wiped when its time is over. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/check.h"
#include "engine/base/json.h"
#include "runtime/crypto/crypto.h"
#include "runtime/operate/wall.h"
#include "runtime/service/courier.h"

enum {
	TOKEN_ANSWER_MOST = 64 << 10,
	TOKEN_SECONDS = 300, /* where its server does not say how long */
	TOKEN_MOST = 366 * 86400,
	TOKEN_LEAST = 5,
	TOKEN_MARGIN = 30, /* it may be on its way that long */
	ERROR_MOST = 60,   /* of the server's own word for what is wrong */
};

struct token {
	struct token *next;
	struct member *member;
	int64_t tenant;
	char *connector;
	uint64_t asked_with; /* of where and as whom: what was given to another is not used */
	char *value;         /* NULL: there is none */
	moment until;
	bool is_asked;
};

static void value_forget(struct token *token)
{
	if (token->value)
		crypto_wipe(token->value, strlen(token->value));
	free(token->value);
	token->value = NULL;
}

static struct token *token_of(const struct out *out)
{
	struct courier *courier = out->member->own;
	struct token *token;

	for (token = courier->tokens; token; token = token->next)
		if (token->tenant == out->call.tenant && text_is(out->call.connector, token->connector))
			return token;
	token = calloc(1, sizeof *token);
	CHECK(token);
	*token = (struct token){.next = courier->tokens,
				.member = out->member,
				.tenant = out->call.tenant,
				.connector = strndup(out->call.connector.bytes, out->call.connector.length)};
	CHECK(token->connector);
	courier->tokens = token;
	return token;
}

void token_forget(const struct out *out)
{
	value_forget(token_of(out));
}

void tokens_close(struct courier *courier)
{
	while (courier->tokens) {
		struct token *token = courier->tokens;
		courier->tokens = token->next;
		value_forget(token);
		free(token->connector);
		free(token);
	}
}

/* --- it has come, or not */
static void out_fail(struct out *out, const char *sentence)
{
	struct transport_answer answer = {
		.outcome = TRANSPORT_NOT_SENT, .retry_after = -1, .sentence = sentence, .body = TEXT("")};

	on_done(out, &answer);
}

static int64_t seconds_of(const struct json *json)
{
	const struct json *member = json_member(json, TEXT("expires_in"));
	int64_t seconds = TOKEN_SECONDS;

	if (member && json_kind(member) == JSON_TEXT) /* some say it as text */
		seconds = strtoll(json_text(member).bytes, NULL, 10);
	else if (member && json_kind(member) == JSON_NUMBER && json_int(member, &seconds) != OK)
		seconds = TOKEN_SECONDS;
	seconds = seconds < TOKEN_MOST ? seconds : TOKEN_MOST;
	return seconds > TOKEN_MARGIN + TOKEN_LEAST ? seconds - TOKEN_MARGIN : TOKEN_LEAST;
}

static bool token_read(struct arena *arena, struct token *token, const struct transport_answer *answer)
{
	const struct json *json;
	struct error ignored;

	if (answer->outcome != TRANSPORT_ANSWERED || answer->status != 200 ||
	    json_parse(arena, answer->body, &json, &ignored) != OK)
		return false;
	struct text value = json_member_text(json, "access_token");
	if (!value.length)
		return false;
	value_forget(token);
	token->value = strndup(value.bytes, value.length);
	CHECK(token->value);
	token->until = wall_now() + seconds_of(json);
	return true;
}

/* The server's own word is one of RFC 6749 section 5.2, or nothing that is shown. */
static bool is_word(struct text word)
{
	for (uint32_t i = 0; i < word.length; i++)
		if (word.bytes[i] != '_' && (word.bytes[i] < 'a' || word.bytes[i] > 'z'))
			return false;
	return word.length && word.length <= ERROR_MOST;
}

static const char *why_not(struct arena *arena, const struct token *token, const struct transport_answer *answer)
{
	const struct json *json = NULL;
	struct error ignored;

	if (answer->outcome != TRANSPORT_ANSWERED)
		return arena_format(arena, "no token for %s: %s", token->connector, answer->sentence);
	if (json_parse(arena, answer->body, &json, &ignored) != OK)
		json = NULL;
	struct text word = json_member_text(json, "error");
	return arena_format(arena, "no token for %s: its server answered with HTTP %u%s%.*s", token->connector, answer->status,
			    is_word(word) ? ", " : "", is_word(word) ? (int)word.length : 0, word.bytes);
}

static void on_token(void *context, const struct transport_answer *answer)
{
	struct token *token = context;
	struct courier *courier = token->member->own;
	struct arena arena;
	struct error error;

	arena_init(&arena, "a token", 0);
	token->is_asked = false;
	const char *sentence = token_read(&arena, token, answer) ? NULL : why_not(&arena, token, answer);
	for (uint32_t i = 0; i < OUT_MOST; i++) {
		struct out *out = &courier->out[i];
		if (!out->member || out->awaits != token)
			continue;
		out->awaits = NULL;
		if (sentence)
			out_fail(out, sentence);
		else if (call_send(out->member, out, &error) != OK)
			out_fail(out, error.sentence);
	}
	arena_release(&arena);
}

/* --- asking */
static enum status token_ask(struct token *token, const struct token_request *request, struct error *error)
{
	static const char *const HEADERS[] = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json",
					      "User-Agent: stellwerk"};
	struct courier *courier = token->member->own;
	struct transport_call call = {.method = "POST",
				      .url = request->url.bytes,
				      .headers = HEADERS,
				      .header_count = 3,
				      .body = request->form,
				      .certificate = request->certificate,
				      .certificate_key = request->certificate_key,
				      .milliseconds = CALL_SECONDS * 1000,
				      .answer_most = TOKEN_ANSWER_MOST};
	enum status status = transport_send(courier->transport, &call, on_token, token, error);

	token->is_asked = status == OK;
	return status;
}

enum status token_need(struct out *out, const struct token_request *request, struct text *token_out, struct error *error)
{
	struct token *token = token_of(out);
	uint64_t asked_with = text_hash(request->url) * 31 + text_hash(request->form);

	*token_out = TEXT("");
	if (token->value && token->asked_with == asked_with && token->until > wall_now()) {
		*token_out = text_copy(&out->arena, text_from(token->value));
		return OK;
	}
	if (!token->is_asked) {
		value_forget(token);
		token->asked_with = asked_with;
		enum status status = token_ask(token, request, error);
		if (status != OK)
			return status;
	}
	out->awaits = token;
	return OK;
}
