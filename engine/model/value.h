/* A value of Flow: what expressions compute, rows hold and events carry. 32 bytes by value; what it points to lives in the
 * arena of its maker. MISSING is a value: it remembers which path was not set, so that "unknown because X is not set" can be
 * said wherever it ends up. */
#ifndef MODEL_VALUE_H
#define MODEL_VALUE_H

#include "engine/base/decimal.h"
#include "engine/base/moment.h"
#include "engine/base/text.h"

struct json;
struct enumeration;
struct type;

enum value_kind {
	VALUE_MISSING,     /* .text/.count: the path that is not set; may be empty */
	VALUE_BOOL,        /* .integer 0 or 1 */
	VALUE_INT,         /* .integer */
	VALUE_DECIMAL,     /* .mantissa, .scale */
	VALUE_PERCENT,     /* as decimal: 19% is 0.19 */
	VALUE_MONEY,       /* as decimal, .count: currency, packed by currency_pack */
	VALUE_TEXT,        /* .text, .count bytes */
	VALUE_DATE,        /* .integer: days since 1970-01-01 */
	VALUE_TIME,        /* .integer: an instant, seconds UTC */
	VALUE_TIME_OF_DAY, /* .integer: seconds since 00:00 */
	VALUE_DURATION,    /* .integer of .unit */
	VALUE_ENUM,        /* .count: ordinal; .enumeration */
	VALUE_REF,         /* .id, .entity */
	VALUE_LIST,        /* .items, .count */
	VALUE_RECORD,      /* .items by the field order of its static type, .count */
	VALUE_RANGE,       /* .items[0] and [1], both included */
	VALUE_DATA,        /* .json: a document of the outside world, not yet typed */
};

/* Units a duration counts in. Only equal units, or exact ones among themselves, can be compared or added. */
enum duration_unit { UNIT_SECOND, UNIT_DAY, UNIT_MONTH, UNIT_WORK_SECOND, UNIT_WORK_DAY, UNIT_END_OF_WORK_DAY };

/* 48 bits of event time in milliseconds, then 80 bits of hash: a turn that runs again writes the same rows. */
struct record_id {
	uint64_t high, low;
};

struct value {
	uint8_t kind;
	union {
		uint8_t scale; /* DECIMAL PERCENT MONEY */
		uint8_t unit;  /* DURATION */
	};
	uint16_t entity; /* REF: index of the entity in its schema */
	uint32_t count;
	union {
		int64_t integer;
		__int128 mantissa;
		const char *text;
		struct record_id id;
		const struct value *items;
		const struct enumeration *enumeration;
		const struct json *json;
	};
};

static inline struct value value_missing(void)
{
	return (struct value){.kind = VALUE_MISSING};
}
static inline struct value value_bool(bool truth)
{
	return (struct value){.kind = VALUE_BOOL, .integer = truth};
}
static inline struct value value_int(int64_t integer)
{
	return (struct value){.kind = VALUE_INT, .integer = integer};
}
static inline struct value value_text(struct text text)
{
	return (struct value){.kind = VALUE_TEXT, .count = text.length, .text = text.bytes};
}
static inline struct value value_time(moment at)
{
	return (struct value){.kind = VALUE_TIME, .integer = at};
}
static inline struct value value_ref(uint16_t entity, struct record_id id)
{
	return (struct value){.kind = VALUE_REF, .entity = entity, .id = id};
}
static inline struct value value_duration(int64_t amount, enum duration_unit unit)
{
	return (struct value){.kind = VALUE_DURATION, .unit = (uint8_t)unit, .integer = amount};
}
static inline struct value value_number(enum value_kind kind, struct decimal decimal)
{
	return (struct value){.kind = (uint8_t)kind, .scale = decimal.scale, .mantissa = decimal.mantissa};
}
static inline struct decimal value_decimal(struct value value)
{
	return (struct decimal){.mantissa = value.kind == VALUE_INT ? value.integer : value.mantissa,
				.scale = value.kind == VALUE_INT ? 0 : value.scale};
}
static inline struct text value_as_text(struct value value)
{
	return (struct text){value.text, value.count};
}
static inline bool value_is_true(struct value value)
{
	return value.kind == VALUE_BOOL && value.integer;
}
static inline bool value_is_false(struct value value)
{
	return value.kind == VALUE_BOOL && !value.integer;
}
/* As rows are ordered, in the engine and in every store. */
static inline int id_compare(struct record_id a, struct record_id b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return (a.low > b.low) - (a.low < b.low);
}

static inline bool id_equal(struct record_id a, struct record_id b)
{
	return a.high == b.high && a.low == b.low;
}

uint32_t currency_pack(const char code[3]); /* "EUR" */
void currency_unpack(uint32_t packed, char code_out[4]);

/* Same kind, same content; 1.0 equals 1.00. MISSING equals nothing, not even MISSING. */
bool value_equal(struct value a, struct value b);
/* Equal, or both not set: the one in place of the other is no change. */
static inline bool value_same(struct value a, struct value b)
{
	return (a.kind == VALUE_MISSING && b.kind == VALUE_MISSING) || value_equal(a, b);
}
/* -1 0 1; only for kinds with an order (numbers, text, dates, times, durations of comparable units, enums, money of one
 * currency, bool); INVALID otherwise. INT, DECIMAL and PERCENT compare with one another. */
enum status value_compare(struct value a, struct value b, int *order_out) MUST_CHECK;
uint64_t value_hash(struct value value); /* equal values have equal hashes */
/* A copy whose insides live in `arena`; DATA is not copied inside. */
struct value value_copy(struct arena *arena, struct value value);

/* For people: "15.50 EUR", "2 workdays", "high", "[a, b]". Enums by their name, instants in `zone` (NULL: UTC), refs as
 * their short id unless a caller knows a nicer name. */
void value_write(struct text_builder *builder, struct value value, const struct zone *zone);
struct text value_show(struct arena *arena, struct value value, const struct zone *zone);
/* "30min", "1h30min", "5 workdays" */
void duration_write(struct text_builder *builder, int64_t amount, enum duration_unit unit);

/* 26 characters of Crockford base 32, sortable by time (as ULID). */
enum { RECORD_ID_TEXT = 26 };
void record_id_write(struct record_id id, char buffer[RECORD_ID_TEXT + 1]);
enum status record_id_parse(struct text text, struct record_id *id_out) MUST_CHECK;
/* The id of what `seed` names, born at `at`: 48 bits of time, 80 bits of a hash of the seed bytes. */
struct record_id record_id_derive(moment at, const void *seed, size_t size);

#endif
