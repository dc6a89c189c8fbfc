/* The one compiler from entities, queries and layouts to SQL, over the dialect table. Only text comes out: it runs nothing. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "engine/model/program.h"

struct dialect {
#define DIALECT(word, sqlite, postgres) const char *word;
#include "runtime/store/dialect.def"
#undef DIALECT
};

extern const struct dialect dialect_sqlite, dialect_postgres;

/* What a column holds. Numbers with a fraction and money are text, so that nothing is ever rounded: "12.50", "EUR 12.50". */
enum column_kind { COLUMN_NONE /* computed: no column */, COLUMN_INTEGER, COLUMN_TEXT, COLUMN_BYTES };
enum column_kind column_kind(const struct field *field);
enum column_kind column_kind_of(const struct type *type);
bool column_is_decimal(const struct type *type); /* equal values may be written differently: 1.0 and 1.00 */

/* Names are quoted; a quote in them doubles. */
void sql_name(struct text_builder *sql, struct text name);
void sql_literal(struct text_builder *sql, struct text text);
/* The column such that equal values are equal to the database too. `table` may be empty. */
void sql_comparable(struct text_builder *sql, const struct dialect *dialect, struct text table, struct text column,
		    bool is_decimal);

/* --- rows. Parameter 1 is always the tenant, 2 the id. */
void sql_read(struct text_builder *sql, const struct entity *entity);
/* Then the stored fields but the id, in order. */
void sql_insert(struct text_builder *sql, const struct entity *entity);
/* 3: the version that was read, or null; then the fields of the bit set, in order. */
void sql_update(struct text_builder *sql, const struct entity *entity, const uint64_t *fields);
void sql_delete(struct text_builder *sql, const struct entity *entity);
/* Ids of the rows whose `field` is parameter 2. */
void sql_referring(struct text_builder *sql, const struct entity *entity, const struct field *field);
/* One row other than `id` with the same values in `fields`; parameters 3… are their values. */
void sql_double(struct text_builder *sql, const struct dialect *dialect, const struct entity *entity, const uint16_t *fields,
		uint32_t count);

/* --- queries. Which terms the database decides exactly as the engine would, given the kinds of the parameters; the others are
 * left to the engine, whose `where` decides anyway. */
enum { QUERY_LIST_LIMIT = 200 }; /* longer `in` lists are left to the engine */

struct pushed_term {
	uint32_t term;
	enum { TERM_PLAIN, TERM_LIST, TERM_RANGE } shape;
	uint32_t parameter_count; /* of LIST: its items that can be equal to the column at all */
};

/* Parameter 1 is the tenant, then those of the pushed terms in order. Rows come whole, in no order: asked for one by id,
 * databases read the whole key of the tenant instead of the index of the terms. `most`: so many are enough; 0: all. Only
 * who goes through all of them (query->in_order) has the first. */
void sql_query(struct text_builder *sql, const struct dialect *dialect, const struct query *query, const struct schema *schema,
	       const struct pushed_term *pushed, uint32_t pushed_count, uint32_t most);
/* False: leave the term to the engine. */
bool term_push(const struct query *query, const struct schema *schema, uint32_t term, struct value parameter,
	       struct pushed_term *pushed_out);
/* The last field of a term's path, or NULL when the path runs through something the database does not hold. */
const struct field *term_field(const struct query *query, const struct schema *schema, const struct query_term *term);

/* --- `sealed when` as a condition over the old row, or empty when it is more than the database can decide. */
void sql_seal(struct text_builder *sql, const struct dialect *dialect, const struct entity *entity);

#endif
