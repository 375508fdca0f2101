/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The kernel side's part of --filter. User space prepares it and decides the rest
 * (src/filter/compile.rs, src/loader/filter.rs).
 */
#ifndef TRACEE_FILTER_TYPES_H
#define TRACEE_FILTER_TYPES_H

/* Fields of every event: positions in filters.numbers and filters.names. */
enum field_number : __u8 {
	FIELD_UID = 0,
	FIELD_PID = 1,
	FIELD_TID = 2,
	FIELD_PPID = 3,
	FIELD_MNTNS = 4,
	FIELD_PIDNS = 5,
	FIELD_NUMBERS = 6,
};

enum field_name : __u8 {
	FIELD_COMM = 0,
	FIELD_UTS = 1,
	FIELD_NAMES = 2,
};

/* number_filter.type: how a register is read */
enum number_type : __u8 {
	NUMBER_NONE = 0, /* the filter is not used */
	NUMBER_S64 = 1,
	NUMBER_U64 = 2,
	NUMBER_S32 = 3,
	NUMBER_U32 = 4,
	NUMBER_S16 = 5,
	NUMBER_U16 = 6,
	NUMBER_LONG = 7, /* 32 bits in a 32-bit call */
};

/* number_filter.values: what the values in the map filter_numbers mean */
enum number_values : __u8 {
	VALUES_ANY = 0, /* nothing */
	VALUES_ONLY = 1, /* these pass */
	VALUES_NOT = 2, /* all others pass */
};

struct number_filter {
	__s64 min; /* both inclusive, and unsigned for NUMBER_U64 */
	__s64 max;
	__u32 field; /* whose values they are in filter_numbers */
	__u8 type; /* NUMBER_* */
	__u8 values; /* VALUES_* */
	__u8 index; /* of the argument */
	__u8 required; /* a missing number does not pass */
};

/* Key of the map filter_numbers. */
struct listed_number {
	__s64 value;
	__u32 field;
	__u32 reserved;
};

/* text_filter.wanted and .excluded: where in a text its patterns are looked for */
enum text_place : __u8 {
	TEXT_START = 1 << 0, /* whole texts, with their NUL, and beginnings */
	TEXT_ANYWHERE = 1 << 1, /* ends, with their NUL, and what may stand anywhere */
};

struct text_filter {
	__u32 field; /* its sets of patterns: this, plus SET_* */
	__u8 wanted; /* one pattern of these must be there */
	__u8 excluded; /* none of these may be there */
	__u8 index; /* of the argument */
	__u8 reserved;
};

enum pattern_set {
	SET_WANTED = 0,
	SET_EXCLUDED = 1,
	SET_ANYWHERE = 2, /* added to either */
	SET_COUNT = 4,
};

enum filter_size {
	/* Room for a node name; the process's name is shorter. */
	NAME_MAX = 68,
	/* The kernel lets the keys of its tries be no longer. */
	TEXT_MAX = 252,
	/* Limits for one event. */
	FILTER_NUMBERS = 4,
	FILTER_TEXTS = 2,
};

/* Key of the trie filter_names. */
struct name_key {
	__u32 bits; /* of what follows */
	__u32 set;
	char text[NAME_MAX];
};

/* Key of the trie filter_texts. */
struct text_key {
	__u32 bits;
	__u32 set;
	char text[TEXT_MAX];
};

/* Filters of one event. Those in use come first. */
struct record_filter {
	struct number_filter result;
	struct number_filter numbers[FILTER_NUMBERS];
	struct text_filter texts[FILTER_TEXTS];
};

/* Fixed before load: the verifier removes what is not used. */
struct filters {
	struct number_filter numbers[FIELD_NUMBERS];
	struct text_filter names[FIELD_NAMES];
	__u8 fields; /* any of these fields is used */
	__u8 results; /* of an event */
	__u8 arguments; /* of an event */
	__u8 keep_life; /* fork, exec and exit are recorded in any case */
	__u8 reserved[4];
};

#endif
