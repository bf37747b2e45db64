#ifndef FABGITOPS_CNCURSES_H
#define FABGITOPS_CNCURSES_H

// ncurses as Swift can use it: macros and globals as functions, wide characters on.
// The POSIX parts that must be safe inside signal handlers are C as well (signals.c).

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <term.h>
#include <wchar.h>

// curses.h and term.h define macros with very common names.
#undef clear
#undef erase
#undef move
#undef refresh
#undef timeout
#undef lines
#undef columns

static inline WINDOW *cn_stdscr(void) { return stdscr; }
static inline int cn_lines(void) { return LINES; }
static inline int cn_columns(void) { return COLS; }
static inline int cn_colors(void) { return COLORS; }
static inline int cn_color_pairs(void) { return COLOR_PAIRS; }

static inline attr_t cn_bold(void) { return WA_BOLD; }
static inline attr_t cn_dim(void) { return WA_DIM; }
static inline attr_t cn_reverse(void) { return WA_REVERSE; }
static inline attr_t cn_underline(void) { return WA_UNDERLINE; }
static inline attr_t cn_blink(void) { return WA_BLINK; }

// One cell: up to three scalars, an attribute set and a colour pair of any number.
static inline int cn_setcchar(cchar_t *cell, const wchar_t *text, attr_t attributes, int pair) {
  return setcchar(cell, text, attributes, (short)(pair > 32767 ? 32767 : pair), &pair);
}

static inline int cn_put_cells(int y, int x, const cchar_t *cells, int count) {
  return mvwadd_wchnstr(stdscr, y, x, cells, count);
}

static inline void cn_repaint_everything(void) { clearok(curscr, true); }
static inline void cn_no_scrolling(void) {
  scrollok(stdscr, false);
  idlok(stdscr, false);
}

// The columns that ncurses will take a scalar for, in the current locale; -1 if it cannot show it.
int cn_width(wchar_t scalar);

static inline const char *cn_term_string(const char *capability) {
  const char *value = tigetstr(capability);
  return value == (const char *)-1 ? NULL : value;
}

// Names the thread that calls it, for tools that show threads; at most 15 characters.
void cn_name_thread(const char *name);

// A file in memory that curses writes to; negative on failure. Closed on exec.
int cn_memory_file(void);
// A curses screen of terminal `type` that writes to `memory_file`; NULL on failure.
SCREEN *cn_new_screen(const char *type, int memory_file);
// Frees the screen and closes curses' side of the file.
void cn_delete_screen(SCREEN *screen);
// Window size as the terminal says it; false when it says none.
bool cn_window_size(int fd, int *columns, int *rows);
// Bytes that the terminal has not sent yet; 0 where it does not tell (a pseudo-terminal).
int cn_output_queue(int fd);
// Bytes a second by the terminal's speed setting; 0 when unknown or when it is no real limit.
int cn_line_rate(int fd);
// What errno means now, in the calling thread's own buffer.
const char *cn_error_text(void);
// Whether the locale, already set by setlocale(), is UTF-8.
bool cn_locale_is_utf8(void);

// Signals, all reported as bytes in a pipe. See signals.c.
enum { CN_EVENT_WINCH = 'w', CN_EVENT_TSTP = 'z', CN_EVENT_CONT = 'c', CN_EVENT_INT = 'i', CN_EVENT_TERM = 't',
       CN_EVENT_HUP = 'h', CN_EVENT_WAKE = '.' };
// Installs the handlers and returns the end of the pipe to poll; negative on failure or if they are in.
int cn_signals_install(void);
// Puts back the handlers found by cn_signals_install; where the terminal hung up, SIGHUP is ignored from here on.
void cn_signals_remove(bool hung_up);
// Writes an event into the pipe; safe from any thread and any signal handler.
void cn_signals_notify(unsigned char event);
// Stops this process as Control-Z would.
void cn_stop_self(void);

// The tty: its modes are saved once, and put back on every way out, crashes included.
bool cn_tty_save(int fd);
// Characters one by one, no echo, no flow control by ^S, no carriage return translation.
bool cn_tty_raw(int fd);
bool cn_tty_restore(int fd);
// What a crash, exit() or abort() has to write to `fd` before the modes are put back; copied.
void cn_rescue_arm(int fd, const char *bytes, size_t count);
void cn_rescue_disarm(void);

#endif
