// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Files: opened, as the kernel itself sees it. */
#include "lib/event.h"
#include "lib/inode.h"

static __always_inline int on_security_file_open(struct hook hook, struct file *file)
{
	struct scratch *s = event_begin(EVENT_SECURITY_FILE_OPEN, 6, hook);
	struct inode *inode;

	if (!s)
		return 0;
	inode = BPF_CORE_READ(file, f_inode);
	put_path(s->slot, 0, FIELD_ADDRESS(file, f_path));
	put_value(s, 1, BPF_CORE_READ(file, f_flags));
	put_value(s, 2, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, 3, BPF_CORE_READ(inode, i_ino));
	put_value(s, 4, inode_ctime(inode));
	put_value(s, 5, BPF_CORE_READ(inode, i_mode) & S_IFMT);
	return event_end(s);
}

HOOK(security_file_open, security_file_open, (struct file *file), (file))

/* What a call that opens has left: the file behind its new fd. */
static __always_inline int after_security_file_open(const struct returned_call *call)
{
	struct file *file;

	switch (call->event) {
	case EVENT_OPEN:
	case EVENT_OPENAT:
	case EVENT_OPENAT2:
	case EVENT_CREAT:
	case EVENT_OPEN_BY_HANDLE_AT:
		break;
	default:
		return 0;
	}
	if (call->ret < 0)
		return 0;
	file = file_of_fd(call->ret);
	/* The kernel asks its hook for no file that was opened with O_PATH. */
	if (!file || BPF_CORE_READ(file, f_flags) & O_PATH)
		return 0;
	return on_security_file_open((struct hook){ .returned = true }, file);
}

AFTER_CALL(security_file_open)
