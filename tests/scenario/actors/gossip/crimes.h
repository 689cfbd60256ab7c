/* crimes.h: what a gossip can do to the one at the other end of its bypass. With the library's own words for the memory, and without its say. */
#ifndef TRACTOR_TESTS_SCENARIO_GOSSIP_CRIMES_H
#define TRACTOR_TESTS_SCENARIO_GOSSIP_CRIMES_H

#include <stdint.h>

/* Those that have no end come back only with their process's. False: it knows no such crime, or has no bypass with the peer to commit it by. */
bool commit_crime(const char *crime, uint64_t peer);

#endif
