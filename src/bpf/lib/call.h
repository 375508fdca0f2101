/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which call is in progress, and its arguments. Four calls of the 32-bit ABI contain another one:
 * its arguments are in user memory, in ipc(2) in an order of their own. Such a call is reported as
 * the inner one.
 */
#ifndef TRACEE_CALL_H
#define TRACEE_CALL_H

#include "task.h"

/*
 * Number of arguments of each inner call, by its row: those of socketcall(2) by number,
 * old_select(2), old_mmap(2).
 */
static const __u8 held_count[] = { 0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6,
				   6, 2, 5, 5, 3, 3, 4, 5, 4, 0, 5, 6 };

/* The row of the call that this 32-bit call of the current task contains; 0: none. */
int held_row(__u32 nr);

/* The call that this one contains, or itself; call is updated accordingly. */
static __always_inline struct syscall_desc *call_lookup(const struct pt_regs *regs,
							struct syscall_nr *call)
{
	call->within = 0;
	if (call->abi == ABI_IA32 && (call->nr == IA32_SOCKETCALL || call->nr == IA32_IPC ||
				      call->nr == IA32_OLD_MMAP || call->nr == IA32_OLD_SELECT))
		call->within = held_row(call->nr);
	return syscall_lookup(call);
}

static __always_inline bool is_reported(const struct syscall_desc *desc)
{
	return desc->flags & SYSCALL_CHOSEN ||
	       (settings.chosen[EVENT_ARGUMENT_MISMATCH] && desc->checked);
}

/*
 * Like call_lookup(), but if nobody wants the inner call, the outer one: a call is reported once.
 */
static __always_inline struct syscall_desc *reported_call(const struct pt_regs *regs,
							  struct syscall_nr *call)
{
	struct syscall_desc *desc = call_lookup(regs, call);

	if (!call->within || (desc && is_reported(desc)))
		return desc;
	call->within = 0;
	return syscall_lookup(call);
}

/* The call that programs at sys_exit look at. */
static __always_inline struct returned_call *this_call(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&returned, &zero);
}

/* Reads the array in memory that socketcall(2) and its like take. */
static __always_inline bool held_array(__u32 within, __u64 args[MAX_ARGS])
{
	__u64 row = within, len, from = within > SOCKETCALL_MAX ? args[0] : args[1];
	/* In place, from the last one on: the stack has no room for a copy. */
	__u32 *words = (__u32 *)args;

	bounded(row);
	if (row >= sizeof(held_count))
		return false;
	len = held_count[row] * sizeof(__u32);
	__builtin_memset(args, 0, MAX_ARGS * sizeof(args[0]));
	bounded(len);
	if (len > MAX_ARGS * sizeof(__u32) || bpf_probe_read_user(words, len, (void *)from))
		return false;
#pragma unroll
	for (int i = MAX_ARGS - 1; i >= 0; i--)
		args[i] = ((volatile __u32 *)words)[i];
	return true;
}

/* Reads the registers of ipc(2), in the order of compat_sys_ipc() (ipc/syscall.c). */
static __always_inline bool held_ipc(__u32 within, __u64 args[MAX_ARGS])
{
	__u32 version = (__u32)args[0] >> 16;
	__u64 second = args[2], third = args[3], ptr = args[4], fifth = args[5];

	args[0] = args[1];
	args[1] = ptr;
	args[2] = second;
	args[3] = third;
	switch (within - WITHIN_IPC) {
	case SEMTIMEDOP:
		args[3] = fifth;
		break;
	case MSGRCV:
		args[3] = fifth;
		args[4] = third;
		if (version)
			break;
		/* In the old form, address and type are in memory. */
		if (bpf_probe_read_user(&args[1], sizeof(args[1]), (void *)ptr))
			return false;
		args[3] = args[1] >> 32;
		args[1] = (__u32)args[1];
		break;
	case SEMCTL:
	case SEMCTL + WITHIN_IPC_OLD:
		args[1] = second;
		args[2] = third;
		args[3] = 0;
		if (bpf_probe_read_user(&args[3], sizeof(__u32), (void *)ptr))
			return false;
		break;
	case SEMGET:
	case SHMGET:
		args[1] = second;
		args[2] = third;
		break;
	case MSGGET:
	case MSGCTL:
	case MSGCTL + WITHIN_IPC_OLD:
	case SHMCTL:
	case SHMCTL + WITHIN_IPC_OLD:
		args[1] = second;
		args[2] = ptr;
		break;
	case SHMDT:
		args[0] = ptr;
		break;
	}
	return true;
}

/* Converts numbers of a 32-bit call that differ from its registers. */
static __always_inline void widen_args(const struct syscall_desc *desc, __u64 args[MAX_ARGS])
{
	__u8 pages = desc->pages, sign = desc->sign, ids16 = desc->ids16;

	/* Only clone's last two are swapped. */
	if (desc->swap == 3) {
		__u64 third = args[3];

		args[3] = args[4];
		args[4] = third;
	}
	if (!(pages | sign | ids16))
		return;
#pragma unroll
	for (int i = 0; i < MAX_ARGS; i++) {
		if (pages & (1 << i))
			args[i] <<= 12;
		if (sign & (1 << i))
			args[i] = (__s32)args[i];
		/* Like low2highuid() of the kernel. */
		if (ids16 & (1 << i))
			args[i] = (__u16)args[i] == 0xffff ? (__u32)-1 : (__u16)args[i];
	}
}

static __always_inline void register_args(const struct pt_regs *regs, const struct syscall_nr *call,
					  const struct syscall_desc *desc, __u64 args[MAX_ARGS])
{
	syscall_args(regs, call->abi, desc->split, args);
	if (call->abi == ABI_IA32 && !call->within)
		widen_args(desc, args);
}

/*
 * The arguments of the call: its registers, or user memory as it is now for a call within another.
 * False if that cannot be read.
 */
static __always_inline bool call_args(const struct pt_regs *regs, const struct syscall_nr *call,
				      const struct syscall_desc *desc, __u64 args[MAX_ARGS])
{
	bool known;

	register_args(regs, call, desc, args);
	if (!call->within)
		return true;
	known = call->within >= WITHIN_IPC ? held_ipc(call->within, args) :
					     held_array(call->within, args);
	if (!known)
		__builtin_memset(args, 0, MAX_ARGS * sizeof(args[0]));
	return known;
}

/*
 * The result of the call. A 32-bit program sees 32 bits of it, also of an error that the kernel has
 * not extended. modify_ldt(2) returns an int in every ABI.
 */
static __always_inline long call_result(const struct syscall_nr *call,
					const struct syscall_desc *desc, long ret)
{
	bool is_int = call->abi == ABI_IA32 || (desc && desc->event == EVENT_MODIFY_LDT);

	return is_int && (__u32)ret >= (__u32)ERRORS_FROM ? (__s32)ret : ret;
}

/* The call in progress, by its event; NO_SYSCALL outside of one. */
static __always_inline __u16 current_syscall(struct task_struct *task, __u8 *abi)
{
	struct syscall_desc *desc;
	struct syscall_nr call;
	struct pt_regs *regs;

	if (TASK_READ(task, flags) & PF_KTHREAD)
		return NO_SYSCALL;
	regs = task_regs(task);
	if (!syscall_abi(task, BPF_CORE_READ(regs, orig_ax), &call))
		return NO_SYSCALL;
	desc = call_lookup(regs, &call);
	if (!is_known(desc))
		return NO_SYSCALL;
	*abi = call.abi;
	return desc->event;
}

#endif
