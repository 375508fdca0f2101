// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Appending arrays of strings: whole where there is room. Otherwise long ones lose their middle, so
 * that neither what is in front of a text nor what is behind it can hide it; and each cut is
 * marked.
 *
 * Bodies of loops are global functions: the verifier looks at a body once, and the loop around it
 * costs it a few instructions a round; long loops are loops of loops. The state of a loop is in the
 * scratch slot.
 */
#include "lib/items.h"

static __always_inline long read_pointer(__u64 addr, __u32 pointer_bytes, __u64 *pointer)
{
	*pointer = 0;
	/* 8 or 4, without a branch. */
	return bpf_probe_read_user(pointer, 4 + (pointer_bytes & 8) / 2, (void *)addr);
}

/* Rounds of a counting function. */
#define COUNT_ROUNDS 128
#define COUNT_CHUNK COUNT_ROUNDS
#define COUNT_CHUNKS (COUNT_ROUNDS * COUNT_CHUNK)
/* The kernel accepts at most 6 MiB of arguments and their pointers. */
#define COUNT_MOST ((6 << 20) / 8)

/* How many of COUNT_CHUNK pointers come before a null one; -1: could not be read. */
__noinline int count_chunk(__u64 addr, __u32 pointer_bytes)
{
	for (__u32 i = 0; i < COUNT_CHUNK; i++) {
		__u64 pointer;

		if (read_pointer(addr + (__u64)i * pointer_bytes, pointer_bytes, &pointer))
			return -1;
		if (!pointer)
			return i;
	}
	return COUNT_CHUNK;
}

/* The same for COUNT_CHUNKS chunks. */
__noinline int count_chunks(__u64 addr, __u32 pointer_bytes)
{
	__u32 count = 0;

	for (int i = 0; i < COUNT_ROUNDS; i++) {
		int n = count_chunk(addr + (__u64)count * pointer_bytes, pointer_bytes);

		if (n < 0)
			return -1;
		count += n;
		if (n < COUNT_CHUNK)
			break;
	}
	return count;
}

/* How many pointers come before the null one; 0 if unknown. */
__noinline int count_pointers(__u64 addr, __u32 pointer_bytes)
{
	__u32 count = 0;

	for (int i = 0; i < COUNT_MOST / COUNT_CHUNKS; i++) {
		int n = count_chunks(addr + (__u64)count * pointer_bytes, pointer_bytes);

		if (n < 0)
			return 0;
		count += n;
		if (n < COUNT_CHUNKS)
			return count;
	}
	return 0;
}

/* Bytes of the record that a cut and the NUL after it take. */
#define CUT_COST (sizeof(struct str_cut) + 1)
/*
 * How many bytes of one array are searched for the ends of long strings: more than twice what the
 * kernel accepts.
 */
#define WORK_MAX (16 << 20)
#define UNKNOWN_LENGTH 0x7fffffff

/*
 * Bytes of the string at addr before its NUL; UNKNOWN_LENGTH if there are too
 * many, or too many have been looked through; negative: they cannot be read.
 */
__noinline int str_length(__u32 slot, __u64 addr)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u32 len = 0;

	if (!s)
		return -1;
	for (int i = 0; i <= STR_LONGEST / (RECORD_SLACK - 1); i++) {
		/* Read to a place beyond any record. */
		long n = bpf_probe_read_user_str(s->bytes + RECORD_MAX, RECORD_SLACK,
						 (void *)(addr + len));

		if (n < 0)
			return -1;
		/* Linux 5.10 does not count the NUL of an empty string. */
		if (n < RECORD_SLACK)
			return len + (n ? n - 1 : 0);
		len += RECORD_SLACK - 1;
		if (s->strings.work < RECORD_SLACK)
			break;
		s->strings.work -= RECORD_SLACK;
	}
	return UNKNOWN_LENGTH;
}

/* Appends as much as is possible at once. */
static __always_inline int append_some(struct scratch *s, __u64 addr, __u64 n)
{
	__u64 pos = s->pos, at = s->strings.len;

	at += pos + sizeof(struct item_header);
	bounded(at);
	bounded(n);
	if (at > RECORD_MAX || n > RECORD_SLACK)
		return STEP_FULL;
	if (bpf_probe_read_user(s->bytes + at, n, (void *)addr))
		return STEP_FAULT;
	s->strings.len += n;
	return STEP_MORE;
}

/*
 * Appends at most the longest array. A function of its own, since callers have little of the stack
 * left.
 */
__noinline int append(__u32 slot, __u64 addr, __u64 len)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (!s)
		return STEP_FULL;
	for (int i = 0; i < STR_ARRAY_MAX / RECORD_SLACK; i++) {
		__u64 n = len < RECORD_SLACK ? len : RECORD_SLACK;
		int step;

		n = forgotten(n, addr);
		if (!n)
			break;
		step = append_some(s, addr, n);
		if (step != STEP_MORE)
			return step;
		addr += n;
		len = forgotten(len - n, addr);
	}
	return STEP_MORE;
}

/* The place of the array's last byte; if it has none, that of its header. */
static __always_inline __u8 *last_byte(struct scratch *s)
{
	__u64 at = s->strings.len;

	at += s->pos + sizeof(struct item_header) - 1;
	bounded(at);
	return at < RECORD_MAX ? s->bytes + at : NULL;
}

static __always_inline void append_nul(struct scratch *s)
{
	__u8 *last = last_byte(s);

	if (!last)
		return;
	last[1] = 0;
	s->strings.len++;
}

/* Notes that bytes are missing here. */
static __always_inline void note_cut(struct scratch *s, __u64 missing, __u32 flags)
{
	__u64 i = s->strings.ncuts;

	bounded(i);
	if (i >= CUTS_MAX)
		return;
	s->cuts[i].at = s->strings.len | flags;
	s->cuts[i].missing = missing > 0xffffffff ? 0xffffffff : missing;
	s->strings.ncuts = i + 1;
}

/* Notes that strings are missing here; the last one may be the beginning of one. */
static __always_inline void note_gap(struct scratch *s, __u64 missing, __u32 flags)
{
	__u8 *last = last_byte(s);
	bool begun = s->strings.len && last && *last;

	note_cut(s, missing, CUT_STRINGS | flags);
	if (begun)
		append_nul(s);
}

/* Finds the next string, or the reason for the end. */
static __always_inline int next_string(struct scratch *s, __u64 *addr)
{
	*addr = s->strings.addr;
	if (s->strings.end) {
		if (*addr >= s->strings.end)
			return STEP_END;
	} else {
		if (read_pointer(s->strings.addr, s->strings.pointer_bytes, addr))
			return STEP_FAULT;
		if (!*addr)
			return STEP_END;
	}
	return s->strings.left ? STEP_MORE : STEP_FULL;
}

static __always_inline void string_done(struct scratch *s, __u32 len)
{
	s->strings.addr += s->strings.end ? len + 1ULL : s->strings.pointer_bytes;
	s->strings.left--;
	s->strings.count++;
}

/* Adds the next string to what is known of the array. */
__noinline int measure_string(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 addr;
	int step, len;

	if (!s)
		return STEP_FULL;
	step = next_string(s, &addr);
	if (step != STEP_MORE)
		return step;
	len = str_length(slot, addr);
	if (len < 0)
		return STEP_FAULT;
	/* It is then unknown where the next one begins. */
	if (len == UNKNOWN_LENGTH && s->strings.end)
		return STEP_FULL;
	if (len > STR_WHOLE) {
		s->strings.longs++;
		s->strings.room += len < STR_ARRAY_MAX ? len : STR_ARRAY_MAX;
	} else {
		s->strings.whole += len + 1;
	}
	string_done(s, len);
	return STEP_MORE;
}

/* Bytes that the next long string may take: what one leaves is for those after it. */
static __always_inline __u32 share_of(struct scratch *s, __u32 len)
{
	__u64 share = s->strings.share;

	if (share || !s->strings.longs)
		return share ? share : STR_WHOLE;
	share = s->strings.room / s->strings.longs;
	share = share > CUT_COST + STR_WHOLE ? share - CUT_COST : STR_WHOLE;
	s->strings.longs--;
	s->strings.room -= (len < share ? len : share) + CUT_COST;
	return share;
}

/*
 * Appends the next string: the beginning and the end of it if it takes more than its share of the
 * room.
 */
__noinline int copy_string(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 addr, share, half;
	int step, len;

	if (!s)
		return STEP_FULL;
	step = next_string(s, &addr);
	if (step != STEP_MORE)
		return step;
	len = str_length(slot, addr);
	if (len < 0)
		return STEP_FAULT;
	if ((len == UNKNOWN_LENGTH && s->strings.end) || s->strings.ncuts >= CUTS_MAX - 2)
		return STEP_FULL;
	share = len > STR_WHOLE ? share_of(s, len) : STR_WHOLE;
	if (len == UNKNOWN_LENGTH) {
		append(s->slot, addr, share);
		note_cut(s, 0, 0);
	} else if (len > share) {
		half = share / 2;
		if (append(s->slot, addr, half) != STEP_MORE)
			half = 0;
		note_cut(s, len - 2 * half, 0);
		if (half && append(s->slot, addr + len - half, half) != STEP_MORE)
			note_cut(s, 0, 0);
	} else if (append(s->slot, addr, len) != STEP_MORE) {
		note_cut(s, 0, 0);
	}
	append_nul(s);
	string_done(s, len);
	return STEP_MORE;
}

__noinline int some_strings(__u32 slot, __u32 copy)
{
	int step = STEP_MORE;

	for (__u32 i = 0; i < LOOP_ROUNDS; i++) {
		step = copy ? copy_string(slot) : measure_string(slot);
		if (step != STEP_MORE)
			break;
	}
	return step;
}

/* Measures or copies up to so many strings from there on. */
static __always_inline int walk_strings(struct scratch *s, __u64 addr, bool copy, __u32 count)
{
	int step = STEP_MORE;

	s->strings.addr = addr;
	s->strings.left = count;
	s->strings.count = 0;
	for (__u32 i = 0; i <= STR_ARRAY_ELEMS; i += LOOP_ROUNDS) {
		step = some_strings(s->slot, copy);
		if (step != STEP_MORE)
			break;
	}
	return step;
}

/* Begins an array. What is known of it stands in the slot: appenders have little of the stack. */
static __always_inline void strings_begin(struct scratch *s, __u64 addr, __u64 end,
					  __u32 pointer_bytes)
{
	__u64 room = settings.ring_size / 8, pos = s->pos;

	s->strings.begin = addr;
	s->strings.end = end;
	s->strings.pointer_bytes = pointer_bytes;
	s->strings.whole = 0;
	s->strings.room = 0;
	s->strings.longs = 0;
	s->strings.len = 0;
	s->strings.work = WORK_MAX;
	s->strings.ncuts = 0;
	if (room > STR_ARRAY_MAX)
		room = STR_ARRAY_MAX;
	if (pos > STRINGS_END)
		pos = STRINGS_END;
	s->strings.limit = room < STRINGS_END - pos ? room : STRINGS_END - pos;
}

/*
 * After all have been measured: whether each long one gets its share, if it does not fit as a
 * whole.
 */
static __always_inline bool shares_fit(struct scratch *s)
{
	__u64 room = s->strings.limit;
	__u64 cut = s->strings.whole + (__u64)s->strings.longs * (STR_WHOLE + CUT_COST);
	__u64 all = s->strings.whole + s->strings.room + s->strings.longs;

	s->strings.share = all > room ? 0 : STR_ARRAY_MAX;
	s->strings.room = room - s->strings.whole;
	return cut <= room;
}

/* The item of the array, which has not been ended yet. */
static __always_inline struct item_header *strings_item(struct scratch *s)
{
	__u64 pos = s->pos;

	bounded(pos);
	return pos > ITEM_START_MAX ? NULL : (struct item_header *)(s->bytes + pos);
}

/* Ends the item, and appends the cuts in it. */
static __always_inline void strings_end(struct scratch *s)
{
	struct item_header *item = strings_item(s);
	__u64 n = s->strings.ncuts;

	if (!item)
		return;
	if (n)
		item->status = ITEM_TRUNCATED;
	n *= sizeof(struct str_cut);
	item_end(s, item, s->strings.len);
	if (!n)
		return;
	item = item_begin(s, INDEX_OF(item->index, PART_STR_CUTS));
	if (!item)
		return;
	bounded(n);
	if (n > sizeof(s->cuts) || bpf_probe_read_kernel(item + 1, n, s->cuts))
		n = 0;
	item_end(s, item, n);
}

/*
 * Strings by pointers: as many as fit with only their beginnings and ends; from the front, and from
 * the end.
 */
static __always_inline void copy_some(struct scratch *s, __u64 count)
{
	__u64 some = s->strings.limit / 2 / (STR_WHOLE + CUT_COST);

	s->strings.share = STR_WHOLE;
	walk_strings(s, s->strings.begin, true, some);
	note_gap(s, 0, 0);
	if (count > 2 * some)
		walk_strings(s, s->strings.begin + (count - some) * s->strings.pointer_bytes, true,
			     some);
}

__noinline int put_str_array(__u32 slot, __u32 index, __u64 addr, __u32 pointer_bytes)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct item_header *item;
	int step;

	if (!s || !item_begin(s, index))
		return 0;
	strings_begin(s, addr, 0, pointer_bytes);
	s->strings.pointers = count_pointers(addr, pointer_bytes);
	step = walk_strings(s, s->strings.begin, false, STR_ARRAY_ELEMS);
	item = strings_item(s);
	if (!item)
		return 0;
	item->full = s->strings.pointers;
	s->strings.measured = s->strings.count;
	if (step == STEP_FAULT && !s->strings.count) {
		item->status = ITEM_FAULT;
	} else if (step == STEP_FULL || !shares_fit(s)) {
		copy_some(s, s->strings.pointers);
	} else {
		s->strings.all = step == STEP_END;
		walk_strings(s, s->strings.begin, true, s->strings.measured);
		/* Another thread may have changed something in between. */
		if (!s->strings.all || s->strings.count != s->strings.measured)
			note_gap(s, 0, 0);
	}
	strings_end(s);
	return 0;
}

/* The first and the last bytes, where there are too many strings for each to be shown. */
static __always_inline void copy_ends(struct scratch *s, __u64 addr, __u64 len)
{
	__u64 room = s->strings.limit;
	__u64 half = room > CUT_COST ? (room - CUT_COST) / 2 : 0, last;
	char before = 0;

	s->strings.len = 0;
	s->strings.ncuts = 0;
	if (half > len / 2)
		half = len / 2;
	append(s->slot, addr, half);
	last = addr + len - half;
	bpf_probe_read_user(&before, 1, (void *)(last - 1));
	note_gap(s, len - half - s->strings.len, before ? CUT_BEHEADS : 0);
	if (append(s->slot, last, half) != STEP_MORE)
		note_gap(s, 0, 0);
}

__noinline int put_packed_strs(__u32 slot, __u32 index, __u64 addr, __u64 len, __u32 count)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct item_header *item;

	if (!s)
		return 0;
	item = item_begin(s, index);
	if (!item)
		return 0;
	item->full = count;
	strings_begin(s, addr, addr + len, 0);
	if (len <= s->strings.limit) {
		if (append(s->slot, addr, len) != STEP_MORE) {
			if (s->strings.len)
				note_gap(s, len - s->strings.len, 0);
			else
				item->status = ITEM_FAULT;
		}
	} else if (count <= STR_ARRAY_ELEMS &&
		   walk_strings(s, addr, false, STR_ARRAY_ELEMS) == STEP_END && shares_fit(s)) {
		if (!count)
			item->full = s->strings.count;
		if (walk_strings(s, addr, true, STR_ARRAY_ELEMS) != STEP_END)
			note_gap(s, s->strings.end - s->strings.addr, 0);
	} else {
		copy_ends(s, addr, len);
	}
	strings_end(s);
	return 0;
}
