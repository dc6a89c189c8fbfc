/* A call as its connector asks for it: what the turn has planned (engine/request.c) is put behind the base, and signed as
 * `auth` says. Secrets are read when it is sent, and wiped when it has come back (out_end). Must never follow an answer to
 * another place. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/percent.h"
#include "engine/model/request.h"
#include "runtime/crypto/hex.h"
#include "runtime/crypto/hmac.h"
#include "runtime/operate/wall.h"
#include "runtime/service/courier.h"

enum { SHOWN_MOST = 200 /* bytes of an answer that a sentence has */ };

struct sending {
	struct out *out;
	const struct connector *connector;
	struct outside outside;
	struct text base, url, method, body;
	LIST(const char *) headers;
	const char *certificate, *certificate_key;
	struct transport_mail mail; /* of a base that takes mails */
	struct token_request token; /* its url is empty: none is needed */
};

/* --- what the packs say */
static const struct connector *connector_named(const struct member *member, int64_t tenant, struct text name,
					       const struct loaded **loaded_out)
{
	struct error ignored;

	if (programs_of(member->programs, tenant, loaded_out, &ignored) != OK)
		return NULL;
	for (uint32_t i = 0; i < (*loaded_out)->program->action_count; i++)
		if (text_equal((*loaded_out)->program->actions[i].connector->name, name))
			return (*loaded_out)->program->actions[i].connector;
	return NULL;
}

bool line_leads_out(const struct member *member, const struct call_line *line)
{
	const struct loaded *loaded;
	const struct connector *connector =
		has_bridge(member) ? NULL : connector_named(member, line->tenant, line->connector, &loaded);

	return has_bridge(member) || (connector && connector->base);
}

bool http_expects(const struct member *member, const struct call *call, unsigned status)
{
	const struct action *action = call_action(member, call);

	if (!action || !action->request->expect_count)
		return status >= 200 && status < 300;
	for (uint32_t i = 0; i < action->request->expect_count; i++)
		if (status >= action->request->expect[i].from && status <= action->request->expect[i].to)
			return true;
	return false;
}

/* Line breaks and what is no text are blanks: it goes into a log. */
static struct text shown(struct arena *arena, struct text body)
{
	char *bytes = arena_string(arena, body.bytes, body.length < SHOWN_MOST ? body.length : SHOWN_MOST);
	struct text text = text_from(bytes);

	for (uint32_t i = 0; i < text.length;) {
		uint32_t length = text_character_length(text, i);
		if (!length || (unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f)
			bytes[i] = ' ';
		i += length ? length : 1;
	}
	return text_trim(text);
}

const char *http_sentence(struct out *out)
{
	struct text body = shown(&out->arena, out->answer.body);
	bool leads_on = out->answer.status >= 300 && out->answer.status < 400;

	if (out->mail_id.length)
		return out->answer.sentence;
	return arena_format(&out->arena, "%.*s answered with HTTP %u%s%s%.*s", TEXT_ARGS(out->call.action), out->answer.status,
			    leads_on ? ", which leads to another place: that is not followed" : "",
			    body.length && !leads_on ? ": " : "", leads_on ? 0 : (int)body.length, body.bytes);
}

/* --- headers: what a setting holds must not make two of one */
static enum status header_add(struct sending *sending, const char *name, const char *prefix, struct text value,
			      struct error *error)
{
	struct arena *arena = &sending->out->arena;

	for (uint32_t i = 0; i < value.length; i++)
		if ((unsigned char)value.bytes[i] < ' ' || value.bytes[i] == 0x7f)
			return error_set(error, INVALID,
					 "what belongs into the header %s has a line break or another control character", name);
	struct text line = text_format(arena, "%s: %s%.*s", name, prefix, TEXT_ARGS(value));
	*list_add(arena, &sending->headers) = line.bytes;
	return OK;
}

static bool has_header(const struct sending *sending, const char *name)
{
	size_t length = strlen(name);

	for (uint32_t i = 0; i < sending->headers.count; i++)
		if (!strncasecmp(sending->headers.items[i], name, length) && sending->headers.items[i][length] == ':')
			return true;
	return false;
}

static void header_default(struct sending *sending, const char *name, const char *line)
{
	if (!has_header(sending, name))
		*list_add(&sending->out->arena, &sending->headers) = line;
}

static void headers_of_ours(struct sending *sending)
{
	struct arena *arena = &sending->out->arena;
	const struct call *call = &sending->out->call;
	char id[RECORD_ID_TEXT + 1];

	record_id_write(call->id, id);
	header_default(sending, "Accept", "Accept: application/json");
	header_default(sending, "User-Agent", "User-Agent: stellwerk");
	header_default(sending, "Content-Type", sending->body.length ? "Content-Type: application/json" : "Content-Type:");
	header_default(sending, "Expect", "Expect:"); /* nobody is asked whether he wants the body */
	if (call->repeatable == REPEATABLE_ACCEPTS_KEY)
		header_default(sending, "Idempotency-Key", arena_format(arena, "Idempotency-Key: \"%s\"", id));
	if (call->traceparent.length)
		header_default(sending, "traceparent", arena_format(arena, "traceparent: %.*s", TEXT_ARGS(call->traceparent)));
}

/* --- what the turn has planned */
static enum status request_take(struct sending *sending, struct text *path_out, struct error *error)
{
	struct out *out = sending->out;
	const struct json *json, *headers, *body;
	struct text_builder text = {.arena = &out->arena};
	struct json_writer writer = {.text = &text};

	if (!out->call.request.length || json_parse(&out->arena, out->call.request, &json, error) != OK)
		return error_set(error, INVALID,
				 "it was planned by a stellwerk that left requests to a bridge, and none is set");
	sending->method = json_member_text(json, "method");
	*path_out = json_member_text(json, "path");
	headers = json_member(json, TEXT("headers"));
	for (const struct json *each = headers ? json_first(headers) : NULL; each; each = json_next(each))
		*list_add(&out->arena, &sending->headers) = json_text(each).bytes;
	body = json_member(json, TEXT("body"));
	if (body)
		json_write_document(&writer, body);
	sending->body = builder_text(&text);
	return OK;
}

/* --- where to */
static enum status base_take(struct sending *sending, struct error *error)
{
	enum status status = outside_text(&sending->outside, sending->connector->base, "`base`", &sending->base, error);
	struct text base = sending->base;
	bool fits = status == OK &&
		    (text_starts(base, TEXT("https://")) || text_starts(base, TEXT("http://")) || base_takes_mail(base));

	for (uint32_t i = 0; fits && i < base.length; i++)
		fits = (unsigned char)base.bytes[i] > ' ' && !strchr("?#@\\", base.bytes[i]);
	if (status == OK && !fits)
		return error_set(error, INVALID, "`base` of the connector %.*s came out as no address: https://HOST/PATH",
				 TEXT_ARGS(sending->connector->name));
	while (base.length && base.bytes[base.length - 1] == '/')
		base.length--;
	sending->base = base;
	return status;
}

/* --- as whom */
static enum status item(struct sending *sending, const char *name, struct text *text_out, struct error *error)
{
	const struct code *code = sending->connector->auth ? auth_code(sending->connector->auth, name) : NULL;
	char what[64];

	*text_out = TEXT("");
	snprintf(what, sizeof what, "`auth … { %s }`", name);
	return code ? outside_text(&sending->outside, code, what, text_out, error) : OK;
}

static struct text hidden(struct sending *sending, struct text text)
{
	outside_hide(&sending->outside, text);
	return text;
}

static enum status api_key_give(struct sending *sending, struct error *error)
{
	struct text value, header, query;
	enum status status = item(sending, "value", &value, error);

	if (status == OK)
		status = item(sending, "header", &header, error);
	if (status == OK)
		status = item(sending, "query", &query, error);
	if (status != OK)
		return status;
	if (!query.length)
		return header_add(sending, header.length ? header.bytes : "X-API-Key", "", value, error);
	struct text_builder url = {.arena = &sending->out->arena};
	struct text_builder encoded = {.arena = &sending->out->arena};
	builder_add(&url, sending->url);
	builder_add_char(&url, text_find(sending->url, TEXT("?")) < 0 ? '?' : '&');
	percent_encode(&url, query);
	builder_add_char(&url, '=');
	percent_encode(&encoded, value);
	builder_add(&url, hidden(sending, builder_text(&encoded)));
	sending->url = builder_text(&url);
	return OK;
}

static enum status basic_give(struct sending *sending, struct error *error)
{
	struct arena *arena = &sending->out->arena;
	struct text user, password;
	enum status status = item(sending, "user", &user, error);

	if (status == OK)
		status = item(sending, "password", &password, error);
	if (status != OK)
		return status;
	sending->mail.user = user.bytes;
	sending->mail.password = password.bytes;
	if (base_takes_mail(sending->base))
		return OK;
	if (text_find(user, TEXT(":")) >= 0)
		return error_set(error, INVALID, "the user of `auth basic` must have no colon");
	struct text pair = text_format(arena, "%.*s:%.*s", TEXT_ARGS(user), TEXT_ARGS(password));
	return header_add(sending, "Authorization", "Basic ", hidden(sending, base64_text(arena, hidden(sending, pair))),
			  error);
}

static enum status bearer_give(struct sending *sending, struct error *error)
{
	struct text token;
	enum status status = item(sending, "token", &token, error);

	return status == OK ? header_add(sending, "Authorization", "Bearer ", token, error) : status;
}

static enum status hmac_give(struct sending *sending, struct error *error)
{
	struct arena *arena = &sending->out->arena;
	uint8_t bytes[HMAC_SHA256_BYTES];
	struct text header, secret, timestamp, prefix, at = text_format(arena, "%" PRId64, wall_now());
	enum status status = item(sending, "header", &header, error);

	if (status == OK)
		status = item(sending, "secret", &secret, error);
	if (status == OK)
		status = item(sending, "timestamp", &timestamp, error);
	if (status == OK)
		status = item(sending, "prefix", &prefix, error);
	if (status == OK && timestamp.length)
		status = header_add(sending, timestamp.bytes, "", at, error);
	if (status != OK)
		return status;
	const struct text pieces[] = {at, TEXT("."), sending->body};
	hmac_sha256(secret, timestamp.length ? pieces : pieces + 2, timestamp.length ? 3 : 1, bytes);
	return header_add(sending, header.bytes, arena_string(arena, prefix.bytes, prefix.length),
			  hex_text(arena, bytes, HMAC_SHA256_BYTES), error);
}

/* --- OAuth2: what is asked for is a form (RFC 6749, appendix B) */
static const struct grant {
	enum auth_way way;
	const char *type;
	const char *items[6][2]; /* as the pack and as the form calls it */
} GRANTS[] = {
	{AUTH_OAUTH2_CLIENT,
	 "client_credentials",
	 {{"id", "client_id"}, {"secret", "client_secret"}, {"scope", "scope"}, {"audience", "audience"}}},
	{AUTH_OAUTH2_PASSWORD,
	 "password",
	 {{"user", "username"},
	  {"password", "password"},
	  {"id", "client_id"},
	  {"secret", "client_secret"},
	  {"scope", "scope"}}},
	{AUTH_OAUTH2_REFRESH,
	 "refresh_token",
	 {{"refresh", "refresh_token"}, {"id", "client_id"}, {"secret", "client_secret"}, {"scope", "scope"}}},
};

static enum status form_make(struct sending *sending, const struct grant *grant, struct error *error)
{
	struct text_builder form = {.arena = &sending->out->arena};
	enum status status = OK;

	builder_format(&form, "grant_type=%s", grant->type);
	for (uint32_t i = 0; status == OK && i < 6 && grant->items[i][0]; i++) {
		struct text value;
		status = item(sending, grant->items[i][0], &value, error);
		if (status != OK || !value.length)
			continue;
		builder_format(&form, "&%s=", grant->items[i][1]);
		percent_encode(&form, value);
	}
	sending->token.form = hidden(sending, builder_text(&form));
	return status;
}

static enum status token_prepare(struct sending *sending, struct error *error)
{
	const struct grant *grant = GRANTS;
	struct text where;
	enum status status = item(sending, "token", &where, error);

	while (grant->way != sending->connector->auth->way)
		grant++;
	if (status == OK)
		status = form_make(sending, grant, error);
	if (status != OK)
		return status;
	bool is_path = text_starts(where, TEXT("/"));
	sending->token.url = text_format(&sending->out->arena, "%.*s%.*s", is_path ? (int)sending->base.length : 0,
					 sending->base.bytes, TEXT_ARGS(where));
	return OK;
}

static enum status nobody_asked(struct sending *sending, struct error *error)
{
	(void)sending, (void)error;
	return OK;
}

static enum status (*const AUTHS[AUTH_COUNT])(struct sending *sending,
					      struct error *error) = {[AUTH_NONE] = nobody_asked,
								      [AUTH_API_KEY] = api_key_give,
								      [AUTH_BASIC] = basic_give,
								      [AUTH_BEARER] = bearer_give,
								      [AUTH_OAUTH2_CLIENT] = token_prepare,
								      [AUTH_OAUTH2_PASSWORD] = token_prepare,
								      [AUTH_OAUTH2_REFRESH] = token_prepare,
								      [AUTH_HMAC] = hmac_give};

static enum status certificate_take(struct sending *sending, struct error *error)
{
	struct text certificate, key;
	enum status status = item(sending, "client_certificate", &certificate, error);

	if (status == OK)
		status = item(sending, "client_key", &key, error);
	if (status != OK)
		return status;
	if (!certificate.length != !key.length)
		return error_set(error, INVALID, "a `client_certificate` is of use only with its `client_key`");
	sending->certificate = sending->token.certificate = certificate.length ? certificate.bytes : NULL;
	sending->certificate_key = sending->token.certificate_key = key.length ? key.bytes : NULL;
	return OK;
}

static enum status signed_as_said(struct sending *sending, struct text path, struct error *error)
{
	const struct auth *auth = sending->connector->auth;
	enum status status = base_take(sending, error);

	if (status != OK)
		return status;
	sending->url = text_format(&sending->out->arena, "%.*s%.*s", TEXT_ARGS(sending->base), TEXT_ARGS(path));
	if (base_takes_mail(sending->base) && auth && auth->way != AUTH_BASIC && auth->way != AUTH_NONE)
		return error_set(error, INVALID, "to a mail server one says who one is by `auth basic { user; password }`");
	status = certificate_take(sending, error);
	return status == OK && auth ? AUTHS[auth->way](sending, error) : status;
}

static enum status secrets_take(struct member *member, struct sending *sending, struct text path, struct error *error)
{
	store_use_tenant(member->store, sending->out->call.tenant);
	enum status status = store_begin_reading(member->store, error);

	if (status != OK)
		return status;
	status = signed_as_said(sending, path, error);
	sending->out->hidden = sending->outside.hidden;
	store_rollback(member->store);
	return status;
}

/* --- off it goes */
static enum status transfer(struct member *member, struct sending *sending, struct text path, struct error *error)
{
	struct courier *courier = member->own;
	struct out *out = sending->out;
	int64_t seconds = sending->connector->timeout ? sending->connector->timeout : CALL_SECONDS;
	enum repeatable repeatable = out->call.repeatable;
	struct transport_call call = {.method = arena_string(&out->arena, sending->method.bytes, sending->method.length),
				      .url = sending->url.bytes,
				      .body = sending->body,
				      .certificate = sending->certificate,
				      .certificate_key = sending->certificate_key,
				      .milliseconds = seconds * 1000,
				      .answer_most = ANSWER_MOST,
				      .once = repeatable != REPEATABLE_YES && repeatable != REPEATABLE_ACCEPTS_KEY};

	if (base_takes_mail(sending->base)) {
		enum status status = mail_prepare(out, sending->method, path, sending->body, &call, &sending->mail, error);
		if (status != OK)
			return status;
	} else {
		headers_of_ours(sending);
	}
	call.headers = sending->headers.items;
	call.header_count = sending->headers.count;
	if (transport_send(courier->transport, &call, on_done, out, error) == OK)
		return OK;
	return error_set(error, INVALID, "the address of the connector %.*s can not be called",
			 TEXT_ARGS(sending->connector->name)); /* the address itself may have a key in it */
}

static enum status token_give(struct sending *sending, bool *waits_out, struct error *error)
{
	struct out *out = sending->out;
	struct text token;
	enum status status = token_need(out, &sending->token, &token, error);

	*waits_out = status == OK && !token.length;
	if (status != OK || *waits_out)
		return status;
	*list_add(&out->arena, &out->hidden) = token;
	out->has_token = true;
	return header_add(sending, "Authorization", "Bearer ", token, error);
}

enum status http_send(struct member *member, struct out *out, struct error *error)
{
	const struct loaded *loaded = NULL;
	struct sending sending = {.out = out};
	struct text path = TEXT("");
	bool waits = false;

	sending.connector = connector_named(member, out->call.tenant, out->call.connector, &loaded);
	if (!sending.connector || !sending.connector->base)
		return error_set(error, INVALID, "the packs know no address of the connector %.*s",
				 TEXT_ARGS(out->call.connector));
	sending.outside = (struct outside){.store = member->store,
					   .engine = loaded->engine,
					   .keys = member->service->settings.keys,
					   .arena = &out->arena,
					   .hidden = out->hidden};
	enum status status = request_take(&sending, &path, error);
	if (status == OK)
		status = secrets_take(member, &sending, path, error);
	if (status == OK && sending.token.url.length)
		status = token_give(&sending, &waits, error);
	return status == OK && !waits ? transfer(member, &sending, path, error) : status;
}
