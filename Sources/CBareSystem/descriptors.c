#include "CBareSystem.h"

#include <sys/resource.h>

// Every PLC takes a descriptor. The soft limit, usually 1024, is for programs that use select(2), which none of ours
// does; what the system allows is the hard one.
__attribute__((constructor)) static void raiseDescriptorLimit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

unsigned long descriptorLimit(void) {
  struct rlimit limit;
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (unsigned long)limit.rlim_cur : (unsigned long)-1;
}
