/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Areas of an address space, and what a call requests for them. */
#ifndef TRACEE_MEMORY_H
#define TRACEE_MEMORY_H

#include "capture.h"
#include "event.h"
#include "inode.h"

/* Address of a page's last byte, as a mask. */
#define PAGE_BITS 4095UL

/* The call in progress and its arguments, which lie in registers. */
static __always_inline bool call_in_progress(struct returned_call *call)
{
	struct task_struct *task = current_task();
	struct pt_regs *regs = task_regs(task);

	if (TASK_READ(task, flags) & PF_KTHREAD)
		return false;
	return returned_call(BPF_CORE_READ(regs, orig_ax), 0, call);
}

static __always_inline void put_file_path(struct scratch *s, __u32 index, struct file *file)
{
	if (file)
		put_path(s->slot, index, FIELD_ADDRESS(file, f_path));
}

/*
 * Looks up the area of that address into scratch.vma, trying several times. AREA_BUSY: another
 * thread is changing the address space. Since 5.17, hence for programs of their own.
 */
int find_rounds(__u32 slot, __u64 addr);

/*
 * A thread that changes an address space mostly does so within microseconds, for which this waits.
 */
#define FIND_ROUNDS 32

static __always_inline int find_area(const struct scratch *s, __u64 addr)
{
	for (int i = 0; i < FIND_ROUNDS; i++) {
		int found = find_rounds(s->slot, addr);

		if (found != AREA_BUSY)
			return found;
	}
	return AREA_BUSY;
}

/* file: the area's, if that was found. */
static __always_inline void put_area_path(struct scratch *s, __u32 index, int found, __u64 file)
{
	if (found != AREA_FOUND)
		put_unknown(s, index);
	else if (file)
		put_path(s->slot, index, file + bpf_core_field_offset(struct file, f_path));
}

struct changed {
	__u64 addr;
	__u64 len;
};

/* The part of an area that the call in progress changes: the kernel has not split the area yet. */
static __always_inline struct changed changed_range(__u64 start, __u64 end)
{
	struct returned_call call = {};

	if (call_in_progress(&call) &&
	    (call.event == EVENT_MPROTECT || call.event == EVENT_PKEY_MPROTECT)) {
		__u64 last = (call.args[0] + call.args[1] + PAGE_BITS) & ~PAGE_BITS;

		if (call.args[0] > start && call.args[0] < end && !(call.args[2] & PROT_GROWSDOWN))
			start = call.args[0];
		if (last > start && last < end)
			end = last;
	}
	return (struct changed){ start, end - start };
}

#endif
