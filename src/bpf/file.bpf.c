// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Files opened, read and written, as the kernel itself sees them. */
#include "lib/event.h"
#include "lib/inode.h"

/* A direction, as the kernel has it. */
#define WRITE 1

/* Like put_file_path() of lib/memory.h, but by the file's name and mount. */
static __always_inline void put_opened_path(struct scratch *s, __u32 index, struct file *file)
{
	put_path_of(s->slot, index, (__u64)BPF_CORE_READ(file, f_path.dentry),
		    (__u64)BPF_CORE_READ(file, f_path.mnt));
}

/* Attributes of an open file, at these positions. */
static __always_inline void put_file(struct scratch *s, __u32 pathname, __u32 dev, __u32 ino,
				     struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	put_opened_path(s, pathname, file);
	put_value(s, dev, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, ino, BPF_CORE_READ(inode, i_ino));
}

static __always_inline int on_security_file_open(struct hook hook, struct file *file)
{
	struct scratch *s = event_begin(SECURITY_FILE_OPEN, hook);
	struct inode *inode;

	if (!s)
		return 0;
	inode = BPF_CORE_READ(file, f_inode);
	put_opened_path(s, ARG_SECURITY_FILE_OPEN_PATHNAME, file);
	put_value(s, ARG_SECURITY_FILE_OPEN_FLAGS, BPF_CORE_READ(file, f_flags));
	put_value(s, ARG_SECURITY_FILE_OPEN_DEV, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, ARG_SECURITY_FILE_OPEN_INODE, BPF_CORE_READ(inode, i_ino));
	put_value(s, ARG_SECURITY_FILE_OPEN_CTIME, inode_ctime(inode));
	put_value(s, ARG_SECURITY_FILE_OPEN_TYPE, BPF_CORE_READ(inode, i_mode) & S_IFMT);
	return event_end(s);
}

HOOK(security_file_open, security_file_open, (struct file * file), (file))

/* What an opening call has left: the file behind its new fd. */
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
	/* The kernel does not call its hook for a file that was opened with O_PATH. */
	if (!file || BPF_CORE_READ(file, f_flags) & O_PATH)
		return 0;
	return on_security_file_open((struct hook){ .returned = true }, file);
}

AFTER_CALL(security_file_open)

static __always_inline int on_security_kernel_read_file(struct hook hook, struct file *file,
							__u32 id, bool contents)
{
	struct scratch *s = event_begin(SECURITY_KERNEL_READ_FILE, hook);

	if (!s)
		return 0;
	put_file(s, ARG_SECURITY_KERNEL_READ_FILE_PATHNAME, ARG_SECURITY_KERNEL_READ_FILE_DEV,
		 ARG_SECURITY_KERNEL_READ_FILE_INODE, file);
	put_value(s, ARG_SECURITY_KERNEL_READ_FILE_ID, id);
	put_value(s, ARG_SECURITY_KERNEL_READ_FILE_CONTENTS, contents);
	return event_end(s);
}

HOOK(security_kernel_read_file, security_kernel_read_file,
     (struct file * file, unsigned int id, bool contents), (file, id, contents))

/*
 * The files that a call has made the kernel read: only if it succeeded, since a failed call may
 * have been stopped before.
 */
static __always_inline int after_security_kernel_read_file(const struct returned_call *call)
{
	struct hook hook = { .returned = true };
	struct file *file;

	if (call->ret < 0)
		return 0;
	if (call->event != EVENT_FINIT_MODULE && call->event != EVENT_KEXEC_FILE_LOAD)
		return 0;
	file = file_of_fd(call->args[0]);
	if (!file)
		return 0;
	return on_security_kernel_read_file(
		hook, file,
		call->event == EVENT_FINIT_MODULE ? READING_MODULE : READING_KEXEC_IMAGE, true);
}

AFTER_CALL(security_kernel_read_file)

static __always_inline int on_security_file_ioctl(struct hook hook, struct file *file, __u32 cmd,
						  __u64 arg)
{
	struct scratch *s = event_begin(SECURITY_FILE_IOCTL, hook);

	if (!s)
		return 0;
	put_file(s, ARG_SECURITY_FILE_IOCTL_PATHNAME, ARG_SECURITY_FILE_IOCTL_DEV,
		 ARG_SECURITY_FILE_IOCTL_INODE, file);
	put_value(s, ARG_SECURITY_FILE_IOCTL_CMD, cmd);
	put_value(s, ARG_SECURITY_FILE_IOCTL_ARG, arg);
	return event_end(s);
}

HOOK(security_file_ioctl, security_file_ioctl,
     (struct file * file, unsigned int cmd, unsigned long arg), (file, cmd, arg))

/* Since 6.8, and in later stable kernels: calls of 32-bit programs ask this hook. */
#define on_security_file_ioctl_compat on_security_file_ioctl
HOOK(security_file_ioctl_compat, security_file_ioctl_compat,
     (struct file * file, unsigned int cmd, unsigned long arg), (file, cmd, arg))

/* The kernel asks first of all, also when the file then refuses the request. */
static __always_inline int after_security_file_ioctl(const struct returned_call *call)
{
	/* A failed call does not show what the hook returned. */
	struct hook hook = { .returned = call->ret >= 0 };
	struct file *file;

	if (call->event != EVENT_IOCTL)
		return 0;
	/* A kernel without the x32 ABI knows no such call. */
	if (call->abi == ABI_X32 && call->ret == -ENOSYS)
		return 0;
	file = file_of_fd(call->args[0]);
	/* The kernel does not call its hook for a file that was opened with O_PATH. */
	if (!file || BPF_CORE_READ(file, f_flags) & O_PATH)
		return 0;
	return on_security_file_ioctl(hook, file, call->args[1], call->args[2]);
}

AFTER_CALL(security_file_ioctl)

/*
 * Reading and writing.
 */

/* Whether a file has a position; for all others -1 is reported. */
static __always_inline bool has_position(struct file *file)
{
	__u16 type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;

	return type == S_IFREG || type == S_IFBLK;
}

SAME_ARGS(VFS_WRITEV, VFS_WRITE, PATHNAME, DEV, INODE, COUNT, POS);
SAME_ARGS(VFS_READ, VFS_WRITE, PATHNAME, DEV, INODE, COUNT, POS);
SAME_ARGS(VFS_READV, VFS_WRITE, PATHNAME, DEV, INODE, COUNT, POS);
SAME_ARGS(FILE_MODIFICATION, VFS_WRITE, PATHNAME, DEV, INODE, COUNT, POS);

static __always_inline int on_transfer(__u16 event, struct hook hook, struct file *file,
				       __u64 count, __s64 pos)
{
	struct scratch *s = event_begin_with(event, NARGS_VFS_WRITE, hook);

	if (!s)
		return 0;
	put_file(s, ARG_VFS_WRITE_PATHNAME, ARG_VFS_WRITE_DEV, ARG_VFS_WRITE_INODE, file);
	put_value(s, ARG_VFS_WRITE_COUNT, count);
	put_value(s, ARG_VFS_WRITE_POS, pos);
	return event_end(s);
}

/* Where the transfer began, from a position that has moved on by what was transferred. */
static __always_inline __s64 moved_back(__s64 pos, struct hook hook)
{
	return hook.returned && hook.ret > 0 && pos >= hook.ret ? pos - hook.ret : pos;
}

static __always_inline __s64 position(struct file *file, const loff_t *at, struct hook hook,
				      bool write)
{
	loff_t pos;

	if (!has_position(file) || bpf_probe_read_kernel(&pos, sizeof(pos), at))
		return -1;
	if (!hook.returned && write && BPF_CORE_READ(file, f_flags) & O_APPEND)
		return BPF_CORE_READ(file, f_inode, i_size);
	return moved_back(pos, hook);
}

#define TRANSFER(event, id, write, function, params, count)                                   \
	static __always_inline int on_##event(struct hook hook, struct file *file, __u64 n,   \
					      const loff_t *pos)                              \
	{                                                                                     \
		return on_transfer(id, hook, file, n, position(file, pos, hook, write));      \
	}                                                                                     \
                                                                                              \
	SEC("fexit/" #function)                                                               \
	int HOOK_DEFINE(BPF_PROG, event##__fexit, UNPAREN params, int ret)                    \
	{                                                                                     \
		return on_##event((struct hook){ .ret = ret, .returned = true }, file, count, \
				  raw_argument(ctx, 3));                                      \
	}                                                                                     \
	HOOK_KPROBE(event, function, params, (file, count, pos))

TRANSFER(vfs_write, EVENT_VFS_WRITE, true, vfs_write,
	 (struct file * file, const char *buf, __u64 count, loff_t *pos), count)
TRANSFER(vfs_read, EVENT_VFS_READ, false, vfs_read,
	 (struct file * file, char *buf, __u64 count, loff_t *pos), count)
TRANSFER(vfs_writev, EVENT_VFS_WRITEV, true, vfs_writev,
	 (struct file * file, const struct iovec *vec, __u64 vlen, loff_t *pos, int flags), vlen)
TRANSFER(vfs_readv, EVENT_VFS_READV, false, vfs_readv,
	 (struct file * file, const struct iovec *vec, __u64 vlen, loff_t *pos, int flags), vlen)

/* A call that has read or written, as seen from its file. */
static __always_inline int after_transfer(__u16 event, const struct returned_call *call, bool write,
					  bool positioned)
{
	struct hook hook = { .ret = call->ret, .returned = true };
	struct file *file = file_of_fd(call->args[0]);
	__s64 pos = given_position(call);

	/* A call with a position of its own may have failed before it reached the file. */
	if (!file || (positioned && call->ret < 0))
		return 0;
	if (!has_position(file))
		pos = -1;
	else if (!positioned)
		pos = moved_back(BPF_CORE_READ(file, f_pos), hook);
	else if (write && BPF_CORE_READ(file, f_flags) & O_APPEND)
		pos = moved_back(BPF_CORE_READ(file, f_inode, i_size), hook);
	return on_transfer(event, hook, file, call->args[2], pos);
}

#define AFTER_TRANSFER(name, id, write, plain, at, at2)                                 \
	static __always_inline int after_##name(const struct returned_call *call)       \
	{                                                                               \
		if (call->event != plain && call->event != at && call->event != at2)    \
			return 0;                                                       \
		return after_transfer(id, call, write,                                  \
				      call->event != plain &&                           \
					      !(call->event == at2 &&                   \
						given_position(call) == OWN_POSITION)); \
	}                                                                               \
	AFTER_CALL(name)

AFTER_TRANSFER(vfs_write, EVENT_VFS_WRITE, true, EVENT_WRITE, EVENT_PWRITE64, NO_SYSCALL)
AFTER_TRANSFER(vfs_read, EVENT_VFS_READ, false, EVENT_READ, EVENT_PREAD64, NO_SYSCALL)
AFTER_TRANSFER(vfs_writev, EVENT_VFS_WRITEV, true, EVENT_WRITEV, EVENT_PWRITEV, EVENT_PWRITEV2)
AFTER_TRANSFER(vfs_readv, EVENT_VFS_READV, false, EVENT_READV, EVENT_PREADV, EVENT_PREADV2)

/*
 * The kernel calls this function for each write to a file, by every way: write(2) and its like,
 * splice, sendfile, copy_file_range, io_uring.
 */
static __always_inline int on_file_modification(struct hook hook, int direction, struct file *file,
						const loff_t *at, __u64 count)
{
	/* The hook's result does not show what was transferred. */
	struct hook before = {};

	if (direction != WRITE || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	return on_transfer(EVENT_FILE_MODIFICATION, hook, file, count,
			   position(file, at, before, true));
}

SEC("fexit/rw_verify_area")
int BPF_PROG(file_modification__fexit, int direction, struct file *file, const loff_t *at,
	     __u64 count, int ret)
{
	return on_file_modification((struct hook){ .ret = ret, .returned = true }, direction, file,
				    raw_argument(ctx, 2), count);
}

HOOK_KPROBE(file_modification, rw_verify_area,
	    (int direction, struct file *file, const loff_t *at, __u64 count),
	    (direction, file, at, count))

/* After the call: what it has written, and from which position on if the kernel still knows. */
static __always_inline int after_file_modification(const struct returned_call *call)
{
	struct hook hook = { .ret = call->ret, .returned = true };
	__u64 fd = call->args[0];
	bool positioned = false;
	struct file *file;
	__s64 pos = -1;

	if (call->ret <= 0)
		return 0;
	switch (call->event) {
	case EVENT_WRITE:
	case EVENT_WRITEV:
	case EVENT_SENDFILE:
		break;
	case EVENT_PWRITE64:
	case EVENT_PWRITEV:
		positioned = true;
		break;
	case EVENT_PWRITEV2:
		positioned = given_position(call) != OWN_POSITION;
		break;
	case EVENT_SPLICE:
	case EVENT_COPY_FILE_RANGE:
		fd = call->args[2];
		break;
	default:
		return 0;
	}
	file = file_of_fd(fd);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFREG)
		return 0;
	if (positioned && BPF_CORE_READ(file, f_flags) & O_APPEND)
		pos = moved_back(BPF_CORE_READ(file, f_inode, i_size), hook);
	else if (positioned)
		pos = given_position(call);
	else if (fd == call->args[0] || !call->args[3])
		pos = moved_back(BPF_CORE_READ(file, f_pos), hook);
	hook.ret = 0;
	return on_transfer(EVENT_FILE_MODIFICATION, hook, file, call->ret, pos);
}

AFTER_CALL(file_modification)
