/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * An execve is reported when it has succeeded, but by then its registers belong to the new image
 * and its caller's name is gone: both are remembered before.
 */
#ifndef TRACEE_EXEC_H
#define TRACEE_EXEC_H

#include "task.h"

static const struct exec_call no_exec_call;

static __always_inline struct exec_call *
remember_exec(struct task_struct *task, const struct pt_regs *regs, const struct syscall_nr *call)
{
	__u64 key = (__u64)task;
	struct exec_call *exec;

	/* Filled in place: the stack has no room for a copy. */
	bpf_map_update_elem(&exec_calls, &key, &no_exec_call, BPF_ANY);
	exec = bpf_map_lookup_elem(&exec_calls, &key);
	if (!exec) {
		__sync_fetch_and_add(&table_misses.exec_calls, 1);
		return NULL;
	}
	if (call) {
		exec->nr = call->abi * MAX_SYSCALLS + call->nr;
		exec->known = true;
		syscall_args(regs, call->abi, 0, exec->args);
	}
	bpf_get_current_comm(exec->comm, sizeof(exec->comm));
	return exec;
}

#endif
