/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Records of process life, which are kept as bookkeeping where nobody wants to see them. */
#ifndef TRACEE_LIFE_H
#define TRACEE_LIFE_H

#include "call.h"
#include "items.h"
#include "submit.h"

/* Begins a record of process life; NULL if nobody wants it or no slot is free. */
static __always_inline struct scratch *life_begin_with(struct task_struct *task, __u16 event,
						       __u8 nvalues)
{
	bool shown = settings.chosen[event] == EVENT_SHOWN && current_passes() &&
		     result_passes(event, 0, true);
	struct scratch *s;
	__u64 now;

	/* A process that is filtered out still has children and executables. */
	if (!shown && !(settings.chosen[event] && filters.keep_life))
		return NULL;
	now = bpf_ktime_get_boot_ns();
	s = scratch_get();
	if (!s) {
		count_loss(event, shown ? BUFFER_SCRATCH : BUFFER_BOOKKEEPING, now);
		return NULL;
	}
	record_begin(s->slot, event, nvalues, now);
	s->header.syscall = current_syscall(task, &s->header.abi);
	if (!shown)
		s->header.flags |= RECORD_INTERNAL;
	return s;
}

/* Like event_begin(). */
#define life_begin(task, event) life_begin_with(task, EVENT_##event, NARGS_##event)

#endif
