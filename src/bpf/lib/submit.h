/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Sending a record to its ring, unless it is filtered out. */
#ifndef TRACEE_SUBMIT_H
#define TRACEE_SUBMIT_H

#include "buffer.h"
#include "filter.h"

/*
 * Largest record of process life, in bytes, that the ring for these takes: any without a long
 * command line.
 */
#define LIFE_MAX 2048
/* How many bytes of a command line it takes, where those are for tracee alone. */
#define LIFE_ARGV 1024

/* Whether a record is shown. Records that tracee itself needs are not filtered. */
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
 * Sends the record in s to the ring of process life, which always wakes the reader. A record that
 * is filtered out goes there only if tracee itself needs it.
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
 * The same for a record of any length, but no program may fill that ring by what it executes: of a
 * record longer than LIFE_MAX only the first `needed` bytes go there, which are a record by
 * themselves, with what tracee needs. The whole record goes to the CPU's ring.
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
