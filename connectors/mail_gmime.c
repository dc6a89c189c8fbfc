/* Fields of mails by GMime, and the only file that sees it. Must own nothing of the library's while memory is taken from an
 * arena, which may leave by its guard: results are laid out as one string first, and that is what `kept` copies. */
#include <gmime/gmime.h>

#include "connectors/mail.h"
#include "connectors/mail_gmime.h"
#include "connectors/mail_text.h"
#include "engine/base/letters.h"

static void library_open(void)
{
	static bool open;

	if (!open)
		g_mime_init();
	open = true;
}

/* --- from the library's memory into ours */
static struct text kept(struct arena *arena, GString *string)
{
	jmp_buf *outer = arena->escape, here;
	struct text copy;

	if (outer && arena_guard(arena, here)) {
		g_string_free(string, TRUE);
		arena->escape = outer;
		longjmp(*outer, 1);
	}
	copy = (struct text){arena_string(arena, string->str, string->len), (uint32_t)string->len};
	arena->escape = outer;
	g_string_free(string, TRUE);
	return copy;
}

/* A field behind another, with a NUL behind it. */
static void field_add(GString *string, const char *field)
{
	g_string_append(string, field ? field : "");
	g_string_append_c(string, 0);
}

static struct text field_take(struct text *rest)
{
	struct text field = text_from(rest->bytes);

	*rest = text_slice(*rest, field.length + 1, rest->length);
	return field;
}

/* Without a NUL within, and as UTF-8: what a header has raw in another charset was not encoded as it ought to be. */
static const char *given(struct arena *arena, struct text value)
{
	return mail_text_decode(arena, value, TEXT("")).bytes;
}

/* --- fields */
struct text mail_words(struct arena *arena, struct text value)
{
	library_open();
	char *words = g_mime_utils_header_decode_text(NULL, given(arena, value));
	GString *string = g_string_new(words ? words : "");

	g_free(words);
	return mail_line_clean(arena, kept(arena, string));
}

static int addresses_lay(GString *string, InternetAddressList *list, int count)
{
	for (int i = 0; i < internet_address_list_length(list) && count <= MAIL_ADDRESSES_MOST; i++) {
		InternetAddress *each = internet_address_list_get_address(list, i);
		if (INTERNET_ADDRESS_IS_GROUP(each)) {
			InternetAddressList *members = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(each));
			count = members ? addresses_lay(string, members, count) : count;
			continue;
		}
		field_add(string, internet_address_get_name(each));
		field_add(string, internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(each)));
		count++;
	}
	return count;
}

enum status mail_addresses(struct arena *arena, struct text value, mail_address_list *addresses_out)
{
	library_open();
	InternetAddressList *list = internet_address_list_parse(NULL, given(arena, value));
	GString *string = g_string_new("");
	int count = list ? addresses_lay(string, list, 0) : 0;

	if (list)
		g_object_unref(list);
	for (struct text rest = kept(arena, string); rest.length;) {
		struct mail_address *address = list_add(arena, addresses_out);
		address->name = mail_line_clean(arena, field_take(&rest));
		address->address = mail_line_clean(arena, field_take(&rest));
	}
	return count > MAIL_ADDRESSES_MOST ? LIMIT : OK;
}

enum status mail_date(struct arena *arena, struct text value, moment *moment_out)
{
	library_open();
	GDateTime *said = g_mime_utils_header_decode_date(given(arena, value));

	if (!said)
		return INVALID;
	*moment_out = g_date_time_to_unix(said);
	g_date_time_unref(said);
	return *moment_out < MOMENT_FIRST || *moment_out > MOMENT_LAST ? INVALID : OK;
}

struct mail_type mail_type(struct arena *arena, struct text value)
{
	static const char *const names[] = {"charset", "boundary", "name", "format", "delsp", "report-type"};
	struct text fields[sizeof names / sizeof *names];

	library_open();
	GMimeContentType *type = g_mime_content_type_parse(NULL, value.length ? given(arena, value) : "text/plain");
	GString *string = g_string_new("");
	char *word = g_mime_content_type_get_mime_type(type);

	field_add(string, word);
	g_free(word);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		field_add(string, g_mime_content_type_get_parameter(type, names[i]));
	g_object_unref(type);
	struct text rest = kept(arena, string), mime = field_take(&rest);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		fields[i] = field_take(&rest);
	return (struct mail_type){.type = text_lower(arena, mail_line_clean(arena, mime)),
				  .charset = fields[0],
				  .boundary = fields[1], /* as it is: it is compared with bytes */
				  .name = mail_line_clean(arena, fields[2]),
				  .format = text_lower(arena, fields[3]),
				  .delsp = text_lower(arena, fields[4]),
				  .report_type = text_lower(arena, fields[5])};
}

void mail_disposition(struct arena *arena, struct text value, struct text *word_out, struct text *name_out)
{
	library_open();
	GMimeContentDisposition *disposition =
		value.length ? g_mime_content_disposition_parse(NULL, given(arena, value)) : NULL;
	GString *string = g_string_new("");

	field_add(string, disposition ? g_mime_content_disposition_get_disposition(disposition) : NULL);
	field_add(string, disposition ? g_mime_content_disposition_get_parameter(disposition, "filename") : NULL);
	if (disposition)
		g_object_unref(disposition);
	struct text rest = kept(arena, string);
	*word_out = text_lower(arena, field_take(&rest));
	*name_out = mail_line_clean(arena, field_take(&rest));
}

/* --- bytes */
struct text mail_decoded(struct arena *arena, struct text encoding, struct text bytes)
{
	GMimeEncoding state;

	library_open();
	g_mime_encoding_init_decode(&state, g_mime_content_encoding_from_string(given(arena, encoding)));
	if (state.encoding <= GMIME_CONTENT_ENCODING_BINARY)
		return bytes;
	char *decoded = arena_alloc_raw(arena, g_mime_encoding_outlen(&state, bytes.length) + 1, 1);
	size_t length = g_mime_encoding_flush(&state, bytes.bytes, bytes.length, decoded);
	decoded[length] = 0;
	return (struct text){decoded, (uint32_t)length};
}

/* --- the other way */
struct text mail_words_write(struct arena *arena, const char *name, struct text words)
{
	library_open();
	const char *whole = given(arena, words);
	char *encoded = g_mime_utils_header_encode_text(NULL, whole, "utf-8");
	char *field = g_strdup_printf("%s: %s", name, encoded);
	char *folded = g_mime_utils_unstructured_header_fold(NULL, NULL, field);
	GString *string = g_string_new(folded);

	g_free(encoded);
	g_free(field);
	g_free(folded);
	return text_trim(kept(arena, string));
}

struct text mail_address_write(struct arena *arena, const struct mail_address *address)
{
	library_open();
	const char *name = address->name.length ? given(arena, address->name) : NULL, *at = given(arena, address->address);
	InternetAddress *mailbox = internet_address_mailbox_new(name, at);
	internet_address_set_charset(mailbox, "utf-8");
	char *written = internet_address_to_string(mailbox, NULL, TRUE);
	GString *string = g_string_new(written);

	g_free(written);
	g_object_unref(mailbox);
	return text_trim(kept(arena, string));
}

struct text mail_encoded(struct arena *arena, struct text bytes)
{
	GMimeEncoding state;

	library_open();
	g_mime_encoding_init_encode(&state, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
	char *encoded = arena_alloc_raw(arena, g_mime_encoding_outlen(&state, bytes.length) + 1, 1);
	size_t length = g_mime_encoding_flush(&state, bytes.bytes, bytes.length, encoded);
	encoded[length] = 0;
	return (struct text){encoded, (uint32_t)length};
}

struct text mail_sha256(struct arena *arena, struct text bytes)
{
	char *digits = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)bytes.bytes, bytes.length);
	GString *string = g_string_new(digits);

	g_free(digits);
	return kept(arena, string);
}
