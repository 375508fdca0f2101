// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Calls within others: held_row() of lib/call.h. A global function, since the verifier then knows
 * nothing of its result: otherwise it would walk the rest of a program once for each possible inner
 * call.
 */
#include "lib/task.h"

static __always_inline __u32 within_ipc(const struct pt_regs *regs)
{
	__u32 number = (__u16)BPF_CORE_READ(regs, bx), command;

	switch (number) {
	case SEMCTL:
		command = BPF_CORE_READ(regs, si);
		break;
	case MSGCTL:
	case SHMCTL:
		command = BPF_CORE_READ(regs, dx);
		break;
	case SEMOP:
	case SEMGET:
	case SEMTIMEDOP:
	case MSGSND:
	case MSGRCV:
	case MSGGET:
	case SHMAT:
	case SHMDT:
	case SHMGET:
		return WITHIN_IPC + number;
	default:
		return 0;
	}
	return WITHIN_IPC + number + (command & IPC_64 ? 0 : WITHIN_IPC_OLD);
}

__noinline int held_row(__u32 nr)
{
	struct pt_regs *regs = task_regs(current_task());
	__u32 number;

	switch (nr) {
	case IA32_OLD_SELECT:
		return WITHIN_OLD_SELECT;
	case IA32_OLD_MMAP:
		return WITHIN_OLD_MMAP;
	case IA32_SOCKETCALL:
		number = BPF_CORE_READ(regs, bx);
		return number <= SOCKETCALL_MAX ? WITHIN_SOCKETCALL + number : 0;
	case IA32_IPC:
		return within_ipc(regs);
	default:
		return 0;
	}
}
