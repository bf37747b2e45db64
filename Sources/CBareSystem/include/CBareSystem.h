#pragma once

// Linked in, it gives a program its arguments where /proc is not mounted, all the descriptors it may have, keeps it
// running when there are none left, and keeps it from spreading its heap over an arena a thread.

// As many descriptors as this process may have, and as few as a program of ours can start with: event loops, the
// journal and git each take some.
unsigned long descriptorLimit(void);
enum { fewestDescriptors = 64 };

// Where standard input, output or error is a terminal that is gone for good, /dev/null takes its place. A library that has
// something to say and cannot (NIO, for one) may end the process, and this one may have a write under way.
void leaveLostTerminal(void);

// Gives back what only the start of a program needed: heap that is free again, and the pages of code that ran (they come
// back from the file's cache one by one when they are run again). For programs that stay, once they have settled.
void giveBackMemory(void);
