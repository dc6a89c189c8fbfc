/* What a database library must be able to do for database.h. sqlite.c and postgres.c each fill in one table; nobody else sees
 * it but database.c, which hands every call on. */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "runtime/store/database.h"

/* The first member of a driver's own structs. */
struct database {
	const struct driver *driver;
};
struct statement {
	struct database *database;
};

struct driver {
	const struct dialect *dialect;
	enum status (*open)(const char *where, struct database **database_out, struct error *error);
	void (*close)(struct database *database);
	enum status (*execute)(struct database *database, const char *sql, struct error *error);
	/* NULL: it can not be done with this one */
	enum status (*copy)(struct database *from, struct database *to, struct error *error);
	enum status (*check_references)(struct database *database, bool on, struct error *error);
	bool (*has_open_references)(struct database *database);
	enum constraint (*constraint)(const struct database *database);
	int64_t (*changes)(const struct database *database);
	void (*reset_all)(struct database *database);
	enum status (*confine)(struct database *database, const char *role, struct error *error); /* NULL: there are no roles */
	void (*listen)(struct database *database, const char *who);
	int (*hearing)(const struct database *database, uint32_t *life_out);
	bool (*heard)(struct database *database);
	enum status (*prepare)(struct database *database, struct text sql, struct statement **statement_out,
			       struct error *error);
	void (*statement_close)(struct statement *statement);
	void (*bind)(struct statement *statement, uint32_t parameter, struct sql_value value);
	void (*bind_many)(struct statement *statement, const struct sql_value *values, uint32_t parameters, uint32_t count);
	uint32_t (*origin)(const struct statement *statement);
	enum status (*step)(struct statement *statement, bool *row_out, struct error *error);
	struct sql_value (*column)(struct statement *statement, uint32_t column);
	enum status (*send)(struct statement *statement, uint32_t expected, struct error *error); /* NULL: there is no later */
	void (*reset)(struct statement *statement);
};

/* What was sent has not written the rows that it should. */
enum status conflict_unexpected(struct error *error);

extern const struct driver sqlite_driver, postgres_driver;

#endif
