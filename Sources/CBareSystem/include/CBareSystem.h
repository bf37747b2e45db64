#pragma once

// Nothing to call. Linked in, it gives a program its arguments where /proc is not mounted, all the descriptors it may
// have, and keeps it running when there are none left.
