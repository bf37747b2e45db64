#include "CFileTrace.h"

#include <fcntl.h>
#include <sys/stat.h>

static bool changed(const char *path, int flags, struct FileTrace *last) {
  struct FileTrace now = {0};
  struct stat status;
  if (fstatat(AT_FDCWD, path, &status, flags) == 0)
    now = (struct FileTrace){status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  bool same = now.device == last->device && now.inode == last->inode && now.size == last->size &&
              now.seconds == last->seconds && now.nanoseconds == last->nanoseconds;
  *last = now;
  return !same;
}

bool fileChanged(const char *path, struct FileTrace *last) { return changed(path, 0, last); }

bool linkOrFileChanged(const char *path, struct FileTrace *last) { return changed(path, AT_SYMLINK_NOFOLLOW, last); }
