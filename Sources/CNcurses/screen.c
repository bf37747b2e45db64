#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CNcurses.h"

#include <sys/prctl.h>
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

// curses never writes to the terminal itself: it writes into memory, and the session's thread takes
// the bytes from there. So a stalled line cannot block inside curses, and a frame is one write.
int cn_memory_file(void) { return memfd_create("screen", MFD_CLOEXEC); }

static FILE *screen_output;
static FILE *screen_input;

SCREEN *cn_new_screen(const char *type, int memory_file) {
  screen_output = fdopen(memory_file, "w");
  if (screen_output == NULL) return NULL;
  screen_input = fopen("/dev/null", "re");
  if (screen_input == NULL) {
    fclose(screen_output);
    screen_output = NULL;
    return NULL;
  }
  SCREEN *screen = newterm(type, screen_output, screen_input);
  if (screen == NULL) {
    fclose(screen_input);
    fclose(screen_output);
    screen_input = screen_output = NULL;
  }
  return screen;
}

void cn_delete_screen(SCREEN *screen) {
  if (screen == NULL) return;
  delscreen(screen);
  fclose(screen_input);
  fclose(screen_output);
  screen_input = screen_output = NULL;
}

bool cn_window_size(int fd, int *columns, int *rows) {
  struct winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return false;
  *columns = size.ws_col;
  *rows = size.ws_row;
  return true;
}

int cn_output_queue(int fd) {
  int queued = 0;
  return ioctl(fd, TIOCOUTQ, &queued) == 0 && queued > 0 ? queued : 0;
}

int cn_line_rate(int fd) {
  struct termios modes;
  if (tcgetattr(fd, &modes) != 0) return 0;
  // 38400 is what pseudo-terminals claim by default, so it and anything above says nothing.
  static const struct { speed_t code; int bits; } speeds[] = {
    {B50, 50}, {B75, 75}, {B110, 110}, {B134, 134}, {B150, 150}, {B200, 200}, {B300, 300}, {B600, 600},
    {B1200, 1200}, {B1800, 1800}, {B2400, 2400}, {B4800, 4800}, {B9600, 9600}, {B19200, 19200},
  };
  speed_t speed = cfgetospeed(&modes);
  for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++)
    if (speeds[i].code == speed) return speeds[i].bits / 10;
  return 0;
}

bool cn_locale_is_utf8(void) {
  const char *codeset = nl_langinfo(CODESET);
  return codeset != NULL && strcmp(codeset, "UTF-8") == 0;
}

int cn_width(wchar_t scalar) { return wcwidth(scalar); }

const char *cn_error_text(void) {
  static _Thread_local char text[128];
  return strerror_r(errno, text, sizeof text);
}

void cn_name_thread(const char *name) { (void)prctl(PR_SET_NAME, name, 0, 0, 0); }
