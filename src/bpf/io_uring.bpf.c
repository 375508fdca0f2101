// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* io_uring: rings as they are made, requests as the kernel accepts them. */
#include "lib/io_uring.h"
#include "lib/context.h"
#include "lib/scope.h"
#include "lib/submit.h"

const volatile __u64 io_issue_defs = 0;

struct trace_event_raw_io_uring_submit_sqe___5_14 {
	void *req;
} FLAVOUR;

struct trace_event_raw_io_uring_submit_sqe___6_0 {
	__u32 __data_loc_op_str;
} FLAVOUR;

static __always_inline void put_name(struct scratch *s, __u32 index, __u64 addr)
{
	if (!addr)
		return;
	if (is_user(addr))
		put_user_str(s->slot, index, addr);
	else
		put_kernel_str(s->slot, index, (__u64)BPF_CORE_READ((struct filename *)addr, name));
}

static __always_inline void put_addr(struct scratch *s, const struct submission *sub)
{
	struct item_header *item;
	__u64 n = sub->addrlen;
	long err;

	if (!sub->addr && !sub->addrlen)
		return;
	item = item_begin(s, ARG_IO_URING_SUBMIT_ADDR);
	if (!item)
		return;
	item->full = n;
	bounded(n);
	if (n > sizeof(struct __kernel_sockaddr_storage)) {
		n = sizeof(struct __kernel_sockaddr_storage);
		item->status = ITEM_TRUNCATED;
	}
	err = is_user(sub->addr) ? bpf_probe_read_user(item + 1, n, (void *)sub->addr) :
				   bpf_probe_read_kernel(item + 1, n, (void *)sub->addr);
	if (err) {
		item->status = ITEM_FAULT;
		n = 0;
	}
	item_end(s, item, n);
}

/* A thread that only works for io_uring. */
static __always_inline bool is_poller(struct task_struct *task)
{
	return TASK_READ(task, flags) & (PF_KTHREAD | PF_IO_WORKER);
}

/*
 * Whose request it is: the current task's, also where that is a poller, since
 * pollers are threads of the process that made the ring. Before 5.12 (and
 * 5.10.162) they were threads of the kernel's own.
 */
static __always_inline struct task_struct *submitter(struct io_ring_ctx *ring)
{
	struct task_struct *task = current_task();
	struct io_ring_ctx___before_5_12 *old = (void *)ring;

	/* The verifier allows loading fields of the current task only. */
	if (has_task_btf() || !bpf_core_field_exists(old->sqo_task))
		return task;
	return TASK_READ(task, flags) & PF_KTHREAD ? BPF_CORE_READ(old, sqo_task) : task;
}

/* Begins a record, with the call in progress in it; NULL if no slot is free. */
static __always_inline struct scratch *uring_begin_with(struct task_struct *task, __u16 event,
							__u8 nvalues)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct scratch *s = scratch_get();
	struct syscall_desc *desc;
	struct syscall_nr call;
	struct pt_regs *regs;

	if (!s) {
		count_loss(event, BUFFER_SCRATCH, now);
		return NULL;
	}
	record_fill(s, task, current_task(), event, nvalues, now);
	if (is_poller(current_task()))
		return s;
	regs = task_regs(task);
	if (!syscall_abi(task, BPF_CORE_READ(regs, orig_ax), &call))
		return s;
	s->header.abi = call.abi;
	desc = syscall_lookup(&call);
	if (desc)
		s->header.syscall = desc->event;
	return s;
}

/* Like event_begin(). */
#define uring_begin(task, event) uring_begin_with(task, EVENT_##event, NARGS_##event)

/* A poller's name, iou-sqp-PID, is less useful than that of the process it works for. */
static __always_inline void put_owner(struct scratch *s, struct task_struct *owner)
{
	struct task_struct *leader = TASK_READ(owner, group_leader);

	bpf_core_read(s->header.comm, COMM_LEN, &leader->comm);
	if (has_task_btf())
		return;
	s->header.uid = BPF_CORE_READ(owner, real_cred, uid.val);
	s->header.cgroup_id = BPF_CORE_READ(owner, cgroups, dfl_cgrp, kn, id);
}

/* Filters by the values that are shown of it. */
static __always_inline bool submitter_passes(struct task_struct *task, bool sq_thread)
{
	struct task_struct *named = sq_thread ? TASK_READ(task, group_leader) : task;

	return !filters.fields || fields_pass(plain_address(task), FIELD_ADDRESS(named, comm));
}

static __always_inline int emit_submit(struct task_struct *task, struct io_ring_ctx *ring,
				       const struct submission *sub)
{
	bool sq_thread = BPF_CORE_READ(ring, flags) & IORING_SETUP_SQPOLL;
	struct scratch *s;

	if (!submitter_passes(task, sq_thread) || !result_passes(EVENT_IO_URING_SUBMIT, 0, true))
		return 0;
	s = uring_begin(task, IO_URING_SUBMIT);
	if (!s)
		return 0;
	if (sq_thread)
		put_owner(s, task);
	put_value(s, ARG_IO_URING_SUBMIT_OPCODE, sub->opcode);
	put_value(s, ARG_IO_URING_SUBMIT_FD, (__u32)sub->fd);
	put_value(s, ARG_IO_URING_SUBMIT_FLAGS, sub->flags);
	put_value(s, ARG_IO_URING_SUBMIT_USER_DATA, sub->user_data);
	put_value(s, ARG_IO_URING_SUBMIT_SQ_THREAD, sq_thread);
	put_value(s, ARG_IO_URING_SUBMIT_PATHNAME, 0);
	put_value(s, ARG_IO_URING_SUBMIT_NEWNAME, 0);
	put_value(s, ARG_IO_URING_SUBMIT_ADDR, is_user(sub->addr) ? sub->addr : 0);
	put_value(s, ARG_IO_URING_SUBMIT_ADDRLEN, sub->addrlen);
	put_name(s, ARG_IO_URING_SUBMIT_PATHNAME, sub->pathname);
	put_name(s, ARG_IO_URING_SUBMIT_NEWNAME, sub->newname);
	put_addr(s, sub);
	submit(s);
	scratch_put(s);
	return 0;
}

/* Lest the verifier go through what follows once for each kind of request. */
static __always_inline void forget_submission(struct submission *sub)
{
	sub->fd = forgotten(sub->fd, sub->user_data);
	sub->opcode = forgotten(sub->opcode, sub->user_data);
	sub->flags = forgotten(sub->flags, sub->user_data);
	sub->addr = forgotten(sub->addr, sub->user_data);
	sub->addrlen = forgotten(sub->addrlen, sub->user_data);
	sub->pathname = forgotten(sub->pathname, sub->user_data);
	sub->newname = forgotten(sub->newname, sub->user_data);
}

static __always_inline int on_request(struct io_kiocb *req)
{
	struct io_ring_ctx *ring = BPF_CORE_READ(req, ctx);
	struct task_struct *task = submitter(ring);
	struct submission sub = { .fd = -1 };

	if (task_scope(task) != SCOPE_IN)
		return 0;
	read_request(req, &sub);
	forget_submission(&sub);
	return emit_submit(task, ring, &sub);
}

static __always_inline int on_sqe(struct io_ring_ctx *ring, __u8 opcode, __u64 user_data)
{
	struct task_struct *task = submitter(ring);
	struct submission sub = { .fd = -1, .opcode = opcode, .user_data = user_data };

	if (task_scope(task) != SCOPE_IN)
		return 0;
	read_sqe(ring, &sub);
	return emit_submit(task, ring, &sub);
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(io_uring_submit__req__tp_btf, struct io_kiocb *req)
{
	return on_request(req);
}

SEC("tp/io_uring/io_uring_submit_req")
int io_uring_submit__req__tp(struct trace_event_raw_io_uring_submit_req *ctx)
{
	return on_request(ctx->req);
}

/*
 * Its arguments depend on the kernel, which has each form's fields in the classic tracepoint's
 * record, too:
 *
 *   since 5.8    ring, opcode, user_data, …
 *   since 5.14   ring, request, …
 *   since 6.0    request, …
 */
SEC("tp_btf/io_uring_submit_sqe")
int io_uring_submit__sqe__tp_btf(__u64 *ctx)
{
	struct trace_event_raw_io_uring_submit_sqe___5_14 *since_5_14 = NULL;
	struct trace_event_raw_io_uring_submit_sqe___6_0 *since_6_0 = NULL;

	if (bpf_core_field_exists(since_6_0->__data_loc_op_str))
		return on_request((struct io_kiocb *)ctx[0]);
	if (bpf_core_field_exists(since_5_14->req))
		return on_request((struct io_kiocb *)ctx[1]);
	return on_sqe((struct io_ring_ctx *)ctx[0], ctx[1], ctx[2]);
}

static __always_inline int on_create(int fd, __u32 sq_entries, __u32 cq_entries, __u32 flags)
{
	struct task_struct *task = current_task();
	struct scratch *s;

	if (!in_scope(task) || !result_passes(EVENT_IO_URING_CREATE, 0, true))
		return 0;
	s = uring_begin(task, IO_URING_CREATE);
	if (!s)
		return 0;
	put_value(s, ARG_IO_URING_CREATE_FD, fd);
	put_value(s, ARG_IO_URING_CREATE_SQ_ENTRIES, sq_entries);
	put_value(s, ARG_IO_URING_CREATE_CQ_ENTRIES, cq_entries);
	put_value(s, ARG_IO_URING_CREATE_FLAGS, flags);
	submit(s);
	scratch_put(s);
	return 0;
}

SEC("tp_btf/io_uring_create")
int BPF_PROG(io_uring_create__tp_btf, int fd, void *ring, u32 sq_entries, u32 cq_entries, u32 flags)
{
	return on_create(fd, sq_entries, cq_entries, flags);
}

SEC("tp/io_uring/io_uring_create")
int io_uring_create__tp(struct trace_event_raw_io_uring_create *ctx)
{
	return on_create(ctx->fd, ctx->sq_entries, ctx->cq_entries, ctx->flags);
}
