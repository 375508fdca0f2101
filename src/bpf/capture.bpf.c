// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Reports files and memory, and sends bytes of user memory; and memory that programs make
 * executable. Written files are in writes.bpf.c.
 */
#include "lib/capture.h"
#include "lib/event.h"
#include "lib/inode.h"

__noinline int take_file(__u32 slot, __u32 what, __u64 address, __u32 flags, __u32 fd)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct file *file = (struct file *)address;
	struct inode *inode;

	if (!s)
		return 0;
	record_begin(slot, EVENT_ARTIFACT_CAPTURED, TAKEN_VALUES, bpf_ktime_get_boot_ns());
	inode = BPF_CORE_READ(file, f_inode);
	put_value(s, TAKEN_WHAT, what);
	put_value(s, TAKEN_PID, pid_for_tracee(current_task()));
	put_value(s, TAKEN_DEV, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, TAKEN_INODE, BPF_CORE_READ(inode, i_ino));
	put_value(s, TAKEN_GENERATION, BPF_CORE_READ(inode, i_generation));
	put_value(s, TAKEN_SIZE, BPF_CORE_READ(inode, i_size));
	put_value(s, TAKEN_MTIME, inode_mtime(inode));
	put_value(s, TAKEN_CTIME, inode_ctime(inode));
	put_value(s, TAKEN_MODE, BPF_CORE_READ(inode, i_mode));
	put_value(s, TAKEN_MAGIC, BPF_CORE_READ(inode, i_sb, s_magic));
	put_value(s, TAKEN_LINKS, BPF_CORE_READ(inode, i_nlink));
	put_value(s, TAKEN_FLAGS, flags);
	put_value(s, TAKEN_FD, fd);
	if (address)
		put_path(slot, TAKEN_PATH, address + bpf_core_field_offset(struct file, f_path));
	return 0;
}

/* Sends one chunk of at most `room` bytes; false if they cannot be read. */
static __always_inline bool send_chunk(struct scratch *s, const __u64 room, __u64 addr, __u64 len,
				       __u64 offset)
{
	const struct chunk *head = (const struct chunk *)s->bytes;
	struct chunk *chunk = bpf_ringbuf_reserve(&captures, sizeof(*chunk) + room, 0);

	if (!chunk) {
		count_capture_loss();
		return true;
	}
	*chunk = *head;
	bounded(len);
	if (len > room)
		len = room;
	if (bpf_probe_read_user(chunk + 1, len, (void *)addr)) {
		bpf_ringbuf_discard(chunk, BPF_RB_NO_WAKEUP);
		return false;
	}
	chunk->offset = offset;
	chunk->len = len;
	bpf_ringbuf_submit(chunk, 0);
	return true;
}

/* Sends some of the bytes in s->send: those of one page only, if not all are present. */
__noinline int send_step(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 addr, len, offset;
	bool sent;

	if (!s || !s->send.len)
		return STEP_END;
	addr = s->send.addr;
	offset = s->send.offset;
	len = s->send.len < CHUNK_BIG ? s->send.len : CHUNK_BIG;
	if (len <= CHUNK_SMALL)
		sent = send_chunk(s, CHUNK_SMALL, addr, len, offset);
	else if (len <= CHUNK_PAGE)
		sent = send_chunk(s, CHUNK_PAGE, addr, len, offset);
	else
		sent = send_chunk(s, CHUNK_BIG, addr, len, offset);
	if (!sent) {
		__u64 page = CHUNK_PAGE - (addr & (CHUNK_PAGE - 1));

		if (len > page)
			len = page;
		if (!send_chunk(s, CHUNK_PAGE, addr, len, offset))
			send_hole(s, len, offset, 0);
	}
	s->send.addr = addr + len;
	s->send.offset = offset + len;
	s->send.len -= len;
	return STEP_MORE;
}

__noinline int send_steps(__u32 slot)
{
	for (int i = 0; i < LOOP_ROUNDS; i++) {
		if (send_step(slot) != STEP_MORE)
			return STEP_END;
	}
	return STEP_MORE;
}

__noinline int send_bytes(__u32 slot, __u64 addr, __u64 len, __u64 offset)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (!s)
		return 0;
	s->send.addr = addr;
	s->send.len = len;
	s->send.offset = offset;
	for (int i = 0; i < CHUNKS_MAX / LOOP_ROUNDS; i++) {
		if (send_steps(slot) != STEP_MORE)
			return 0;
	}
	if (s->send.len)
		send_hole(s, s->send.len, s->send.offset, 0);
	return 0;
}

/*
 * Memory.
 */

/*
 * False if a process has used up its budget: programs that compile while they run would fill the
 * disk.
 */
static __always_inline bool within_budget(struct task_struct *task)
{
	__u64 start = TASK_READ(task, group_leader, start_boottime);
	__u32 tgid = TASK_READ(task, tgid);
	struct memory_budget *budget = bpf_map_lookup_elem(&memory_budgets, &tgid);
	__u64 now = bpf_ktime_get_boot_ns();

	if (!budget || budget->start != start) {
		struct memory_budget fresh = { .start = start, .since = now, .count = 1 };

		bpf_map_update_elem(&memory_budgets, &tgid, &fresh, BPF_ANY);
		return true;
	}
	if (now - budget->since >= 1000000000ULL) {
		budget->since = now;
		budget->count = 0;
	}
	__sync_fetch_and_add(&budget->count, 1);
	return budget->count <= MEMORY_PER_SECOND;
}

__noinline int take_memory(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct task_struct *task = current_task();
	__u64 alert, addr, len;
	struct chunk *head;

	if (!s)
		return 0;
	if (!within_budget(task)) {
		__sync_fetch_and_add(&capture_misses.memory_skipped, 1);
		return 0;
	}
	alert = *record_value(s, ARG_MEM_PROT_ALERT_ALERT);
	addr = *record_value(s, ARG_MEM_PROT_ALERT_ADDR);
	len = *record_value(s, ARG_MEM_PROT_ALERT_LEN);
	if (!send_record(s))
		return 0;
	head = (struct chunk *)s->bytes;
	/* Taken from the record, which the chunk's header will overwrite. */
	head->alert = s->header.time;
	head->alert_tid = TASK_READ(task, pid);
	head->mark = CHUNK_MARK;
	head->inode = 0;
	head->dev = 0;
	head->generation = 0;
	head->mtime = 0;
	head->size = len;
	head->hole = 0;
	head->pid = pid_for_tracee(task);
	head->flags = CHUNK_MEMORY;
	head->reserved = 0;
	head->padding = 0;
	/* Nothing can have been written there yet. */
	if (alert == ALERT_MAPPED_WX) {
		send_hole(s, len, addr, CHUNK_LAST);
		return 0;
	}
	send_bytes(slot, addr, len, addr);
	send_hole(s, 0, addr + len, CHUNK_LAST);
	return 0;
}

/*
 * Whether the file's content may come from a traced program: it can still be written to, has no
 * name, or is younger than the process.
 */
static __always_inline bool may_be_written(struct task_struct *task, struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	return BPF_CORE_READ(file, f_mode) & FMODE_WRITE || !BPF_CORE_READ(inode, i_nlink) ||
	       inode_mtime(inode) >= epoch_of_boot + TASK_READ(task, group_leader, start_boottime);
}

static __always_inline int after_capture_mmap(const struct returned_call *call)
{
	struct inode *inode;
	struct scratch *s;
	struct file *file;
	int slot;

	/* A mapping that is also writable is an alert already. */
	if (call->event != EVENT_MMAP || (__u64)call->ret >= ERRORS_FROM ||
	    (effective(call->args[2]) & (PROT_EXEC | PROT_WRITE)) != PROT_EXEC ||
	    call->args[3] & MAP_ANONYMOUS)
		return 0;
	file = file_of_fd(call->args[4]);
	if (!file || !(effective_of_file(call->args[2], file) & PROT_EXEC) ||
	    !may_be_written(current_task(), file))
		return 0;
	slot = event_open(EVENT_MEM_PROT_ALERT, MAPPED_VALUES, call->ret, true);
	if (slot < 0)
		return 0;
	s = bpf_map_lookup_elem(&scratch, &slot);
	if (!s)
		return 0;
	put_value(s, ARG_MEM_PROT_ALERT_ALERT, ALERT_WRITTEN_FILE);
	put_value(s, ARG_MEM_PROT_ALERT_ADDR, call->ret);
	put_value(s, ARG_MEM_PROT_ALERT_LEN,
		  (call->args[1] + CHUNK_PAGE - 1) & ~(CHUNK_PAGE - 1ULL));
	inode = BPF_CORE_READ(file, f_inode);
	put_value(s, MAPPED_MAGIC, BPF_CORE_READ(inode, i_sb, s_magic));
	put_value(s, MAPPED_FD, call->args[4]);
	put_value(s, MAPPED_OFFSET, call->args[5]);
	put_value(s, MAPPED_DEV, BPF_CORE_READ(inode, i_sb, s_dev));
	put_value(s, MAPPED_INODE, BPF_CORE_READ(inode, i_ino));
	put_path(s->slot, ARG_MEM_PROT_ALERT_PATHNAME, FIELD_ADDRESS(file, f_path));
	take_memory(s->slot);
	scratch_put(s);
	return 0;
}

AFTER_CALL(capture_mmap)
