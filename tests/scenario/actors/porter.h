/* porter.h: actors that hand items to each other, and keep a book of it in memory that outlives them: what one of them had done when it was killed at any instruction can be read there. */
#ifndef TRACTOR_TESTS_SCENARIO_PORTER_H
#define TRACTOR_TESTS_SCENARIO_PORTER_H

#include <stdint.h>
#include <string.h>

#include <tractor/protocol.h>

#define PORTER_CARRY(FIELD) \
	FIELD(porter_ref, to) FIELD(uint32, first) FIELD(uint32, count) FIELD(bool, asks) FIELD(bool, stays)
#define PORTER_ITEM(FIELD) FIELD(uint32, number) FIELD(bool, stays) FIELD(bytes, load) FIELD(uint64, sum)
#define PORTER_WEIGHT(FIELD) FIELD(uint64, sum)
TRACTOR_RECORD(porter_weight, PORTER_WEIGHT);

#define PORTER_PROTOCOL(TELL, ASK)                                                                      \
	TELL(porter, carry,                                                                             \
		PORTER_CARRY) /* items to another; `asks`: the last is weighed; `stays`: the first is \
					     in hand until the book says otherwise */ \
	TELL(porter, item, PORTER_ITEM)                                                                 \
	ASK(porter, weigh, PORTER_ITEM, porter_weight) /* an item, too */
TRACTOR_PROTOCOL(porter, PORTER_PROTOCOL);

/* The file of that size that argument `book` names, mapped by all. */
#define PORTER_NUMBERS (1u << 20)

struct porter_book {
	_Atomic uint32_t stays; /* what is to stay in hand does */
	_Atomic uint32_t torn, disorder;
	_Atomic uint32_t last; /* number whose handler began */
	struct porter_line {
		_Atomic uint8_t sent, error;  /* the call returned, with that */
		_Atomic uint8_t begun, ended; /* handlers */
		_Atomic uint32_t by;	      /* the incarnation whose handler began last */
		_Atomic uint8_t large;	      /* it is too much for a lane */
	} lines[PORTER_NUMBERS];
};

/* What item number `number` weighs and how it looks: no two are alike. */
#define PORTER_SMALL_MAX 72
#define PORTER_LARGE 40000
#define PORTER_LOAD_MAX (PORTER_LARGE + PORTER_SMALL_MAX)

static inline uint32_t
porter_load_bytes(const struct porter_book *book, uint32_t number)
{
	return (book->lines[number].large ? PORTER_LARGE : 0) + 8 + number * 7 % (PORTER_SMALL_MAX - 8);
}

/* Of a large one every 509th byte tells it from others, so that looking at it takes no more than a thousand instructions. */
static inline uint32_t
porter_stride(uint32_t bytes)
{
	return bytes > PORTER_SMALL_MAX ? 509 : 1;
}

static inline uint8_t
porter_load_byte(uint32_t number, uint32_t at)
{
	return (uint8_t)(number * 31 + at * 7 + 1);
}

/* How many bytes these are. */
static inline uint32_t
porter_fill(const struct porter_book *book, uint32_t number, uint8_t load[static PORTER_LOAD_MAX])
{
	uint32_t bytes = porter_load_bytes(book, number);

	memset(load, 0, bytes);
	for (uint32_t i = 0; i < bytes; i += porter_stride(bytes))
		load[i] = porter_load_byte(number, i);
	return bytes;
}

static inline uint64_t
porter_sum(uint32_t number, const uint8_t *load, uint32_t bytes)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325) ^ number;

	for (uint32_t i = 0; i < bytes; i += porter_stride(bytes))
		sum = (sum ^ load[i]) * UINT64_C(0x100000001b3);
	return sum;
}

#endif
