#include "CBareSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

// A terminal that hung up answers every question with EIO.
static int isLostTerminal(int descriptor) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISCHR(status.st_mode)) return 0;
  return !isatty(descriptor) && errno == EIO;
}

void leaveLostTerminal(void) {
  for (int standard = 0; standard <= 2; standard++) {
    if (!isLostTerminal(standard)) continue;
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) return;
    // The copy has no close-on-exec.
    (void)dup2(nowhere, standard);
    close(nowhere);
  }
}
