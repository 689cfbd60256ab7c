/* printer.h: an actor that prints what it is told to, as often and as fast as it is told to. */
#ifndef TRACTOR_TESTS_SCENARIO_PRINTER_H
#define TRACTOR_TESTS_SCENARIO_PRINTER_H

#include <tractor/protocol.h>

#define PRINTER_PRINT(FIELD) FIELD(str, text) FIELD(bool, error)
#define PRINTER_RAW(FIELD) FIELD(bytes, text) FIELD(bool, error) /* as it is, without a newline of ours */
#define PRINTER_COUNT(FIELD) FIELD(int64, lines) FIELD(int64, pause_us)
#define PRINTER_FLOOD(FIELD) FIELD(int64, ms) FIELD(str, last_words)
#define PRINTER_PANIC(FIELD) FIELD(str, text)
#define PRINTER_NOTHING(FIELD)
#define PRINTER_PRINTED(FIELD) FIELD(uint64, lines)
TRACTOR_RECORD(printer_printed, PRINTER_PRINTED);

/* count: "line 1", "line 2", ...; goes on where it was. flood: as many as it can; with last words it panics at the end. half: without a newline, and crashes. */
#define PRINTER_PROTOCOL(TELL, ASK)         \
	TELL(printer, print, PRINTER_PRINT) \
	TELL(printer, raw, PRINTER_RAW)     \
	TELL(printer, count, PRINTER_COUNT) \
	TELL(printer, flood, PRINTER_FLOOD) \
	TELL(printer, half, PRINTER_PRINT)  \
	TELL(printer, panic, PRINTER_PANIC) \
	ASK(printer, lines, PRINTER_NOTHING, printer_printed)
TRACTOR_PROTOCOL(printer, PRINTER_PROTOCOL);

#endif
