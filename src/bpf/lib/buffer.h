/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Scratch slots, wake-up of the reader, and loss counters. */
#ifndef TRACEE_BUFFER_H
#define TRACEE_BUFFER_H

#include "task.h"

static __always_inline void count_loss(__u32 event, __u32 buffer, __u64 now)
{
	__u64 epoch = control.loss_epoch;
	struct loss *loss;
	__u64 *count;

	/*
	 * What finds no room in a table is no record: it is reported even if nobody chose the
	 * event.
	 */
	if (buffer < BUFFER_TABLE && event < MAX_EVENTS &&
	    settings.chosen[event] == EVENT_BOOKKEEPING)
		buffer = BUFFER_BOOKKEEPING;
	loss = bpf_map_lookup_elem(&losses, &buffer);
	count = bpf_map_lookup_elem(&lost, &event);
	if (!loss || !count)
		return;
	if (buffer < BUFFER_TABLE)
		__sync_fetch_and_add(count, 1);
	__sync_fetch_and_add(&loss->count, 1);
	if (loss->epoch != epoch || !loss->first) {
		loss->epoch = epoch;
		loss->first = now;
	}
	loss->last = now;
	/* Last, so that a reader who sees it finds the other counters updated. */
	__sync_fetch_and_add(&lost_in_all, 1);
}

/*
 * A slot is ours if we are its only holder after adding ourselves. This needs no fetching atomics,
 * which kernels before 5.12 lack: all that compete run on this CPU, so that of two that both added
 * themselves at most the first can have read 1.
 *
 * Where no program is preempted, who interrupts us is done with a slot before we go on: then it
 * takes no atomic operation, which would wait until all of the record is in memory.
 */
static __always_inline bool slot_taken(struct scratch *s)
{
	volatile __u64 *holders = &s->holders;

	if (settings.plain_slots) {
		if (*holders)
			return false;
		*holders = 1;
		return true;
	}
	__sync_fetch_and_add(&s->holders, 1);
	if (*holders == 1)
		return true;
	__sync_fetch_and_add(&s->holders, -1);
	return false;
}

static __always_inline struct scratch *scratch_get(void)
{
	__u32 slot = bpf_get_smp_processor_id() * SCRATCH_SLOTS;

	for (int i = 0; i < SCRATCH_SLOTS; i++, slot++) {
		struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

		if (!s)
			return NULL;
		if (slot_taken(s)) {
			s->slot = slot;
			return s;
		}
	}
	return NULL;
}

static __always_inline void scratch_put(struct scratch *s)
{
	if (settings.plain_slots)
		*(volatile __u64 *)&s->holders = 0;
	else
		__sync_fetch_and_add(&s->holders, -1);
}

/*
 * Wake the reader by age or by fill level, not for each record. The ring is asked only once as much
 * has been written as was missing to that level when it was last asked: the reader only makes more
 * room.
 */
static __always_inline __u64 wake_flags(void *ring, __u32 size, __u64 now)
{
	__u64 level = settings.ring_size / 8, taken = size + BPF_RINGBUF_HDR_SZ + 7, fill;
	__u32 zero = 0;
	struct wake *wake = bpf_map_lookup_elem(&wakes, &zero);
	bool was_below;

	if (!wake)
		return BPF_RB_FORCE_WAKEUP;
	was_below = wake->room;
	if (wake->room > taken) {
		wake->room -= taken;
		fill = 0;
	} else {
		fill = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
		wake->room = fill + taken < level ? level - fill - taken : 0;
		was_below |= fill < level;
		fill += taken;
	}
	if (now - wake->last >= WAKE_AGE_NS) {
		wake->last = now;
		return BPF_RB_FORCE_WAKEUP;
	}
	return was_below && fill >= level ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* Bytes of the record. Read last, lest the compiler keep a value that has not been compared yet. */
static __always_inline __u32 record_size(const struct scratch *s)
{
	__u32 size = *(volatile const __u32 *)&s->pos;

	return size > RECORD_MAX ? RECORD_MAX : size;
}

#endif
