/* `stellwerk secret …`: what a tenant's connectors log in with. Must never print a value, nor take one from the command line,
 * which everybody on the machine can see. */
#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "runtime/crypto/crypto.h"
#include "runtime/crypto/key_line.h"
#include "runtime/operate/wall.h"
#include "runtime/serving.h"
#include "runtime/store/secret.h"
#include "runtime/store/tenant.h"
#include "runtime/table.h"
#include "runtime/tenant_setting.h"

struct secret_work {
	struct serving *serving;
	struct tenant tenant;
};

static int secret_set(struct secret_work *work);
static int secret_list(struct secret_work *work);
static int secret_remove_named(struct secret_work *work);
static int secret_rekey(struct secret_work *work);

static const struct secret_verb {
	const char *name;
	uint32_t words; /* behind it */
	const char *wanted;
	int (*run)(struct secret_work *work);
} VERBS[] = {
	{"set", 1, "the NAME of a secret; its value is read from the standard input", secret_set},
	{"list", 0, "nothing", secret_list},
	{"remove", 1, "the NAME of a secret", secret_remove_named},
	{"rekey", 0, "nothing", secret_rekey},
	{"keygen", 1, "the FILE to make", NULL}, /* without a store */
};

static int keygen(const struct command_line *line)
{
	const char *path = line->words[1];
	char name[] = "key-2026-11-27";
	time_t now = wall_now();
	struct error error;

	strftime(name, sizeof name, "key-%Y-%m-%d", gmtime(&now));
	if (keyring_make(line->arena, path, text_from(name), &error) != OK)
		return world_error(&error);
	printf("%s opens what is sealed with it, and nothing else does: keep a copy where the backups are not\n", path);
	return EXIT_FINE;
}

static int work_in_store(const struct command_line *line, const struct secret_verb *verb)
{
	struct serving serving;
	struct secret_work work = {.serving = &serving};
	const char *tenant = option_value(line, "tenant");
	int code = serving_make(&serving, line);

	if (code == EXIT_FINE &&
	    tenant_find(serving.store, line->arena, text_from(tenant ? tenant : "default"), &work.tenant, &serving.error) != OK)
		code = world_error(&serving.error);
	if (code == EXIT_FINE) {
		store_use_tenant(serving.store, work.tenant.number);
		code = verb->run(&work);
	}
	serving_close(&serving);
	return code;
}

int cmd_secret(const struct command_line *line)
{
	const struct secret_verb *verb = NULL;

	for (size_t i = 0; line->word_count && i < sizeof VERBS / sizeof *VERBS; i++)
		if (text_is(text_from(line->words[0]), VERBS[i].name))
			verb = &VERBS[i];
	if (!verb)
		return usage_error(line, "secrets can be set, listed and removed, and sealed with another key: set list remove "
					 "rekey keygen");
	if (line->word_count != verb->words + 1)
		return usage_error(line, "behind `secret %s` stands %s", verb->name, verb->wanted);
	return verb->run ? work_in_store(line, verb) : keygen(line);
}

/* --- keys and values */
static enum status keys_find(struct serving *serving, struct keyring *keyring_out)
{
	if (!*serving->settings.keys)
		return error_set(&serving->error, NOT_FOUND,
				 "where are the keys? --keys FILE or STELLWERK_KEYS; `stellwerk secret keygen FILE` "
				 "makes one");
	return keyring_read(serving->settings.keys, keyring_out, &serving->error);
}

/* A value as it is typed or piped: without the end of its line. */
static enum status value_read(char *bytes, uint32_t most, struct text *value_out, struct error *error)
{
	uint32_t length = 0;
	ssize_t count;

	while (length < most && (count = read(STDIN_FILENO, bytes + length, most - length)) > 0) {
		length += (uint32_t)count;
		if (isatty(STDIN_FILENO) && bytes[length - 1] == '\n')
			break;
	}
	if (length && bytes[length - 1] == '\n')
		length--;
	*value_out = (struct text){bytes, length};
	if (length == most)
		return error_set(error, LIMIT, "a secret has %d bytes at most", SECRET_BYTES_MOST);
	return memchr(bytes, 0, length) ? error_set(error, INVALID, "there is a zero byte in it, which no password has") : OK;
}

/* Nobody who looks over a shoulder shall read it. */
static enum status value_ask(const char *name, char *bytes, uint32_t most, struct text *value_out, struct error *error)
{
	struct termios before, quiet;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return value_read(bytes, most, value_out, error);
	quiet = before;
	quiet.c_lflag &= (tcflag_t)~ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH,
		  &quiet); /* before it is asked for: whoever sees the question is not shown the answer */
	fprintf(stderr, "%s: ", name);
	enum status status = value_read(bytes, most, value_out, error);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return status;
}

static int sealed_set(struct secret_work *work, const struct keyring *keyring, struct text value)
{
	struct serving *serving = work->serving;
	const char *name = serving->line->words[1];

	if (store_begin(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	int code = serving_settle(serving,
				  secret_write(serving->store, keyring, text_from(name), value, wall_now(), &serving->error));
	if (code == EXIT_FINE)
		printf("the secret %s of %.*s is set\n", name, TEXT_ARGS(work->tenant.name));
	if (code == EXIT_FINE)
		tenant_secret_look(serving, &work->tenant, text_from(name));
	return code;
}

static int secret_set(struct secret_work *work)
{
	static char bytes[SECRET_BYTES_MOST + 2];
	struct serving *serving = work->serving;
	struct keyring keyring;
	struct text value;

	if (keys_find(serving, &keyring) != OK)
		return world_error(&serving->error);
	int code = value_ask(serving->line->words[1], bytes, sizeof bytes, &value, &serving->error) == OK
			   ? sealed_set(work, &keyring, value)
			   : world_error(&serving->error);
	crypto_wipe(bytes, sizeof bytes);
	keyring_wipe(&keyring);
	return code;
}

static int secret_remove_named(struct secret_work *work)
{
	struct serving *serving = work->serving;
	const char *name = serving->line->words[1];

	if (store_begin(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	int code = serving_settle(serving, secret_remove(serving->store, text_from(name), &serving->error));
	if (code == EXIT_FINE)
		printf("the secret %s of %.*s is removed\n", name, TEXT_ARGS(work->tenant.name));
	return code;
}

static int secret_rekey(struct secret_work *work)
{
	struct serving *serving = work->serving;
	struct keyring keyring;
	uint32_t count = 0;

	if (keys_find(serving, &keyring) != OK || store_begin(serving->store, &serving->error) != OK)
		return world_error(&serving->error);
	int code = serving_settle(serving, secrets_reseal(serving->store, &keyring, &count, &serving->error));
	if (code == EXIT_FINE)
		printf("%u secrets of all tenants were sealed anew; all are sealed with the key %s now\n", count,
		       keyring.keys[0].mark);
	keyring_wipe(&keyring);
	return code;
}

/* --- showing */
static void secret_json(struct json_writer *writer, const struct secret *secret)
{
	char time[MOMENT_TEXT];

	json_open_object(writer);
	json_write_name(writer, TEXT("name"));
	json_write_text(writer, secret->name);
	json_write_name(writer, TEXT("key"));
	json_write_text(writer, secret->mark);
	json_write_name(writer, TEXT("changed_at"));
	json_write_text(writer, (struct text){time, moment_write(secret->changed_at, zone_utc(), time)});
	json_close_object(writer);
}

static int secret_list(struct secret_work *work)
{
	static const char *const titles[] = {"name", "changed", "sealed with"};
	struct serving *serving = work->serving;
	struct arena *arena = serving->line->arena;
	struct print_table table = table_new(arena, titles, 3);
	struct text_builder text = {.arena = arena};
	struct json_writer writer = {.text = &text, .indent = 2};
	char time[MOMENT_TEXT];
	secrets all;

	if (secrets_read(serving->store, arena, &all, &serving->error) != OK)
		return world_error(&serving->error);
	json_open_list(&writer);
	for (uint32_t i = 0; i < all.count; i++) {
		const struct secret *secret = &all.items[i];
		uint32_t length = moment_write_short(secret->changed_at, zone_utc(), time);
		secret_json(&writer, secret);
		table_add(&table, secret->name, STYLE_BOLD);
		table_add(&table, text_copy(arena, (struct text){time, length}), STYLE_DIM);
		table_add(&table, secret->mark, STYLE_DIM);
	}
	json_close_list(&writer);
	if (serving->line->json)
		puts(builder_text(&text).bytes);
	else if (all.count)
		table_print(&table, stdout, 0);
	else
		printf("%.*s has no secrets\n", TEXT_ARGS(work->tenant.name));
	return EXIT_FINE;
}
