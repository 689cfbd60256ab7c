/* parcels.c: payloads that are handed over as fds. */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handed.h"
#include "hostile.h"
#include "parcel.h"

#define SEALS (TRI_PARCEL_SEALS | F_SEAL_SEAL)
#define PARCELS 500
#define BEHIND_BYTES ((off_t)16 << 20)

static int
make(size_t size, size_t written, int seals)
{
	static uint8_t bytes[TRI_PARCEL_MIN];
	int fd = memfd_create("tractor-parcel", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)size) != 0 || pwrite(fd, bytes, written, 0) != (ssize_t)written ||
		fcntl(fd, F_ADD_SEALS, seals) != 0)
		_exit(10);
	return fd;
}

/* Says that parcel `number` is of that size, in a tell. */
static void
speak_to(uint64_t target, uint64_t number, uint64_t size)
{
	const struct tri_parcel_note note = { .number = number, .size_bytes = size };
	struct tri_frame frame = message_to(target, named("note"), 0);

	frame.flags |= TRI_FLAG_PARCEL;
	send_record(frame, &tri_record_tri_parcel_note, &note);
}

static void
speak_of(uint64_t number, uint64_t size)
{
	speak_to(BYSTANDER, number, size);
}

static void
hand_over(int fd, uint64_t says_size)
{
	start();
	if (!tri_handed_give(TRI_FD_SOCKET, 1, fd))
		_exit(11);
	speak_of(1, says_size);
	go_on();
}

void
parcel_that_is_not_there(void)
{
	start();
	speak_of(1, TRI_PARCEL_MIN);
	go_on();
}

void
parcel_of_another_number(void)
{
	start();
	tri_handed_give(TRI_FD_SOCKET, 2, make(TRI_PARCEL_MIN, TRI_PARCEL_MIN, SEALS));
	speak_of(1, TRI_PARCEL_MIN);
	go_on();
}

void
parcel_unsealed(void)
{
	hand_over(make(TRI_PARCEL_MIN, TRI_PARCEL_MIN, 0), TRI_PARCEL_MIN);
}

/* It could not shrink, but be written to. */
void
parcel_half_sealed(void)
{
	hand_over(make(TRI_PARCEL_MIN, TRI_PARCEL_MIN, F_SEAL_SHRINK | F_SEAL_GROW), TRI_PARCEL_MIN);
}

void
parcel_that_is_shorter(void)
{
	hand_over(make(TRI_PARCEL_MIN, TRI_PARCEL_MIN, SEALS), TRI_PARCEL_MIN + 1);
}

void
parcel_beyond_all_limits(void)
{
	hand_over(make(TRI_PAYLOAD_MAX + 1, TRI_PARCEL_MIN, SEALS), TRI_PAYLOAD_MAX + 1);
}

void
parcel_too_small(void)
{
	hand_over(make(100, 100, SEALS), 100);
}

/* Whoever looks at it would pay for it. */
void
parcel_of_nothing(void)
{
	hand_over(make(TRI_PAYLOAD_MAX, TRI_PARCEL_MIN, SEALS), TRI_PAYLOAD_MAX);
}

/* As make(); it has `behind` bytes of memory that are not in it. */
static int
make_with_more(size_t size, size_t written, off_t behind)
{
	int fd = make(size, written, 0);

	if (fallocate(fd, FALLOC_FL_KEEP_SIZE, (off_t)size, behind) != 0 ||
		fcntl(fd, F_ADD_SEALS, SEALS) != 0)
		_exit(13);
	return fd;
}

/* It has as much memory as it should, in the wrong place. */
void
parcel_with_a_hole(void)
{
	hand_over(make_with_more(BEHIND_BYTES, TRI_PARCEL_MIN, BEHIND_BYTES), BEHIND_BYTES);
}

/* Whoever keeps it would keep that, too, and nobody counts it. */
void
parcel_with_more_behind_its_end(void)
{
	hand_over(make_with_more(TRI_PARCEL_MIN, TRI_PARCEL_MIN, BEHIND_BYTES), TRI_PARCEL_MIN);
}

void
parcel_that_is_a_pipe(void)
{
	int ends[2];

	if (pipe(ends) != 0)
		_exit(12);
	hand_over(ends[0], TRI_PARCEL_MIN);
}

/* A connection with itself, full, and whoever closes its one end last is to wait for a minute until the other has read it all. */
static int
make_lingering(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct linger minute = { .l_onoff = 1, .l_linger = 60 };
	static const char bytes[4096];
	socklen_t size = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&here, size) != 0 || listen(listener, 1) != 0 ||
		getsockname(listener, (struct sockaddr *)&here, &size) != 0 ||
		connect(fd, (struct sockaddr *)&here, size) != 0 ||
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &minute, sizeof(minute)) != 0)
		_exit(14);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
	}
	return fd;
}

void
parcel_that_lingers(void)
{
	int fd = make_lingering();

	start();
	if (!tri_handed_give(TRI_FD_SOCKET, 1, fd))
		_exit(11);
	close(fd);
	speak_of(1, TRI_PARCEL_MIN);
	go_on();
}

void
parcel_in_a_word(void)
{
	struct tri_frame frame = header(TRI_FRAME_DONE);

	start();
	frame.flags = TRI_FLAG_PARCEL;
	send_frame(frame, NULL, 0);
	go_on();
}

/* With one unread that it has sent to itself: so its supervisor hears of a connection that is broken, and not of its end. */
void
parcel_after_hanging_up(void)
{
	struct pollfd unread = { .fd = TRI_FD_SOCKET, .events = POLLIN };

	atomic_store(&box->lanes, TRI_LANES_TAKEN); /* or it would be handed nothing */
	say_victims_hello();
	ready();
	if (!tri_handed_give(TRI_FD_SOCKET, 1, make(TRI_PARCEL_MIN, TRI_PARCEL_MIN, SEALS)))
		_exit(11);
	speak_to(HOSTILE, 1, TRI_PARCEL_MIN);
	if (poll(&unread, 1, -1) != 1 || close(TRI_FD_SOCKET) != 0)
		_exit(15);
	speak_of(2, TRI_PARCEL_MIN);
}

/* Some of which nobody speaks; then more, and faster, than anybody takes them from it. */
void
flood_of_parcels(void)
{
	int fd = make(TRI_PARCEL_MIN, TRI_PARCEL_MIN, SEALS);
	uint64_t number = 0;

	start();
	while (tri_handed_give(TRI_FD_SOCKET, number + 1, fd))
		number++;
	speak_of(number, TRI_PARCEL_MIN);
	for (int i = 0; i < PARCELS; i++) {
		while (!tri_handed_give(TRI_FD_SOCKET, number + 1, fd))
			usleep(100);
		speak_of(++number, TRI_PARCEL_MIN);
	}
	go_on();
}
