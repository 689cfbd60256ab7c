/* parcel_test.c: an actor's parcels, of which both ends are here: what is sent comes as it was, sealed, and what can't be sent leaves nothing behind. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "handed.h"
#include "parcel.h"
#include "unit.h"

#define LOAD_BYTES ((size_t)100000)

#define CARGO(FIELD) FIELD(uint32, number) FIELD(bytes, load) FIELD(str, last)
TRACTOR_RECORD(cargo, CARGO);

static struct {
	struct tri_parcels from, to;
	uint8_t load[LOAD_BYTES];
} t;

static void
setup(void)
{
	int ends[2];

	memset(&t, 0, sizeof(t));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	t.from.socket = ends[0];
	t.to.socket = ends[1];
	for (size_t i = 0; i < LOAD_BYTES; i++)
		t.load[i] = (uint8_t)(i * 7 + i / 256);
}

static void
teardown(void)
{
	close(t.from.socket);
	close(t.to.socket);
}

static bool
send_load(struct tri_parcel_note *ret_note)
{
	const struct cargo value = { .number = 5, .load = { t.load, LOAD_BYTES }, .last = "end" };
	size_t size;

	ck_assert_int_eq(tri_encoded_size(&tri_record_cargo, &value, &size), TRACTOR_OK);
	return tri_parcel_send(&t.from, &tri_record_cargo, &value, size, ret_note);
}

/* As it comes by the link. */
static struct tri_packet *
packet_of(const struct tri_parcel_note *note)
{
	struct tri_packet *packet = calloc(1, sizeof(*packet) + TRI_PARCEL_NOTE_BYTES);
	uint8_t *payload = (uint8_t *)(packet + 1);
	size_t used;

	ck_assert_int_eq(tri_encode(&tri_record_tri_parcel_note, note, payload, TRI_PARCEL_NOTE_BYTES, &used),
		TRACTOR_OK);
	ck_assert_uint_eq(used, TRI_PARCEL_NOTE_BYTES);
	packet->frame = tri_frame(TRI_FRAME_MESSAGE);
	packet->frame.flags = TRI_FLAG_ASK | TRI_FLAG_PARCEL;
	packet->frame.payload_bytes = (uint32_t)used;
	packet->payload = payload;
	return packet;
}

static void
expect_load(const struct tri_packet *packet)
{
	struct tri_arena none = { 0 };
	struct cargo cargo;

	ck_assert_uint_eq(packet->frame.flags, TRI_FLAG_ASK);
	ck_assert_int_eq(
		tri_decode(&tri_record_cargo, packet->payload, packet->frame.payload_bytes, &none, &cargo),
		TRACTOR_OK);
	ck_assert_uint_eq(cargo.number, 5);
	ck_assert_uint_eq(cargo.load.size, LOAD_BYTES);
	ck_assert_int_eq(memcmp(cargo.load.data, t.load, LOAD_BYTES), 0);
	ck_assert_str_eq(cargo.last, "end");
	ck_assert(cargo.load.data > packet->payload && cargo.load.data < packet->payload + 64);
}

START_TEST(what_is_sent_comes)
{
	struct tri_parcel_note note;

	for (uint64_t i = 1; i <= 3; i++) {
		ck_assert(send_load(&note));
		ck_assert_uint_eq(note.number, i);
		struct tri_packet *packet = packet_of(&note);
		ck_assert(tri_parcel_open(&t.to, packet));
		expect_load(packet);
		tri_packet_free(packet);
	}
}
END_TEST

/* It was handed over, and its frame never came to be sent. */
START_TEST(one_of_which_nobody_speaks)
{
	struct tri_parcel_note first, second;

	ck_assert(send_load(&first));
	ck_assert(send_load(&second));
	struct tri_packet *packet = packet_of(&second), *none = packet_of(&first);
	ck_assert(tri_parcel_open(&t.to, packet));
	expect_load(packet);
	tri_packet_free(packet);
	ck_assert(!tri_parcel_open(&t.to, none));
	tri_packet_free(none);
}
END_TEST

START_TEST(nobody_can_change_it)
{
	struct tri_parcel_note note;
	int fd;

	ck_assert(send_load(&note));
	ck_assert(tri_handed_take(t.to.socket, note.number, &fd, 1));
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS), TRI_PARCEL_SEALS | F_SEAL_SEAL);
	ck_assert_int_eq(ftruncate(fd, 0), -1);
	ck_assert_int_eq((int)pwrite(fd, "x", 1, 0), -1);
	ck_assert_ptr_eq(mmap(NULL, LOAD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	close(fd);
}
END_TEST

START_TEST(where_there_is_no_socket)
{
	struct tri_parcel_note note = { .number = 77 };
	int socket = t.from.socket;

	t.from.socket = -1;
	ck_assert(!send_load(&note));
	ck_assert_uint_eq(note.number, 77);
	t.from.socket = socket;
}
END_TEST

/* Then it goes by the link, and the next that finds room has the next number. */
START_TEST(a_socket_that_is_full)
{
	struct tri_parcel_note note, last = { .number = 0 };
	uint64_t count = 0;
	int fd;

	while (send_load(&note)) {
		ck_assert_uint_eq(note.number, ++count);
		ck_assert_uint_lt(count, 10000);
	}
	ck_assert(errno == EAGAIN || errno == ETOOMANYREFS);
	ck_assert(tri_handed_take(t.to.socket, count, &fd, 1)); /* and with it all before */
	close(fd);
	ck_assert(send_load(&last));
	ck_assert_uint_eq(last.number, count + 1);
}
END_TEST

START_TEST(which_frames_have_one)
{
	struct tri_frame send = tri_frame(TRI_FRAME_SEND), reply = tri_frame(TRI_FRAME_REPLY),
			 hello = tri_frame(TRI_FRAME_HELLO);

	ck_assert(!tri_parcel_suits(&send, TRI_PARCEL_MIN)); /* a question to the supervisor */
	send.target = 1;
	ck_assert(tri_parcel_suits(&send, TRI_PARCEL_MIN));
	ck_assert(!tri_parcel_suits(&send, TRI_PARCEL_MIN - 1));
	ck_assert(tri_parcel_suits(&reply, TRI_PAYLOAD_MAX));
	ck_assert(!tri_parcel_suits(&reply, TRI_PAYLOAD_MAX + 1));
	ck_assert(!tri_parcel_suits(&hello, TRI_PARCEL_MIN));
}
END_TEST

/* Beyond it a write is SIGXFSZ, which nobody who sends a message has asked for. */
START_TEST(one_larger_than_a_file_may_be)
{
	const struct rlimit limit = { .rlim_cur = LOAD_BYTES / 2, .rlim_max = RLIM_INFINITY };
	struct tri_parcel_note note = { .number = 0 };

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert(!send_load(&note)); /* it goes by the link */
	ck_assert_uint_eq(note.number, 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("parcel");

	TEST_CASE_WITH(suite, "parcels", 30, setup, teardown, what_is_sent_comes, one_of_which_nobody_speaks,
		nobody_can_change_it, where_there_is_no_socket, a_socket_that_is_full, which_frames_have_one,
		one_larger_than_a_file_may_be);
	return suite;
}
