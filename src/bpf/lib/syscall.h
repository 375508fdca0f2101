/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The record of a system call, driven by its row in the table `syscalls`. */
#ifndef TRACEE_SYSCALL_H
#define TRACEE_SYSCALL_H

#include "items.h"

/* Reads what pointer arguments point to, by the kinds of the catalogue. */
static __always_inline void put_args(struct scratch *s, const struct syscall_desc *desc, __u32 abi,
				     long ret)
{
	for (int i = 0; i < MAX_ARGS; i++) {
		__u32 len_arg = desc->args[i].aux & 7;
		__u64 addr = s->args[i];
		__u32 len = 0;

		if (i >= desc->nargs)
			break;
		if (!addr)
			continue;
		switch (desc->args[i].kind) {
		case ARG_STR:
			put_user_str(s->slot, i, addr);
			break;
		case ARG_STR_ARRAY:
			put_str_array(s->slot, i, addr, pointer_size(abi));
			break;
		case ARG_SOCKADDR:
			if (len_arg < MAX_ARGS)
				put_user_bytes(s->slot, i, addr, s->args[len_arg]);
			break;
		case ARG_SOCKADDR_OUT:
			if (ret < 0 || len_arg >= MAX_ARGS)
				break;
			if (!bpf_probe_read_user(&len, sizeof(len), (void *)s->args[len_arg]))
				put_user_bytes(s->slot, i, addr, len);
			break;
		case ARG_STRUCT_OUT:
			if (ret < 0)
				break;
			/* fallthrough */
		case ARG_STRUCT:
			put_user_bytes(s->slot, i, addr, desc->args[i].aux);
			break;
		}
	}
}

static __always_inline void emit_syscall(struct task_struct *task, const struct pt_regs *regs,
					 const struct syscall_nr *call,
					 const struct syscall_desc *desc, long ret, __u8 flags)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct scratch *s = scratch_get();

	if (!s) {
		count_loss(desc->event, BUFFER_SCRATCH, now);
		return;
	}
	record_begin(s, task, desc->event, desc->nargs, now);
	s->header.ret = ret;
	s->header.syscall = desc->event;
	s->header.abi = call->abi;
	s->header.flags = flags;
	syscall_args(regs, call->abi, desc->split, s->args);
#pragma unroll
	for (int i = 0; i < MAX_ARGS; i++)
		if (i < desc->nargs)
			put_value(s, i, s->args[i]);
	put_args(s, desc, call->abi, ret);
	submit(s);
	scratch_put(s);
}

#endif
