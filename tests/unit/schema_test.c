/*
 * schema_test.c: the canonical text is the promise that two builds make to each other, so it is pinned
 * here letter by letter.
 */
#include <pthread.h>
#include <string.h>

#include "schema.h"
#include "unit.h"

TRACTOR_REF(shop);
TRACTOR_REF(customer);

#define PRICE(FIELD) FIELD(int64, cents) FIELD(str, currency)
TRACTOR_RECORD(price, PRICE);

#define RECEIPT(FIELD) FIELD(price, total) FIELD(list_price, items)
TRACTOR_RECORD(receipt, RECEIPT);

#define SHOP_OPEN(FIELD)
#define SHOP_ENTER(FIELD) FIELD(customer_ref, who) FIELD(list_customer_ref, friends) FIELD(bool, in_a_hurry)
#define SHOP_BUY(FIELD) FIELD(list_str, what) FIELD(receipt, expected)
/* clang-format off */
#define SHOP_EVERYTHING(FIELD)                                                                           \
	FIELD(bool, a)                                                                                   \
	FIELD(int8, b)                                                                                   \
	FIELD(int16, c)                                                                                  \
	FIELD(int32, d)                                                                                  \
	FIELD(int64, e)                                                                                  \
	FIELD(uint8, f)                                                                                  \
	FIELD(uint16, g)                                                                                 \
	FIELD(uint32, h) FIELD(uint64, i) FIELD(float, j) FIELD(double, k) FIELD(str, l) FIELD(bytes, m) \
		FIELD(list_bool, n) FIELD(list_bytes, o)

#define SHOP_PROTOCOL(TELL, ASK)                  \
	TELL(shop, open, SHOP_OPEN)               \
	TELL(shop, enter, SHOP_ENTER)             \
	TELL(shop, everything, SHOP_EVERYTHING)   \
	ASK(shop, close, SHOP_OPEN, tractor_none) \
	ASK(shop, buy, SHOP_BUY, receipt)
/* clang-format on */
TRACTOR_MESSAGES(shop, SHOP_PROTOCOL);

static void
expect_text(const struct tractor_message *message, const char *expected)
{
	char text[512];

	ck_assert_uint_eq(tri_schema_text(message, text, sizeof(text)), strlen(expected));
	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(tri_message_id(message), tri_fingerprint(expected, strlen(expected)));
}

START_TEST(texts)
{
	expect_text(&tri_message_shop_open, "tell shop.open {}");
	expect_text(&tri_message_shop_enter,
		"tell shop.enter {customer_ref who, list_customer_ref friends, bool in_a_hurry}");
	expect_text(&tri_message_shop_everything,
		"tell shop.everything {bool a, int8 b, int16 c, int32 d, int64 e, uint8 f, uint16 g, uint32 h, "
		"uint64 i, float j, double k, str l, bytes m, list_bool n, list_bytes o}");
	expect_text(&tri_message_shop_close, "ask shop.close {} -> tractor_none {}");
	expect_text(&tri_message_shop_buy,
		"ask shop.buy {list_str what, receipt {price {int64 cents, str currency} total, "
		"list_price {int64 cents, str currency} items} expected} -> "
		"receipt {price {int64 cents, str currency} total, list_price {int64 cents, str currency} items}");
}
END_TEST

START_TEST(text_is_cut_like_snprintf)
{
	const char *whole = "tell shop.open {}";
	char text[32];

	ck_assert_uint_eq(tri_schema_text(&tri_message_shop_open, NULL, 0), strlen(whole));
	for (size_t size = 1; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		ck_assert_uint_eq(tri_schema_text(&tri_message_shop_open, text, size), strlen(whole));
		size_t length = size - 1 < strlen(whole) ? size - 1 : strlen(whole);
		ck_assert_uint_eq(strlen(text), length);
		ck_assert_int_eq(strncmp(text, whole, length), 0);
		ck_assert_int_eq(text[sizeof(text) - 1], size == sizeof(text) ? '\0' : '#');
	}
}
END_TEST

/* The vectors of draft-eastlake-fnv. */
START_TEST(fingerprint_is_fnv1a)
{
	ck_assert_uint_eq(tri_fingerprint("", 0), UINT64_C(0xcbf29ce484222325));
	ck_assert_uint_eq(tri_fingerprint("a", 1), UINT64_C(0xaf63dc4c8601ec8c));
	ck_assert_uint_eq(tri_fingerprint("foobar", 6), UINT64_C(0x85944171f73967e8));
}
END_TEST

START_TEST(messages_of_the_protocol)
{
	ck_assert_str_eq(shop_protocol.name, "shop");
	ck_assert_uint_eq(shop_protocol.message_count, 5);
	ck_assert_ptr_eq(shop_protocol.messages[0], &tri_message_shop_open);
	ck_assert_ptr_eq(shop_protocol.messages[4], &tri_message_shop_buy);
	ck_assert_ptr_null(shop_protocol.messages[0]->reply);
	ck_assert_ptr_eq(shop_protocol.messages[4]->reply, &tri_record_receipt);
	for (size_t i = 0; i < shop_protocol.message_count; i++) {
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(tri_message_id(shop_protocol.messages[i]),
				tri_message_id(shop_protocol.messages[j]));
	}
}
END_TEST

/* A table that was built at run time may have no cell. */
START_TEST(id_without_a_cell)
{
	struct tractor_message message = tri_message_shop_buy;

	message.id = NULL;
	ck_assert_uint_eq(tri_message_id(&message), tri_message_id(&tri_message_shop_buy));
}
END_TEST

static void *
ask_for_id(void *ret_id)
{
	*(uint64_t *)ret_id = tri_message_id(&tri_message_shop_everything);
	return NULL;
}

/* For the thread sanitizer: the first use of a message may be in any thread. */
START_TEST(id_from_many_threads)
{
	pthread_t threads[8];
	uint64_t ids[8];

	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_for_id, &ids[i]), 0);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_uint_eq(ids[i], tri_message_id(&tri_message_shop_everything));
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *suite = suite_create("schema");

	TEST_CASE(suite, "text", 30, texts, text_is_cut_like_snprintf, messages_of_the_protocol);
	TEST_CASE(suite, "fingerprint", 30, fingerprint_is_fnv1a, id_without_a_cell, id_from_many_threads);
	return suite;
}
