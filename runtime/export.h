/* Formats carried out: rows of a store become the bytes of files, wherever these go. */
#ifndef RUNTIME_EXPORT_H
#define RUNTIME_EXPORT_H

#include "engine/engine.h"

/* Where the files go. A status that is not OK ends the export. */
struct export_sink {
	void *host;
	enum status (*open)(void *host, struct text name, struct error *error);
	enum status (*write)(void *host, struct text bytes, struct error *error);
	/* The one that was opened last is complete. */
	enum status (*close)(void *host, uint64_t rows, struct error *error);
	/* A row that is in none of them, what it is called and why. `refused`: it should have been. */
	enum status (*missed)(void *host, struct text called, struct text reason, bool refused, struct error *error);
};

struct export_order {
	struct engine *engine; /* has the program */
	const struct ports *ports;
	const struct format *format;
	const struct value *arguments; /* format->parameter_count */
	moment now;
	bool readable; /* UTF-8 and plain line ends, whatever the format says: for tests */
};

struct export_result {
	uint64_t files, rows, left_out, refused;
};

/* All rows, also behind one that is refused: so that everything that has to be mended is said at once. With one that was
 * refused, or a status that is not OK, what the sink has got is no export. Without a row there is no file. */
enum status export_run(const struct export_order *order, const struct export_sink *sink, struct export_result *result_out,
		       struct error *error) MUST_CHECK;

#endif
