/* Settings and secrets of a tenant, as its connectors use them. Must never keep a key longer than one reading takes, and never
 * let a secret into a sentence. */
#include "runtime/service/outside.h"

#include <string.h>

#include "runtime/crypto/crypto.h"
#include "runtime/crypto/keyring.h"
#include "runtime/store/secret.h"

enum { HIDDEN_LEAST = 4 };

void outside_hide(struct outside *outside, struct text text)
{
	*list_add(outside->arena, &outside->hidden) = text;
}

static enum status secret_value(struct outside *outside, const struct setting *setting, struct value *value_out,
				struct error *error)
{
	struct keyring keyring;
	struct text text;

	if (!*outside->keys)
		return error_set(error, DENIED,
				 "the secret `%.*s` can not be opened: the service has no keys (`serve --keys FILE`)",
				 TEXT_ARGS(setting->name));
	enum status status = keyring_read(outside->keys, &keyring, error);
	if (status == OK)
		status = secret_read(outside->store, outside->arena, &keyring, setting->name, &text, error);
	keyring_wipe(&keyring);
	if (status != OK)
		return status;
	outside_hide(outside, text);
	*value_out = value_text(text);
	return OK;
}

/* The port by which an engine asks. It has no place for a sentence: what went wrong is kept beside. */
struct asked {
	struct outside *outside;
	enum status failed;
	struct error *error;
};

static enum status on_setting(void *host, struct arena *arena, const struct setting *setting, struct value *value_out)
{
	struct asked *asked = host;
	struct outside *outside = asked->outside;
	bool is_secret = setting->type->kind == TYPE_SECRET;
	enum status status = is_secret ? secret_value(outside, setting, value_out, asked->error)
				       : outside->inner.setting(outside->inner.host, arena, setting, value_out);

	if (status == NOT_FOUND && !setting->fallback) {
		outside->unset = setting->name;
		outside->is_secret = is_secret;
	}
	if (status != OK && status != NOT_FOUND && asked->failed == OK)
		asked->failed = status;
	return status;
}

static enum status nothing_else(struct error *error)
{
	return error_set(error, INVALID, "where a connector is and who asks can say settings and nothing else");
}

static enum status on_read(void *host, struct arena *arena, const struct entity *entity, struct record_id id,
			   struct value *values_out, struct error *error)
{
	(void)host, (void)arena, (void)entity, (void)id, (void)values_out;
	return nothing_else(error);
}

static enum status on_query(void *host, struct arena *arena, const struct query *query, const struct value *parameters,
			    const struct value *const **rows_out, uint32_t *count_out, struct error *error)
{
	(void)host, (void)arena, (void)query, (void)parameters, (void)rows_out, (void)count_out;
	return nothing_else(error);
}

static enum status unset(const struct outside *outside, const char *what, struct error *error)
{
	if (!outside->unset.length)
		return error_set(error, INVALID, "%s is not set", what);
	return error_set(error, INVALID, "%s is not set: the %s `%.*s` of the tenant has no value (`stellwerk %s set %.*s`)",
			 what, outside->is_secret ? "secret" : "setting", TEXT_ARGS(outside->unset),
			 outside->is_secret ? "secret" : "tenant", TEXT_ARGS(outside->unset));
}

enum status outside_text(struct outside *outside, const struct code *code, const char *what, struct text *text_out,
			 struct error *error)
{
	struct error why;
	struct asked asked = {.outside = outside, .error = &why};
	struct ports ports = {.host = &asked, .read = on_read, .query = on_query, .setting = on_setting};
	struct value *frame = arena_array(outside->arena, struct value, code->slot_count + 1);
	struct value value;

	store_ports(outside->store, &outside->inner);
	outside->unset = TEXT("");
	enum status status = engine_evaluate(outside->engine, code, frame, 0, &ports, &value, error);
	if (asked.failed != OK)
		return error_set(error, asked.failed, "%s", why.sentence);
	if (status != OK)
		return status;
	if (value.kind != VALUE_TEXT || !value.count)
		return unset(outside, what, error);
	*text_out = value_as_text(value);
	for (uint32_t i = 0; i < outside->hidden.count; i++)
		if (outside->hidden.items[i].bytes == text_out->bytes)
			return OK; /* it is not copied: once to wipe is enough */
	*text_out = text_copy(outside->arena, *text_out);
	return OK;
}

/* --- what may be shown */
static uint32_t hidden_at(const hidden_texts *hidden, struct text text, uint32_t at)
{
	uint32_t longest = 0;

	for (uint32_t i = 0; i < hidden->count; i++) {
		struct text secret = hidden->items[i];
		if (secret.length >= HIDDEN_LEAST && secret.length > longest && secret.length <= text.length - at &&
		    !memcmp(text.bytes + at, secret.bytes, secret.length))
			longest = secret.length;
	}
	return longest;
}

struct text hidden_in(struct arena *arena, const hidden_texts *hidden, struct text text)
{
	struct text_builder shown = {.arena = arena};
	uint32_t from = 0;

	for (uint32_t i = 0; i < text.length;) {
		uint32_t length = hidden_at(hidden, text, i);
		if (!length) {
			i++;
			continue;
		}
		builder_add(&shown, text_slice(text, from, i));
		builder_add_string(&shown, "***");
		from = i += length;
	}
	if (!from)
		return text;
	builder_add(&shown, text_slice(text, from, text.length));
	return builder_text(&shown);
}

void hidden_wipe(hidden_texts *hidden)
{
	for (uint32_t i = 0; i < hidden->count; i++)
		crypto_wipe((char *)(uintptr_t)hidden->items[i].bytes, hidden->items[i].length);
	hidden->count = 0;
}
