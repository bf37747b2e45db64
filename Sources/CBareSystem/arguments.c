#include "CBareSystem.h"

// On Linux the Swift runtime reads a program's arguments from /proc/self/cmdline, and finds none in a chroot or a
// container without /proc: `fabctl version` would print the help, and `mock-plc --port 1` would listen elsewhere.
// glibc hands the real ones to constructors, and this function of the runtime takes them.
extern void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count);

__attribute__((constructor)) static void keepArguments(int count, char **arguments) {
  if (count > 0 && arguments) _swift_stdlib_overrideUnsafeArgvArgc(arguments, count);
}
