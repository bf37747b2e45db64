#pragma once

#include <stdbool.h>
#include <stdint.h>

// What tells whether a file was written into, or another took its place. All zero: there is none.
struct FileTrace {
  uint64_t device, inode;
  int64_t size, seconds, nanoseconds;
};

// Looks at a file and keeps what it saw; whether that is something else than before. Looking costs one call of the
// system and no memory: it is done every half second for as long as a controller runs.
bool fileChanged(const char *path, struct FileTrace *last);

// The same of a symbolic link itself, not of what it leads to.
bool linkOrFileChanged(const char *path, struct FileTrace *last);
