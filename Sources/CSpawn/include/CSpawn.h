#pragma once

#include <sys/types.h>

// What the spawn functions of glibc give only to C: pipes that are never inherited by accident, a directory for the
// child, and no open file but the three it is given.

// A pipe that no child inherits, whose ends are not 0, 1 or 2, and whose read end does not block. 0, or `errno`.
int childPipe(int *readEnd, int *writeEnd);

// Starts `command` (looked up on PATH unless it has a slash) in a session of its own, with default signals. 0, or the
// `errno` of what failed: entering the directory and running the program cannot be told apart.
int childSpawn(pid_t *child, const char *command, char *const arguments[], char *const environment[],
               const char *directory, int input, int output, int complaint);
