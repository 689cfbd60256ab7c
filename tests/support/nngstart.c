/*
 * nngstart.c: opens and closes one socket, which starts nng. A file of its own, so that only the tests that ask
 * for it link nng by it. A machine on which that fails cannot run any runtime test: ck_abort.
 */
#include "nngstart.h"

#include <check.h>
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

void
nngstart(void)
{
	nng_socket socket;

	ck_assert_int_eq(nng_pair0_open(&socket), 0);
	nng_close(socket);
}
