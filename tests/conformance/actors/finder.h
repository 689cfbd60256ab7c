/* finder.h: the protocol of one that looks for a drift, whichever version of it it was built with. */
#ifndef TRACTOR_TESTS_FINDER_H
#define TRACTOR_TESTS_FINDER_H

#include <tractor/protocol.h>

#define FINDER_FOUND(FIELD) FIELD(int32, err) FIELD(str, why)
TRACTOR_RECORD(finder_found, FINDER_FOUND);

#define FINDER_FIND(FIELD) FIELD(str, path)

#define FINDER_PROTOCOL(TELL, ASK) ASK(finder, find, FINDER_FIND, finder_found)
TRACTOR_PROTOCOL(finder, FINDER_PROTOCOL);

#endif
