/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Comparing an argument in user memory with the kernel's own copy of it. */
#ifndef TRACEE_MISMATCH_H
#define TRACEE_MISMATCH_H

#include "task.h"

/*
 * Compares the item at scratch.checked with the copy, reports a difference, and forgets the copy.
 */
int check_argument(__u32 slot, __u32 event);

static __always_inline void forget_copy(struct task_struct *task)
{
	__u64 key = (__u64)task;

	bpf_map_delete_elem(&arg_copies, &key);
}

#endif
