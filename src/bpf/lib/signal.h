/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Signals: who sends them, and what sender and target call themselves (signals.bpf.c). */
#ifndef TRACEE_SIGNAL_H
#define TRACEE_SIGNAL_H

#include "task.h"

enum sender {
	/* The kernel sends it, or there is nobody to name. */
	SENDER_NONE,
	/* kill(2), tkill(2), tgkill(2), the death of a child: the kernel names the sender. */
	SENDER_CERTAIN,
	/* The sender itself states who sent it: rt_sigqueueinfo(2). */
	SENDER_CLAIMED,
};

/* Who is said to have sent a signal, and by whom. A process may send itself any code. */
static __always_inline enum sender signal_sender(int sig, int code)
{
	if (code == SI_USER || code == SI_TKILL || (sig == SIGCHLD && code > 0))
		return SENDER_CERTAIN;
	return code == SI_QUEUE || code == SI_MESGQ ? SENDER_CLAIMED : SENDER_NONE;
}

/* Calls that name whom they send a signal to. */
static __always_inline bool is_kill(__u16 event)
{
	return event == EVENT_KILL || event == EVENT_TKILL || event == EVENT_TGKILL;
}

/*
 * Appends the name of the target to the record of a kill(2) or its like, and forgets it. */
int put_target_name(__u32 slot);
/* Forgets it, for a call that is not shown. */
int forget_target_name(void);
/*
 * Appends the name of the sender to the record of a signal_deliver, whose arguments are set; and
 * forgets it unless other threads take the same signal.
 */
int put_sender_name(__u32 slot, __u32 sig, __s32 code, __u32 others);

#endif
