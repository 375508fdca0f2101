/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Capturing the file that a process executes. */
#ifndef TRACEE_TAKE_H
#define TRACEE_TAKE_H

#include "capture.h"

/* Reports the file that a process executes; name: address of the executed name. */
static __always_inline void take_exec(struct file *file, __u64 name)
{
	struct scratch *s = scratch_get();

	if (!s) {
		count_capture_loss();
		return;
	}
	take_file(s->slot, TAKE_EXEC, plain_address(file), 0, 0);
	put_kernel_str(s->slot, TAKEN_NAME, name);
	send_record(s);
	scratch_put(s);
}

#endif
