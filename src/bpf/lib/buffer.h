/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Scratch slots, rings, wake-up and the count of what was lost. */
#ifndef TRACEE_BUFFER_H
#define TRACEE_BUFFER_H

#include "filter.h"
#include "task.h"

/* Bytes of a record of process life that has room in the ring of these: any but long command lines. */
#define LIFE_MAX 2048

static __always_inline void count_loss(__u32 event, __u32 buffer, __u64 now)
{
	__u64 epoch = control.loss_epoch;
	struct loss *loss;
	__u64 *count;

	/* What finds no room in a table is no record: it is told whoever wants the event. */
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
	/* Last, so that whoever sees it finds the others. */
	__sync_fetch_and_add(&lost_in_all, 1);
}

/*
 * A slot is ours if we are its only holder after adding ourselves. This needs
 * no fetching atomics, which kernels before 5.12 lack: all who compete run on
 * this CPU, so that of two who both added themselves at most the first can
 * have read 1.
 */
static __always_inline struct scratch *scratch_get(void)
{
	__u32 slot = bpf_get_smp_processor_id() * SCRATCH_SLOTS;

	for (int i = 0; i < SCRATCH_SLOTS; i++, slot++) {
		struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

		if (!s)
			return NULL;
		__sync_fetch_and_add(&s->holders, 1);
		if (*(volatile __u64 *)&s->holders == 1) {
			s->slot = slot;
			return s;
		}
		__sync_fetch_and_add(&s->holders, -1);
	}
	return NULL;
}

static __always_inline void scratch_put(struct scratch *s)
{
	__sync_fetch_and_add(&s->holders, -1);
}

/* Wake the reader by age or by fill level, not for each record. */
static __always_inline __u64 wake_flags(void *ring, __u32 size, __u64 now)
{
	__u32 zero = 0;
	struct wake *wake = bpf_map_lookup_elem(&wakes, &zero);
	__u64 level = settings.ring_size / 8;
	__u64 fill;

	if (!wake || now - wake->last >= WAKE_AGE_NS) {
		if (wake)
			wake->last = now;
		return BPF_RB_FORCE_WAKEUP;
	}
	fill = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	return fill < level && fill + size >= level ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP;
}

/* Bytes of the record. Asked for last, lest the compiler keep what has not been compared yet. */
static __always_inline __u32 record_size(const struct scratch *s)
{
	__u32 size = *(volatile const __u32 *)&s->pos;

	return size > RECORD_MAX ? RECORD_MAX : size;
}

/* Whether a record is shown. What tracee itself needs is not filtered. */
static __always_inline bool record_shown(const struct scratch *s)
{
	return s->header.flags & RECORD_INTERNAL || record_passes(s);
}

/* Counts a record that found no room. */
static __always_inline void count_record(const struct scratch *s, __u32 buffer)
{
	if (s->header.flags & RECORD_INTERNAL)
		buffer = BUFFER_BOOKKEEPING;
	count_loss(s->header.event, buffer, s->header.time);
}

static __always_inline void submit_to_cpu(struct scratch *s)
{
	__u32 cpu = s->header.cpu;
	void *ring = bpf_map_lookup_elem(&rings, &cpu);
	__u64 flags;

	if (ring) {
		flags = wake_flags(ring, s->pos, s->header.time);
		if (!bpf_ringbuf_output(ring, s->bytes, record_size(s), flags))
			return;
	}
	count_record(s, BUFFER_CPU);
}

/* Sends the record in s to this CPU's ring, or counts it; unless it is filtered out. */
static __always_inline void submit(struct scratch *s)
{
	if (record_shown(s))
		submit_to_cpu(s);
}

/*
 * Sends the record in s to the ring of process life, which always wakes. One
 * that is filtered out goes there only if tracee itself needs it.
 */
static __always_inline void submit_priority(struct scratch *s)
{
	if (!record_shown(s)) {
		if (!filters.keep_life)
			return;
		s->header.flags |= RECORD_INTERNAL;
	}
	if (bpf_ringbuf_output(&priority, s->bytes, record_size(s), BPF_RB_FORCE_WAKEUP))
		count_record(s, BUFFER_PRIORITY);
}

/*
 * The same of a record of any length, but no program may fill that ring by
 * what it executes: of one longer than LIFE_MAX only the first `needed` bytes
 * go there, which are a record by themselves, with what tracee needs. The
 * whole goes to the CPU's ring.
 */
static __always_inline void submit_life(struct scratch *s, __u32 needed)
{
	if (!(s->header.flags & RECORD_INTERNAL) && record_passes(s)) {
		if (s->pos <= LIFE_MAX) {
			submit_priority(s);
			return;
		}
		submit_to_cpu(s);
	}
	if (!filters.keep_life)
		return;
	s->header.flags |= RECORD_INTERNAL;
	s->pos = needed;
	submit_priority(s);
}

#endif
