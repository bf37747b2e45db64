#pragma once

// Nothing to call: linked in, it gives the program its arguments where /proc is not mounted.
