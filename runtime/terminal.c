/* The terminal: whether it wants colour, how wide texts are on it, and what of a text it must not be told. */
#include "runtime/terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH_UNKNOWN = 1000, WIDTH_LEAST = 40, PROGRESS_EVERY_MS = 100, PROGRESS_FROM_MS = 1000 };

static struct {
	bool colour_out, colour_err, progress_shown;
	uint32_t width;
	int64_t begun, shown;
} terminal = {.width = WIDTH_UNKNOWN};

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void terminal_open(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	bool wanted = !(no_color && no_color[0]) && !(term && !strcmp(term, "dumb"));
	struct winsize size;
	terminal.colour_out = wanted && isatty(STDOUT_FILENO);
	terminal.colour_err = wanted && isatty(STDERR_FILENO);
	terminal.begun = now_ms();
	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		terminal.width = size.ws_col < WIDTH_LEAST ? WIDTH_LEAST : size.ws_col;
}

bool terminal_is_coloured(FILE *stream)
{
	return stream == stdout ? terminal.colour_out : stream == stderr && terminal.colour_err;
}

uint32_t terminal_width(void)
{
	return terminal.width;
}

const char *style_on(FILE *stream, enum style style)
{
	static const char *const codes[] = {
		[STYLE_PLAIN] = "\033[0m",  [STYLE_BOLD] = "\033[1m",    [STYLE_DIM] = "\033[2m",   [STYLE_RED] = "\033[31m",
		[STYLE_GREEN] = "\033[32m", [STYLE_YELLOW] = "\033[33m", [STYLE_BLUE] = "\033[34m", [STYLE_CYAN] = "\033[36m",
	};
	return terminal_is_coloured(stream) ? codes[style] : "";
}

void styled(FILE *stream, enum style style, const char *format, ...)
{
	va_list arguments;
	fputs(style == STYLE_PLAIN ? "" : style_on(stream, style), stream);
	va_start(arguments, format);
	vfprintf(stream, format, arguments);
	va_end(arguments);
	fputs(style == STYLE_PLAIN ? "" : style_on(stream, STYLE_PLAIN), stream);
}

/* --- characters */
struct range {
	uint32_t from, to;
};

static bool in_ranges(uint32_t character, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].from <= character && character <= ranges[i].to)
			return true;
	return false;
}

#define IN(character, ranges) in_ranges(character, ranges, sizeof(ranges) / sizeof(*(ranges)))

static const struct range NO_WIDTH[] = {{0x300, 0x36f},   {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},  {0x64b, 0x65f},
					{0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};
static const struct range WIDE[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xac00, 0xd7a3},
				    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},
				    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff}, {0x20000, 0x3fffd}};
/* Control characters, and those that turn the direction of writing. */
static const struct range COMMANDS_A_TERMINAL[] = {
	{0, 0x1f}, {0x7f, 0x9f}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

/* One character and its length; a malformed byte is U+FFFD. */
static uint32_t character_at(struct text text, uint32_t at, uint32_t *length_out)
{
	unsigned char first = (unsigned char)text.bytes[at];
	uint32_t length = first < 0x80                    ? 1
			  : first >= 0xc2 && first < 0xe0 ? 2
			  : first >= 0xe0 && first < 0xf0 ? 3
			  : first >= 0xf0 && first < 0xf5 ? 4
							  : 0;
	uint32_t character = length == 1 ? first : first & (0xffu >> (length + 1));
	bool good = length && at + length <= text.length;
	for (uint32_t i = 1; good && i < length; i++) {
		good = ((unsigned char)text.bytes[at + i] & 0xc0) == 0x80;
		character = character << 6 | ((unsigned char)text.bytes[at + i] & 0x3f);
	}
	*length_out = good ? length : 1;
	return good ? character : 0xfffd;
}

uint32_t text_width(struct text text)
{
	uint32_t width = 0, length;
	for (uint32_t at = 0; at < text.length; at += length) {
		uint32_t character = character_at(text, at, &length);
		if (IN(character, WIDE))
			width += 2;
		else if (!IN(character, NO_WIDTH))
			width++;
	}
	return width;
}

void print_safe(FILE *stream, struct text text)
{
	uint32_t length;
	for (uint32_t at = 0; at < text.length; at += length) {
		uint32_t character = character_at(text, at, &length);
		if (character == '\t')
			fputc(' ', stream);
		else if (character == 0xfffd || IN(character, COMMANDS_A_TERMINAL))
			fputs("\xef\xbf\xbd", stream);
		else
			fwrite(text.bytes + at, 1, length, stream);
	}
}

/* --- a sign of life */
void progress(const char *what, uint64_t done, uint64_t of)
{
	if (!isatty(STDERR_FILENO))
		return;
	int64_t now = now_ms();
	if (now - terminal.begun < PROGRESS_FROM_MS || now - terminal.shown < PROGRESS_EVERY_MS)
		return;
	terminal.shown = now;
	terminal.progress_shown = true;
	if (of)
		fprintf(stderr, "\r\033[K%s %llu of %llu (%llu %%)", what, (unsigned long long)done, (unsigned long long)of,
			(unsigned long long)(done * 100 / of));
	else
		fprintf(stderr, "\r\033[K%s %llu", what, (unsigned long long)done);
	fflush(stderr);
}

void progress_end(void)
{
	if (terminal.progress_shown)
		fputs("\r\033[K", stderr);
	terminal.progress_shown = false;
}
