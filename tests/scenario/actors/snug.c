/* snug.c: roomy.c with a little less of them: a stack of half a MiB would hold them, and next to nothing else. */
#define ROOM_BYTES (504 << 10)
#include "roomy.c"
