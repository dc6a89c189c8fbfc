/* JSON documents, read and written. json.c is the wall to cJSON: everyone else sees opaque nodes that live in an arena and are
 * never changed. Reading is bounded: bytes by the caller, depth by JSON_MAX_DEPTH, memory by the arena. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "engine/base/decimal.h"

struct json; /* one node of a document */

enum { JSON_MAX_DEPTH = 200 };
enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT };

/* INVALID: no JSON (the sentence names line, column and what stands there), not UTF-8, bytes after the document, an object with
 * one name twice, a NUL in a text, or too deep. Strict as RFC 8259 is, but for a byte order mark, which is passed over. The
 * document lives in `arena`; the source may go. */
enum status json_parse(struct arena *arena, struct text source, const struct json **json_out, struct error *error) MUST_CHECK;

enum json_kind json_kind(const struct json *json);
bool json_bool(const struct json *json);
struct text json_text(const struct json *json); /* TEXT only; NUL behind it */
/* NUMBER only. As RFC 8259 section 6 advises, numbers are IEEE 754 doubles: the shortest decimal that reads back as the same
 * double. LIMIT when that does not fit a decimal, or for a whole number beyond 2^53, which its sender must write as text to be
 * exact. docs/decisions/0003 */
enum status json_decimal(const struct json *json, struct decimal *decimal_out) MUST_CHECK;
enum status json_int(const struct json *json, int64_t *integer_out) MUST_CHECK; /* INVALID when it has a fraction */
/* For a number that is no decimal: as JSON, so that it reads back as the same double (1e999 for what is beyond one). Returns
 * the length; a NUL follows; the buffer holds JSON_NUMBER_TEXT. */
enum { JSON_NUMBER_TEXT = 32 };
uint32_t json_number_write(const struct json *json, char *buffer);
/* NULL when absent, or when `json` is no object. Case-sensitive. */
const struct json *json_member(const struct json *json, struct text name);
/* A member's text; empty when it is absent or something else, or when there is no object at all. */
struct text json_member_text(const struct json *json, const char *name);
uint32_t json_count(const struct json *json); /* items of a LIST, members of an OBJECT, else 0 */
/* Walks items or members in the order they were written: for (i = json_first(list); i; i = json_next(i)) */
const struct json *json_first(const struct json *json);
const struct json *json_next(const struct json *item);
struct text json_name(const struct json *member); /* of a member of an OBJECT */

/* --- writing, into a text_builder; commas are set by itself */
struct json_writer {
	struct text_builder *text;
	bool comma; /* something stands before on this level */
	int indent; /* spaces a level; 0: all in one line */
	uint32_t depth;
};

void json_open_object(struct json_writer *writer);
void json_close_object(struct json_writer *writer);
void json_open_list(struct json_writer *writer);
void json_close_list(struct json_writer *writer);
void json_write_name(struct json_writer *writer, struct text name);
void json_write_text(struct json_writer *writer, struct text text); /* escapes; malformed UTF-8 becomes U+FFFD */
/* A whole member. */
void json_write_member(struct json_writer *writer, const char *name, struct text text);
void json_write_member_int(struct json_writer *writer, const char *name, int64_t integer);
void json_write_int(struct json_writer *writer, int64_t integer);
void json_write_decimal(struct json_writer *writer, struct decimal decimal);
void json_write_bool(struct json_writer *writer, bool truth);
void json_write_null(struct json_writer *writer);
void json_write_document(struct json_writer *writer, const struct json *json); /* as it was read */

#endif
