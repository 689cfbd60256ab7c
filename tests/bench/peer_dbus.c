/* peer_dbus.c: a D-Bus method call by sd-bus, over a socket pair and without a broker between. */
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "samples.h"

static void
check(int result)
{
	if (result < 0)
		fail("sd-bus: %s", strerror(-result));
}

static int
on_echo(sd_bus_message *call, void *arg, sd_bus_error *ret_error)
{
	sd_bus_message *reply;
	const void *block;
	size_t size;

	(void)arg;
	(void)ret_error;
	check(sd_bus_message_read_array(call, 'y', &block, &size));
	check(sd_bus_message_new_method_return(call, &reply));
	check(sd_bus_message_append_array(reply, 'y', block, size));
	check(sd_bus_send(NULL, reply, NULL));
	sd_bus_message_unref(reply);
	return 1;
}

static sd_bus *
open_bus(int fd, bool is_server)
{
	sd_bus *bus;

	check(sd_bus_new(&bus));
	check(sd_bus_set_fd(bus, fd, fd));
	if (is_server)
		check(sd_bus_set_server(bus, 1,
			SD_ID128_MAKE(74, 72, 61, 63, 74, 6f, 72, 20, 62, 65, 6e, 63, 68, 20, 20, 20)));
	check(sd_bus_start(bus));
	return bus;
}

static void
serve(int fd)
{
	sd_bus *bus = open_bus(fd, true);
	int busy;

	check(sd_bus_add_object(bus, NULL, "/bench", on_echo, NULL));
	while ((busy = sd_bus_process(bus, NULL)) >= 0)
		if (busy == 0)
			check(sd_bus_wait(bus, UINT64_MAX));
	_exit(0);
}

static void
trip(void *bus)
{
	static const char block[BLOCK_BYTES] = "there and back";
	sd_bus_message *call, *reply;
	const void *came;
	size_t size;

	check(sd_bus_message_new_method_call(bus, &call, NULL, "/bench", "bench.Bench", "Echo"));
	check(sd_bus_message_append_array(call, 'y', block, sizeof(block)));
	check(sd_bus_call(bus, call, 0, NULL, &reply));
	check(sd_bus_message_read_array(reply, 'y', &came, &size));
	sd_bus_message_unref(call);
	sd_bus_message_unref(reply);
}

static void
take_trips(const struct plan *plan)
{
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0, "socketpair");
	if (fork_peer() == 0)
		serve(fds[1]);
	close(fds[1]);
	sample_trips(plan, 1, trip, open_bus(fds[0], false));
}

int
main(int argc, char **argv)
{
	static const struct measure table[] = {
		{ "trips", take_trips },
		{ NULL, NULL },
	};

	return measure_main(argc, argv, table);
}
