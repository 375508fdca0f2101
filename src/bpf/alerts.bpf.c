// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Memory that is written and executed: mem_prot_alert, by hooks, and from what a call has left. */
#include "lib/memory.h"

static __always_inline bool has(__u64 prot, __u64 bits)
{
	return (prot & bits) == bits;
}

/*
 * Whether an area may hold what a process has written, whatever its protection
 * has been since: it has pages of its own there; or it is shared memory that is
 * written by this very mapping, and that holds anything.
 */
static __always_inline bool is_written(__u64 flags, __u64 anon_vma, struct file *file)
{
	struct inode *inode;

	if (anon_vma)
		return true;
	if (!has(flags, VM_SHARED | VM_MAYWRITE))
		return false;
	inode = BPF_CORE_READ(file, f_inode);
	return (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG ||
	       BPF_CORE_READ(inode, i_blocks) || BPF_CORE_READ(inode, i_mapping, nrpages);
}

/* 0: nothing to report. */
static __always_inline __u32 protection_alert(__u64 prev, __u64 prot, bool written)
{
	if (!(prot & PROT_EXEC))
		return 0;
	if (prot & PROT_WRITE) {
		if (has(prev, PROT_WRITE | PROT_EXEC))
			return 0;
		return prev & PROT_EXEC ? ALERT_X_TO_WX : ALERT_TO_WX;
	}
	if (prev & PROT_EXEC)
		return prev & PROT_WRITE ? ALERT_WX_TO_X : 0;
	return prev & PROT_WRITE || written ? ALERT_W_TO_X : 0;
}

static __always_inline struct scratch *alert_begin(struct hook hook, __u32 alert, __u64 addr,
						   __u64 len, __u64 prot, __u64 prev)
{
	struct scratch *s = event_begin(MEM_PROT_ALERT, hook);

	if (!s)
		return NULL;
	put_value(s, ARG_MEM_PROT_ALERT_ALERT, alert);
	put_value(s, ARG_MEM_PROT_ALERT_ADDR, addr);
	put_value(s, ARG_MEM_PROT_ALERT_LEN, len);
	put_value(s, ARG_MEM_PROT_ALERT_PROT, prot);
	put_value(s, ARG_MEM_PROT_ALERT_PREV_PROT, prev);
	return s;
}

/* The alert is shown, or its memory is captured, or both. */
static __always_inline int alert_end(struct scratch *s)
{
	if (settings.chosen[EVENT_MEM_PROT_ALERT] == EVENT_SHOWN)
		submit(s);
	if (capturing & CAPTURE_MEM)
		take_memory(s->slot);
	scratch_put(s);
	return 0;
}

static __always_inline int map_alert(struct file *file, __u64 addr, __u64 len, __u64 prot)
{
	struct hook hook = { .ret = addr, .returned = true };
	struct scratch *s;

	prot = effective_of_file(prot, file);
	if (addr >= ERRORS_FROM || !has(prot, PROT_WRITE | PROT_EXEC))
		return 0;
	s = alert_begin(hook, ALERT_MAPPED_WX, addr, (len + PAGE_BITS) & ~PAGE_BITS, prot, 0);
	if (!s)
		return 0;
	put_file_path(s, ARG_MEM_PROT_ALERT_PATHNAME, file);
	return alert_end(s);
}

/* mmap(2), and what an execve maps. */
SEC("fexit/vm_mmap_pgoff")
int BPF_PROG(mem_prot_alert_mmap__fexit, struct file *file, unsigned long addr, unsigned long len,
	     unsigned long prot, unsigned long flags, unsigned long pgoff, unsigned long ret)
{
	return map_alert(file, ret, len, prot);
}

/* Counts an alert of which it is unknown whether it was one. */
static __always_inline void count_unseen(__u32 buffer)
{
	if (settings.chosen[EVENT_MEM_PROT_ALERT] == EVENT_SHOWN)
		count_loss(EVENT_MEM_PROT_ALERT, buffer, bpf_ktime_get_boot_ns());
	if (capturing & CAPTURE_MEM)
		count_capture_loss();
}

/* A slot for looking at areas. */
static __always_inline struct scratch *looking_begin(void)
{
	struct scratch *s = scratch_get();

	if (!s)
		count_unseen(BUFFER_SCRATCH);
	return s;
}

/* The protection that an area with these flags got, of the requested one. */
static __always_inline __u64 got(__u64 prot, __u64 flags)
{
	prot &= PROT_RWX;
	return flags & VM_MAYEXEC ? effective(prot) : prot;
}

#define UNKNOWN_LEN (~0ULL)

/* An area that came to be writable and executable at once. */
static __always_inline int report_mapped(long ret, __u64 addr, __u64 len, __u64 prot, int found,
					 __u64 file)
{
	struct hook hook = { .ret = ret, .returned = true };
	bool known = len != UNKNOWN_LEN;
	struct scratch *s = alert_begin(hook, ALERT_MAPPED_WX, addr, known ? len : 0, prot, 0);

	if (!s)
		return 0;
	if (!known)
		put_unknown(s, ARG_MEM_PROT_ALERT_LEN);
	put_area_path(s, ARG_MEM_PROT_ALERT_PATHNAME, found, file);
	return alert_end(s);
}

/*
 * Registers contain all but the file, and whether memory that an old program may read is
 * executable. For old_mmap(2) they contain nothing: its memory may have changed, but the mapping
 * has what the kernel was given.
 */
static __always_inline int mapped_area(const struct returned_call *call, struct scratch *s)
{
	__u64 prot = effective(call->args[2]) & PROT_RWX, addr = call->ret;
	__u64 len = (call->args[1] + PAGE_BITS) & ~PAGE_BITS;
	int found = find_area(s, addr);

	if (found == AREA_FOUND) {
		__u64 rest = s->vma.end - addr;

		prot = call->within ? s->vma.flags & PROT_RWX : got(call->args[2], s->vma.flags);
		if (s->vma.flags & VM_HUGETLB || (call->within && (!len || len > rest)))
			len = rest;
	} else if (call->within ||
		   !((call->args[2] & PROT_EXEC) | (call->args[3] & MAP_ANONYMOUS))) {
		count_unseen(BUFFER_UNSEEN);
		return 0;
	}
	if (!has(prot, PROT_WRITE | PROT_EXEC))
		return 0;
	return report_mapped(call->ret, addr, len, prot, found, s->vma.file);
}

static __always_inline int after_mem_prot_alert_mmap__vma(const struct returned_call *call)
{
	struct scratch *s;

	if (call->event != EVENT_MMAP || (__u64)call->ret >= ERRORS_FROM ||
	    (!call->within && !has(effective(call->args[2]), PROT_WRITE | PROT_EXEC)))
		return 0;
	s = looking_begin();
	if (!s)
		return 0;
	mapped_area(call, s);
	scratch_put(s);
	return 0;
}

AFTER_CALL(mem_prot_alert_mmap__vma)

/* Without a search for the mapping: the file that is open as the call's fd. */
static __always_inline int after_mem_prot_alert_mmap__fd(const struct returned_call *call)
{
	struct file *file = NULL;

	if (call->event != EVENT_MMAP || (__u64)call->ret >= ERRORS_FROM)
		return 0;
	if (!(call->args[3] & MAP_ANONYMOUS))
		file = file_of_fd(call->args[4]);
	return map_alert(file, call->ret, call->args[1], call->args[2]);
}

AFTER_CALL(mem_prot_alert_mmap__fd)

static __always_inline int on_mem_prot_alert_mprotect(struct hook hook, struct vm_area_struct *vma,
						      __u64 prot)
{
	__u64 flags = BPF_CORE_READ(vma, vm_flags), prev = flags & PROT_RWX;
	struct file *file = BPF_CORE_READ(vma, vm_file);
	bool written = is_written(flags, (__u64)BPF_CORE_READ(vma, anon_vma), file);
	__u32 alert = protection_alert(prev, prot, written);
	struct changed range;
	struct scratch *s;

	if (!alert)
		return 0;
	range = changed_range(BPF_CORE_READ(vma, vm_start), BPF_CORE_READ(vma, vm_end));
	s = alert_begin(hook, alert, range.addr, range.len, prot, prev);
	if (!s)
		return 0;
	put_file_path(s, ARG_MEM_PROT_ALERT_PATHNAME, file);
	return alert_end(s);
}

HOOK(mem_prot_alert_mprotect, security_file_mprotect,
     (struct vm_area_struct * vma, unsigned long reqprot, unsigned long prot), (vma, prot))

/*
 * After the call the earlier protection is unknown. Written pages show that the memory was writable
 * once; writable and executable memory is an alert in any case.
 */
static __always_inline void report_changed(const struct scratch *at, __u32 alert, __u64 addr,
					   __u64 len, __u64 prot, int found)
{
	struct hook hook = { .ret = at->change.ret, .returned = true };
	struct scratch *s = alert_begin(hook, alert, addr, len, prot, 0);

	if (!s)
		return;
	put_unknown(s, ARG_MEM_PROT_ALERT_PREV_PROT);
	put_area_path(s, ARG_MEM_PROT_ALERT_PATHNAME, found, at->vma.file);
	alert_end(s);
}

/* Looks at the next area of a change. STEP_FAULT: it is unknown what became of it. */
__noinline int area_step(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 begin, end, prot;
	__u32 alert;
	int found;

	if (!s)
		return STEP_FAULT;
	begin = s->change.at;
	found = find_area(s, begin);
	if (found == AREA_BUSY)
		return STEP_FAULT;
	/* A hole ends a call that fails, unless that began at the next area. */
	if (found == AREA_NONE)
		return s->change.ret && !(s->change.prot & PROT_GROWSDOWN) ? STEP_END : STEP_FAULT;
	prot = got(s->change.prot, s->vma.flags);
	/* A call that fails has changed the areas before the one that it failed at. */
	if (s->change.ret && (s->vma.flags & PROT_RWX) != prot)
		return STEP_END;
	if (s->change.prot & PROT_GROWSDOWN)
		begin = s->vma.start;
	end = s->vma.end;
	s->change.at = end;
	if (end > s->change.end)
		end = s->change.end;
	alert = protection_alert(
		0, prot, is_written(s->vma.flags, s->vma.anon_vma, (struct file *)s->vma.file));
	if (alert)
		report_changed(s, alert, begin, end - begin, prot, found);
	return s->change.at < s->change.end ? STEP_MORE : STEP_END;
}

__noinline int area_steps(__u32 slot)
{
	for (int i = 0; i < LOOP_ROUNDS; i++) {
		int step = area_step(slot);

		if (step != STEP_MORE)
			return step;
	}
	return STEP_MORE;
}

/* How many areas of one call are looked at. */
#define AREAS_MAX 1024

static __always_inline void changed_areas(struct scratch *s)
{
	int rounds = 0, step;

	/*
	 * Tested at its end: compilers jump into the middle of other loops, which verifiers up to
	 * 6.1 refuse ("back-edge").
	 */
	do {
		step = area_steps(s->slot);
	} while (step == STEP_MORE && ++rounds < AREAS_MAX / LOOP_ROUNDS);
	if (step == STEP_END)
		return;
	/* For the rest, only the request of a call that succeeded is certain. */
	if (s->change.ret || !(s->change.prot & PROT_EXEC)) {
		count_unseen(BUFFER_UNSEEN);
		return;
	}
	report_changed(s, s->change.prot & PROT_WRITE ? ALERT_TO_WX : ALERT_TO_X, s->change.at,
		       s->change.end - s->change.at, s->change.prot & PROT_RWX, AREA_BUSY);
}

static __always_inline int after_mem_prot_alert_mprotect__vma(const struct returned_call *call)
{
	__u64 begin = call->args[0], end = (begin + call->args[1] + PAGE_BITS) & ~PAGE_BITS;
	struct scratch *s;

	if (call->event != EVENT_MPROTECT && call->event != EVENT_PKEY_MPROTECT)
		return 0;
	/* These change nothing, whatever they return. */
	if (!(effective(call->args[2]) & PROT_EXEC) || begin & PAGE_BITS || end <= begin)
		return 0;
	s = looking_begin();
	if (!s)
		return 0;
	s->change.at = begin;
	s->change.end = end;
	s->change.prot = call->args[2];
	s->change.ret = call->ret;
	changed_areas(s);
	scratch_put(s);
	return 0;
}

AFTER_CALL(mem_prot_alert_mprotect__vma)

/* The kernel maps shared memory by itself, and no hook that reports alerts sees it. */
static __always_inline int attached_area(const struct returned_call *call, struct scratch *s)
{
	__u64 prot = call->args[2] & SHM_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE;
	__u64 addr = call->ret, len = UNKNOWN_LEN;
	__u32 held = 0;
	int found;

	if (call->args[2] & SHM_EXEC)
		prot |= PROT_EXEC;
	/* With ipc(2) it is in memory. */
	if (call->within) {
		bpf_probe_read_user(&held, sizeof(held), (void *)call->args[3]);
		addr = held;
	}
	found = find_area(s, addr);
	if (found == AREA_FOUND) {
		prot = got(prot, s->vma.flags);
		len = s->vma.end - addr;
	} else {
		prot = effective(prot);
	}
	if (!has(prot, PROT_WRITE | PROT_EXEC))
		return 0;
	return report_mapped(call->ret, addr, len, prot, found, s->vma.file);
}

/*
 * The heap is executable only for old programs. How much there was before is unknown: all of it is
 * reported.
 */
static __always_inline int grown_heap(const struct returned_call *call, struct scratch *s)
{
	int found = find_area(s, call->ret - 1);

	if (found == AREA_BUSY)
		count_unseen(BUFFER_UNSEEN);
	if (found != AREA_FOUND || !has(s->vma.flags, PROT_WRITE | PROT_EXEC))
		return 0;
	return report_mapped(call->ret, s->vma.start, s->vma.end - s->vma.start,
			     s->vma.flags & PROT_RWX, found, s->vma.file);
}

static __always_inline int after_mem_prot_alert_attach__vma(const struct returned_call *call)
{
	bool implied = effective(PROT_READ) & PROT_EXEC;
	struct scratch *s;
	bool grows;

	grows = call->event == EVENT_BRK && implied && call->ret == call->args[0] &&
		(__u64)call->ret > (__u64)TASK_READ(current_task(), mm, start_brk);
	if (!grows) {
		if (call->event != EVENT_SHMAT || (!implied && !(call->args[2] & SHM_EXEC)))
			return 0;
		if (call->within ? call->ret != 0 : (__u64)call->ret >= ERRORS_FROM)
			return 0;
	}
	s = looking_begin();
	if (!s)
		return 0;
	if (grows)
		grown_heap(call, s);
	else
		attached_area(call, s);
	scratch_put(s);
	return 0;
}

AFTER_CALL(mem_prot_alert_attach__vma)
