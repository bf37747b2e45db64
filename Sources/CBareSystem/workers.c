#define _GNU_SOURCE
#include "CBareSystem.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/types.h>

// libdispatch counts once a second, by reading /proc/TID/stat, which of its threads are running, and ends the
// process with a trap when it cannot open that file ("registered worker exited prematurely"). In a chroot or a
// container without /proc, and when no descriptor is left, it cannot. A file that opens but cannot be read it takes for
// a thread that waits, and that is harmless: at most it starts one more. So this is what it gets.
//
// The program's own definition goes before the one of libc; it does what that one does in every other respect.

static int isCountOfWorkers(const char *path, int flags) {
  if (flags != (O_RDONLY | O_NONBLOCK) || strncmp(path, "/proc/", 6) != 0) return 0;
  size_t digits = strspn(path + 6, "0123456789");
  return digits > 0 && strcmp(path + 6 + digits, "/stat") == 0;
}

__attribute__((visibility("default"))) int open(const char *path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  int descriptor = openat(AT_FDCWD, path, flags, mode);
  return descriptor < 0 && isCountOfWorkers(path, flags) ? INT_MAX : descriptor;
}
