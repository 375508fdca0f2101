// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Files that programs write.
 *
 * Bytes are read from user memory when a call has returned. That memory may have changed since the
 * kernel read it, if other threads share it, and so may a shared position: such bytes are marked,
 * and user space reads the file itself.
 */
#include "lib/capture.h"
#include "lib/event.h"
#include "lib/inode.h"

#define IOVECS_MAX 1024

/* Since 6.13; counts from 0. */
struct file_ref___6_13 {
	atomic64_t refcnt;
} __attribute__((preserve_access_index));

struct file___6_13 {
	struct file_ref___6_13 f_ref;
} __attribute__((preserve_access_index));

/* Others may move its position, or write to the memory that was written from, at any time. */
static __always_inline bool is_shared(struct task_struct *task, struct file *file)
{
	struct file___6_13 *newer = (void *)file;
	__s64 more;

	if (bpf_core_field_exists(newer->f_ref))
		more = BPF_CORE_READ(newer, f_ref.refcnt.counter);
	else
		more = BPF_CORE_READ(file, f_count.counter) - 1;
	return more > 0 || TASK_READ(task, mm, mm_users.counter) > 1;
}

static __always_inline struct captured_key key_of(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return (struct captured_key){
		.inode = BPF_CORE_READ(inode, i_ino),
		.dev = BPF_CORE_READ(inode, i_sb, s_dev),
		.generation = BPF_CORE_READ(inode, i_generation),
	};
}

static __always_inline bool is_regular(struct file *file)
{
	return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFREG;
}

/* Reports to user space what a process has done by a name. */
__noinline int report_name(__u32 what, __u64 name)
{
	struct scratch *s = scratch_get();

	if (!s) {
		count_capture_loss();
		return 0;
	}
	take_file(s->slot, what, 0, 0, 0);
	if (name)
		put_user_str(s->slot, TAKEN_NAME, name);
	send_record(s);
	scratch_put(s);
	return 0;
}

/* Reports a file to user space. */
__noinline int report_file(__u32 what, __u32 flags, __u32 fd)
{
	struct captured_file fresh = { .unseen = what == TAKE_UNSEEN };
	struct file *file = file_of_fd(fd);
	struct captured_key key = key_of(file);
	struct scratch *s = scratch_get();

	if (!s) {
		count_capture_loss();
		return 0;
	}
	take_file(s->slot, what, plain_address(file), flags, fd);
	/* A report that found no room is repeated. */
	if (send_record(s))
		bpf_map_update_elem(&captured_files, &key, &fresh, BPF_ANY);
	scratch_put(s);
	return 0;
}

/*
 * What must be reported of a call: REPORT_NOTHING, or one of TAKE_* and, above REPORT_FLAGS, flags of
 * FILE_*. The functions below decide that, one after the other, so that none needs the stack of
 * all.
 */
#define REPORT_NOTHING 0
#define REPORT_WHAT 0xff
#define REPORT_FLAGS 8

/* Every open for writing is reported: the file may be another one by now, or empty. */
__noinline int open_report(__u32 fd)
{
	struct file *file = file_of_fd(fd);
	int report = TAKE_FILE;
	__u32 mode;

	if (!file || !is_regular(file))
		return REPORT_NOTHING;
	mode = BPF_CORE_READ(file, f_mode);
	/*
	 * f_flags has lost O_TRUNC; a file that is empty after its open lost nothing if it was so
	 * before.
	 */
	if (!(mode & FMODE_WRITE))
		return REPORT_NOTHING;
	if (mode & FMODE_CREATED)
		report |= FILE_CREATED << REPORT_FLAGS;
	if (!BPF_CORE_READ(file, f_inode, i_size))
		report |= FILE_EMPTY << REPORT_FLAGS;
	return report;
}

/* A file whose content changes otherwise than from its caller's memory. */
__noinline int unseen_report(__u32 fd)
{
	struct file *file = file_of_fd(fd);
	struct captured_file *known;
	struct captured_key key;

	if (!file || !is_regular(file) || !(BPF_CORE_READ(file, f_mode) & FMODE_WRITE))
		return REPORT_NOTHING;
	key = key_of(file);
	known = bpf_map_lookup_elem(&captured_files, &key);
	return known && (known->skip || known->unseen) ? REPORT_NOTHING : TAKE_UNSEEN;
}

/* Where a write that has returned began; false if that is uncertain. */
static __always_inline bool find_position(const struct returned_call *call, struct file *file,
					  __u64 *pos)
{
	__u64 given = given_position(call);
	bool append = BPF_CORE_READ(file, f_flags) & O_APPEND;

	if (call->event == EVENT_WRITE || call->event == EVENT_WRITEV ||
	    (call->event == EVENT_PWRITEV2 && given == OWN_POSITION)) {
		*pos = BPF_CORE_READ(file, f_pos) - call->ret;
		return true;
	}
	if (append || (call->event == EVENT_PWRITEV2 && call->args[5] & RWF_APPEND)) {
		*pos = BPF_CORE_READ(file, f_inode, i_size) - call->ret;
		/* Another append may have come in between. */
		return false;
	}
	*pos = given;
	return true;
}

/* Prepares the slot to send what was written: in scratch.write. */
__noinline int write_report(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct captured_file *known;
	struct captured_key key;
	struct inode *inode;
	struct file *file;
	struct chunk *head;
	__u64 pos = 0;
	bool sure;

	if (!s)
		return REPORT_NOTHING;
	file = file_of_fd(s->call.args[0]);
	if (!file || !is_regular(file))
		return REPORT_NOTHING;
	key = key_of(file);
	known = bpf_map_lookup_elem(&captured_files, &key);
	if (known && known->skip)
		return REPORT_NOTHING;
	sure = find_position(&s->call, file, &pos);
	inode = BPF_CORE_READ(file, f_inode);
	head = (struct chunk *)s->bytes;
	head->mark = CHUNK_MARK;
	head->inode = key.inode;
	head->dev = key.dev;
	head->generation = key.generation;
	head->alert = 0;
	head->alert_tid = 0;
	head->offset = 0;
	head->mtime = inode_mtime(inode);
	head->size = BPF_CORE_READ(inode, i_size);
	head->hole = 0;
	head->len = 0;
	head->pid = pid_for_tracee(current_task());
	head->flags = sure && !is_shared(current_task(), file) ? 0 : CHUNK_UNSURE;
	head->reserved = 0;
	head->padding = 0;
	s->write.left = s->call.ret;
	s->write.offset = pos;
	if (known)
		return REPORT_NOTHING;
	return TAKE_FILE | (!pos && head->size == s->call.ret ? FILE_EMPTY << REPORT_FLAGS : 0);
}

/* Sends one buffer of writev(2) and its like, as far as it was written. */
__noinline int send_iovec(__u32 slot, __u64 at, __u32 pointer_bytes)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 base, len, offset;

	if (!s || !s->write.left)
		return STEP_END;
	if (pointer_bytes == 8) {
		__u64 wide[2] = {};

		if (bpf_probe_read_user(wide, sizeof(wide), (void *)at))
			return STEP_FAULT;
		base = wide[0];
		len = wide[1];
	} else {
		__u32 narrow[2] = {};

		if (bpf_probe_read_user(narrow, sizeof(narrow), (void *)at))
			return STEP_FAULT;
		base = narrow[0];
		len = narrow[1];
	}
	if (len > s->write.left)
		len = s->write.left;
	offset = s->write.offset;
	s->write.left -= len;
	s->write.offset += len;
	send_bytes(slot, base, len, offset);
	return STEP_MORE;
}

__noinline int send_iovec_steps(__u32 slot, __u64 at, __u32 count, __u32 pointer_bytes)
{
	for (int i = 0; i < LOOP_ROUNDS; i++) {
		if (i >= count ||
		    send_iovec(slot, at + 2 * (__u64)i * pointer_bytes, pointer_bytes) != STEP_MORE)
			return STEP_END;
	}
	return STEP_MORE;
}

/* Count is at most IOVECS_MAX, or the call had failed. */
__noinline int send_iovecs(__u32 slot, __u64 at, __u32 count, __u32 pointer_bytes)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (!s)
		return 0;
	for (int i = 0; i < IOVECS_MAX && i < count; i += LOOP_ROUNDS) {
		if (send_iovec_steps(slot, at + 2 * (__u64)i * pointer_bytes, count - i,
				     pointer_bytes) != STEP_MORE)
			break;
	}
	if (s->write.left)
		send_hole(s, s->write.left, s->write.offset, 0);
	return 0;
}

/* Sends the write that write_report() has found. */
static __always_inline void send_write(struct scratch *s)
{
	if (s->call.event == EVENT_WRITE || s->call.event == EVENT_PWRITE64)
		send_bytes(s->slot, s->call.args[1], s->write.left, s->write.offset);
	else
		send_iovecs(s->slot, s->call.args[1], s->call.args[2], pointer_size(s->call.abi));
}

/* What changes a file, by a call that has returned; the file is open as scratch.write.fd. */
#define BY_NOBODY 0
#define BY_CALLER 1 /* from its memory */
#define BY_OPEN 2 /* which may have emptied it */
#define BY_KERNEL 3
#define BY_NAME 4
#define BY_RING 5 /* the kernel, later on */

static __always_inline __u32 who_writes(const struct returned_call *call, __u64 *fd)
{
	switch (call->event) {
	case EVENT_WRITE:
	case EVENT_WRITEV:
	case EVENT_PWRITE64:
	case EVENT_PWRITEV:
	case EVENT_PWRITEV2:
		*fd = call->args[0];
		return call->ret ? BY_CALLER : BY_NOBODY;
	case EVENT_OPEN:
	case EVENT_OPENAT:
	case EVENT_OPENAT2:
	case EVENT_CREAT:
	case EVENT_OPEN_BY_HANDLE_AT:
	case EVENT_MEMFD_CREATE:
		*fd = call->ret;
		return BY_OPEN;
	case EVENT_SENDFILE:
	case EVENT_FTRUNCATE:
	case EVENT_FALLOCATE:
		*fd = call->args[0];
		return BY_KERNEL;
	case EVENT_SPLICE:
	case EVENT_COPY_FILE_RANGE:
		*fd = call->args[2];
		return call->ret ? BY_KERNEL : BY_NOBODY;
	case EVENT_IOCTL:
		*fd = call->args[0];
		return (__u32)call->args[1] == FICLONE || (__u32)call->args[1] == FICLONERANGE ?
			       BY_KERNEL :
			       BY_NOBODY;
	case EVENT_MMAP:
		/* Later changes of its protection need a file that is open for writing, too. */
		*fd = call->args[4];
		return call->args[3] & MAP_SHARED && !(call->args[3] & MAP_ANONYMOUS) ? BY_KERNEL :
											BY_NOBODY;
	case EVENT_TRUNCATE:
		return BY_NAME;
	case EVENT_IO_SETUP:
	case EVENT_IO_URING_SETUP:
		return BY_RING;
	}
	return BY_NOBODY;
}

/*
 * Returns a slot for a call that may have changed a file (src/loader/marks.rs lists all of them),
 * with BY_* in scratch.write.who; or -1.
 */
static __always_inline int slot_for(const struct returned_call *call)
{
	struct scratch *s;
	__u64 fd = 0;
	__u32 who = who_writes(call, &fd);

	if (who == BY_NOBODY)
		return -1;
	s = scratch_get();
	if (!s) {
		count_capture_loss();
		return -1;
	}
	s->call = *call;
	s->write.left = 0;
	s->write.fd = fd;
	s->write.who = who;
	return s->slot;
}

/* A function of its own: struct returned_call takes much of the stack. */
__noinline int writing_call(void)
{
	const struct returned_call *call = this_call();

	return call && call->ret >= 0 ? slot_for(call) : -1;
}

static __always_inline int capture_write(int slot)
{
	int report = REPORT_NOTHING;
	struct scratch *s;
	__u32 fd;

	if (slot < 0)
		return 0;
	s = bpf_map_lookup_elem(&scratch, &slot);
	if (!s)
		return 0;
	fd = s->write.fd;
	switch (s->write.who) {
	case BY_CALLER:
		report = write_report(slot);
		break;
	case BY_OPEN:
		report = open_report(fd);
		break;
	case BY_KERNEL:
		report = unseen_report(fd);
		break;
	case BY_NAME:
		report_name(TAKE_TRUNCATED, s->call.args[0]);
		break;
	case BY_RING:
		report_name(TAKE_UNSEEN_ANY, 0);
		break;
	}
	if (report != REPORT_NOTHING)
		report_file(report & REPORT_WHAT, report >> REPORT_FLAGS, fd);
	if (s->write.left)
		send_write(s);
	scratch_put(s);
	return 0;
}

/* Not by AFTER_CALL(), which has no slot for it. */
__noinline int capture_write__body(__u32 number)
{
	bounded(number);
	return capture_write(writing_call());
}

AFTER_PROGRAMS(capture_write)
