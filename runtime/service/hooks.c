/* What a webhook brings. Must never store, log or show what is not verified, and never compare a secret in a time that tells of
 * it. */
#include "runtime/service/hooks.h"

#include <inttypes.h>
#include <stdlib.h>

#include "engine/base/json.h"
#include "engine/model/request.h"
#include "runtime/crypto/crypto.h"
#include "runtime/crypto/hex.h"
#include "runtime/crypto/hmac.h"
#include "runtime/operate/metric.h"
#include "runtime/operate/wall.h"
#include "runtime/service/envelope.h"
#include "runtime/service/outside.h"

static const char *const PREFIX = "/v1/hooks/";
static const int64_t MILLISECONDS_FROM = 100000000000; /* a time from here on is told in them */
enum {
	REPLAY_SECONDS = 300, /* a signed time may be that far away */
	NAMES = 3,
	NONCE = 16,
};

struct hook {
	struct member *member;
	struct request *request;
	struct arena *arena;
	struct text tenant, connector, name;
	int64_t tenant_number;
	const struct loaded *loaded;
	const struct receive *receive;
	struct outside outside;
	struct text id; /* of the event: the same for what is sent again with the same signature; empty: nobody's but its own */
};

/* --- which one */
static enum status no_hook(struct error *error)
{
	return error_set(error, NOT_FOUND, "there is no such webhook; they are called /v1/hooks/TENANT/CONNECTOR/NAME");
}

static bool path_split(struct hook *hook)
{
	struct text path = request_path(hook->request), *names[NAMES] = {&hook->tenant, &hook->connector, &hook->name};
	uint32_t from = (uint32_t)strlen(PREFIX), found = 0;

	for (uint32_t i = from; i <= path.length && found < NAMES; i++) {
		if (i < path.length && (path.bytes[i] != '/' || found == NAMES - 1))
			continue;
		*names[found++] = text_slice(path, from, i);
		from = i + 1;
	}
	return found == NAMES && hook->tenant.length && hook->connector.length && hook->name.length;
}

static enum status hook_look(struct hook *hook, struct error *error)
{
	struct member *member = hook->member;
	enum status status = programs_tenant(member->programs, hook->tenant, &hook->tenant_number, error);

	if (status == OK)
		status = programs_of(member->programs, hook->tenant_number, &hook->loaded, error);
	if (status != OK)
		return status == RETRY ? RETRY : no_hook(error);
	hook->receive = program_receive(hook->loaded->program, hook->connector, hook->name);
	return hook->receive && text_is(hook->receive->kind, "webhook") ? OK : no_hook(error);
}

/* What this process remembers may be of a moment ago: before anybody is refused it looks again. */
static enum status hook_find(struct hook *hook, struct error *error)
{
	bool changed = false;

	if (!path_split(hook))
		return no_hook(error);
	enum status status = hook_look(hook, error);
	if (status == NOT_FOUND && programs_refresh(hook->member->programs, &changed, error) != OK)
		return RETRY;
	return status == NOT_FOUND && changed ? hook_look(hook, error) : status;
}

/* --- who sent it */
static enum status refused(struct error *error, const char *why)
{
	return error_set(error, DENIED, "this webhook was not sent by who should: %s", why);
}

static struct text sent_part(const struct hook *hook, struct text name, bool in_query)
{
	const char *word = arena_string(hook->arena, name.bytes, name.length);

	return in_query ? request_query(hook->request, word) : request_header(hook->request, word);
}

static bool is_near(struct text digits)
{
	int64_t at = 0, now = wall_now();

	if (!digits.length || digits.length > 13)
		return false;
	for (uint32_t i = 0; i < digits.length; i++) {
		if (digits.bytes[i] < '0' || digits.bytes[i] > '9')
			return false;
		at = at * 10 + (digits.bytes[i] - '0');
	}
	at = at >= MILLISECONDS_FROM ? at / 1000 : at;
	return at >= now - REPLAY_SECONDS && at <= now + REPLAY_SECONDS;
}

/* Hexadecimal digits in either case or Base64, perhaps behind `sha256=` or the like. */
static bool signature_fits_any(struct hook *hook, struct text sent, const uint8_t *bytes, uint32_t count)
{
	int64_t equals = text_find(sent, TEXT("="));
	bool is_named = equals > 0 && equals < 8 && text_starts(sent, TEXT("sha"));
	struct text value = is_named ? text_slice(sent, (uint32_t)equals + 1, sent.length) : sent;
	char *lower = arena_string(hook->arena, value.bytes, value.length);

	for (uint32_t i = 0; i < value.length; i++)
		if (lower[i] >= 'A' && lower[i] <= 'F')
			lower[i] = (char)(lower[i] + ('a' - 'A'));
	bool as_digits = secret_equal((struct text){lower, value.length}, hex_text(hook->arena, bytes, count));
	bool as_base64 = secret_equal(value, base64_text(hook->arena, (struct text){(const char *)bytes, count}));
	return as_digits || as_base64;
}

static enum status hmac_verify(struct hook *hook, const struct verify *verify, struct text secret, struct error *error)
{
	struct text at = verify->timestamp.length ? sent_part(hook, verify->timestamp, false) : TEXT("");
	const struct text pieces[] = {at, TEXT("."), request_body(hook->request)};
	uint32_t first = verify->timestamp.length ? 0 : 2;
	bool is_long = verify->way == VERIFY_HMAC_SHA512;
	uint8_t bytes[HMAC_SHA512_BYTES];

	if (verify->timestamp.length && !is_near(at))
		return refused(error, "its time is not told, or not now");
	(is_long ? hmac_sha512 : hmac_sha256)(secret, pieces + first, 3 - first, bytes);
	if (!signature_fits_any(hook, sent_part(hook, verify->part, verify->in_query), bytes,
				is_long ? HMAC_SHA512_BYTES : HMAC_SHA256_BYTES))
		return refused(error, "its signature does not fit");
	if (verify->timestamp.length)
		hook->id = hex_text(hook->arena, bytes, HMAC_SHA256_BYTES);
	return OK;
}

static bool scheme_take(struct text header, const char *scheme, struct text *rest_out)
{
	uint32_t length = (uint32_t)strlen(scheme);

	if (header.length <= length || strncasecmp(header.bytes, scheme, length) || header.bytes[length] != ' ')
		return false;
	*rest_out = text_trim(text_slice(header, length, header.length));
	return true;
}

static enum status basic_verify(struct hook *hook, const struct verify *verify, struct text secret, struct error *error)
{
	struct text user, digits, pair;
	enum status status = outside_text(&hook->outside, verify->user, "`verify basic(…)`", &user, error);

	if (status != OK)
		return status;
	struct text wanted = text_format(hook->arena, "%.*s:%.*s", TEXT_ARGS(user), TEXT_ARGS(secret));
	outside_hide(&hook->outside, wanted);
	bool fits = scheme_take(request_header(hook->request, "Authorization"), "Basic", &digits) &&
		    base64_read(hook->arena, digits, &pair) && secret_equal(pair, wanted);
	return fits ? OK : refused(error, "user or password does not fit");
}

static enum status verify_run(struct hook *hook, const struct verify *verify, struct error *error)
{
	struct text secret, token;
	enum status status = outside_text(&hook->outside, verify->secret, "`verify`", &secret, error);

	if (status != OK)
		return status == DENIED ? RETRY : status; /* it can not be opened: that is not the sender's fault */
	switch (verify->way) {
	case VERIFY_EQUAL:
		return secret_equal(sent_part(hook, verify->part, verify->in_query), secret)
			       ? OK
			       : refused(error, "the secret it says is another");
	case VERIFY_BASIC:
		return basic_verify(hook, verify, secret, error);
	case VERIFY_BEARER:
		return scheme_take(request_header(hook->request, "Authorization"), "Bearer", &token) &&
				       secret_equal(token, secret)
			       ? OK
			       : refused(error, "its token is another");
	default:
		return hmac_verify(hook, verify, secret, error);
	}
}

static enum status sender_verify(struct hook *hook, struct error *error)
{
	struct member *member = hook->member;
	store_use_tenant(member->store, hook->tenant_number);
	enum status status = store_begin_reading(member->store, error);

	if (status != OK)
		return status;
	hook->outside = (struct outside){.store = member->store,
					 .engine = hook->loaded->engine,
					 .keys = member->service->settings.keys,
					 .arena = hook->arena};
	status = verify_run(hook, hook->receive->verify, error);
	store_rollback(member->store);
	hidden_wipe(&hook->outside.hidden);
	return status == INVALID || status == NOT_FOUND ? RETRY : status; /* what is not set lets nobody in */
}

/* --- what it says */
enum { HEADERS_MOST = 64, HEADER_NAME_MOST = 64 };

struct headers {
	struct arena *arena;
	struct json_writer *writer;
	const struct verify *verify;
	struct text names[HEADERS_MOST];
	uint32_t count;
};

static bool is_kept_out(const struct headers *headers, struct text name)
{
	static const char *const KEPT_OUT[] = {"authorization", "proxy-authorization", "cookie", "expect", "content-length"};
	const struct verify *verify = headers->verify;

	for (size_t i = 0; i < sizeof KEPT_OUT / sizeof *KEPT_OUT; i++)
		if (text_is(name, KEPT_OUT[i]))
			return true;
	for (uint32_t i = 0; i < headers->count; i++)
		if (text_equal(headers->names[i], name))
			return true;
	return verify && verify->part.length == name.length && !strncasecmp(verify->part.bytes, name.bytes, name.length);
}

/* By lower-case names, and the first of each. What says who the sender is stays here. */
static void header_write(void *context, struct text name, struct text value)
{
	struct headers *headers = context;
	char *lower = arena_string(headers->arena, name.bytes, name.length);
	struct text known = {lower, name.length};

	for (uint32_t i = 0; i < name.length; i++)
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] + ('a' - 'A'));
	if (name.length > HEADER_NAME_MOST || headers->count == HEADERS_MOST || is_kept_out(headers, known))
		return;
	headers->names[headers->count++] = known;
	json_write_name(headers->writer, known);
	json_write_text(headers->writer, value);
}

static enum status document_make(struct hook *hook, struct text *document_out, struct error *error)
{
	struct text body = request_body(hook->request);
	struct text_builder text = {.arena = hook->arena};
	struct json_writer writer = {.text = &text};
	struct headers headers = {.arena = hook->arena, .writer = &writer, .verify = hook->receive->verify};
	const struct json *json;

	if (body.length > CLOUD_DATA_MOST)
		return error_set(error, LIMIT, "a webhook has %d bytes at most", CLOUD_DATA_MOST);
	enum status status = json_parse(hook->arena, body, &json, error);
	if (status != OK)
		return error_within(error, "what was posted is no JSON");
	json_open_object(&writer);
	json_write_member(&writer, "connector", hook->connector);
	json_write_member(&writer, "receive", hook->name);
	json_write_name(&writer, TEXT("headers"));
	json_open_object(&writer);
	request_headers(hook->request, header_write, &headers);
	json_close_object(&writer);
	json_write_name(&writer, TEXT("body"));
	json_write_document(&writer, json);
	json_close_object(&writer);
	*document_out = builder_text(&text);
	return OK;
}

static struct text id_make(struct hook *hook)
{
	uint8_t bytes[NONCE];

	if (hook->id.length)
		return hook->id;
	crypto_random(bytes, sizeof bytes);
	return hex_text(hook->arena, bytes, sizeof bytes);
}

enum status hook_event(struct member *member, struct request *request, struct cloud_event *event_out, bool *needs_token_out,
		       struct error *error)
{
	struct hook hook = {.member = member, .request = request, .arena = request_arena(request)};
	struct text document;
	enum status status = hook_find(&hook, error);

	*needs_token_out = status == OK && !hook.receive->verify;
	if (status == OK && hook.receive->verify)
		status = sender_verify(&hook, error);
	if (status == OK)
		status = document_make(&hook, &document, error);
	if (status != OK)
		return status;
	*event_out = (struct cloud_event){
		.id = id_make(&hook),
		.source = text_format(hook.arena, "/v1/hooks/%.*s/%.*s", TEXT_ARGS(hook.connector), TEXT_ARGS(hook.name)),
		.type = TEXT(RECEIVED_TYPE),
		.tenant = hook.tenant,
		.data = document};
	return OK;
}

void hook_refuse(struct request *request, enum status status, const struct error *error)
{
	static const struct {
		enum status status;
		unsigned code;
		const char *title;
	} ANSWERS[] = {{NOT_FOUND, 404, "Not Found"},
		       {DENIED, 401, "Unauthorized"},
		       {LIMIT, 413, "Content Too Large"},
		       {RETRY, 503, "Service Unavailable"},
		       {INVALID, 400, "Bad Request"}};

	metric_add(METRIC_EVENTS_REFUSED, status != RETRY);
	metric_add(METRIC_HOOKS_REFUSED, status == DENIED);
	for (size_t i = 0; i < sizeof ANSWERS / sizeof *ANSWERS; i++)
		if (ANSWERS[i].status == status || i + 1 == sizeof ANSWERS / sizeof *ANSWERS) {
			request_problem(request, ANSWERS[i].code, ANSWERS[i].title, text_from(error->sentence));
			return;
		}
}
