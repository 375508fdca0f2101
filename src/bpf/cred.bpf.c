// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Credentials, capabilities and namespaces of tasks. */
#include "lib/event.h"

/* Appends a structure of ours. */
static __always_inline void put_struct(struct scratch *s, __u32 index, const void *from, __u32 size)
{
	struct item_header *item = item_begin(s, index);

	if (!item)
		return;
	/* The compiler's own copy takes as much of the stack again. */
	bpf_probe_read_kernel(item + 1, size, from);
	item->full = size;
	item_end(s, item, size);
}

static __always_inline bool differ(const void *one, const void *other, __u32 size)
{
	const __u64 *a = one, *b = other;
	__u64 bits = 0;

#pragma unroll
	for (__u32 i = 0; i < size / sizeof(__u64); i++)
		bits |= a[i] ^ b[i];
	return bits;
}

static __always_inline void read_cred(const struct cred *cred, struct cred_info *out)
{
	out->uid = BPF_CORE_READ(cred, uid.val);
	out->gid = BPF_CORE_READ(cred, gid.val);
	out->suid = BPF_CORE_READ(cred, suid.val);
	out->sgid = BPF_CORE_READ(cred, sgid.val);
	out->euid = BPF_CORE_READ(cred, euid.val);
	out->egid = BPF_CORE_READ(cred, egid.val);
	out->fsuid = BPF_CORE_READ(cred, fsuid.val);
	out->fsgid = BPF_CORE_READ(cred, fsgid.val);
	/* Two halves before 6.3, in the same order. */
	bpf_core_read(&out->inheritable, sizeof(__u64), &cred->cap_inheritable);
	bpf_core_read(&out->permitted, sizeof(__u64), &cred->cap_permitted);
	bpf_core_read(&out->effective, sizeof(__u64), &cred->cap_effective);
	bpf_core_read(&out->bset, sizeof(__u64), &cred->cap_bset);
	bpf_core_read(&out->ambient, sizeof(__u64), &cred->cap_ambient);
	out->securebits = BPF_CORE_READ(cred, securebits);
	out->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
}

static __always_inline void read_namespaces(struct nsproxy *nsproxy, struct namespace_info *out)
{
	out->mnt = BPF_CORE_READ(nsproxy, mnt_ns, ns.inum);
	out->pid_for_children = BPF_CORE_READ(nsproxy, pid_ns_for_children, ns.inum);
	out->uts = BPF_CORE_READ(nsproxy, uts_ns, ns.inum);
	out->ipc = BPF_CORE_READ(nsproxy, ipc_ns, ns.inum);
	out->net = BPF_CORE_READ(nsproxy, net_ns, ns.inum);
	out->cgroup = BPF_CORE_READ(nsproxy, cgroup_ns, ns.inum);
	out->time = BPF_CORE_READ(nsproxy, time_ns, ns.inum);
	out->time_for_children = BPF_CORE_READ(nsproxy, time_ns_for_children, ns.inum);
}

/* Calls that can lead to commit_creds() or switch_task_namespaces() for the task itself. */
static __always_inline bool changes_task(__u16 event)
{
	switch (event) {
	case EVENT_SETUID:
	case EVENT_SETGID:
	case EVENT_SETREUID:
	case EVENT_SETREGID:
	case EVENT_SETRESUID:
	case EVENT_SETRESGID:
	case EVENT_SETFSUID:
	case EVENT_SETFSGID:
	case EVENT_CAPSET:
	case EVENT_PRCTL:
	case EVENT_UNSHARE:
	case EVENT_SETNS:
	case EVENT_EXECVE:
	case EVENT_EXECVEAT:
		return true;
	}
	return false;
}

/* Counts a call of which it is unknown whether it has changed anything. */
static __always_inline void count_unseen(__u32 event)
{
	if (settings.chosen[event])
		count_loss(event, BUFFER_UNSEEN, bpf_ktime_get_boot_ns());
}

static const struct before no_before;

/* The entry of the current task; NULL: none. */
static __always_inline struct before *before_find(struct task_struct *task, bool create)
{
	__u64 key = (__u64)task;
	struct before *before;

	if (settings.task_storage)
		return bpf_task_storage_get(&task_befores, bpf_get_current_task_btf(), NULL,
					    create ? BPF_LOCAL_STORAGE_GET_F_CREATE : 0);
	/* This also makes the entry the most recent one. */
	if (create)
		bpf_map_update_elem(&befores, &key, &no_before, BPF_ANY);
	before = bpf_map_lookup_elem(&befores, &key);
	if (!before || (!create && before->start != start_time(task)))
		return NULL;
	return before;
}

/* For sys_enter, at numbers with ENTER_BEFORE (syscalls.bpf.c): keeps what such a call may change. */
__noinline int keep_before(__u64 nr)
{
	struct task_struct *task = current_task();
	struct syscall_desc *desc;
	struct syscall_nr call;
	struct before *before;
	bool execs;

	if (!syscall_abi(task, nr, &call))
		return 0;
	desc = syscall_lookup(&call);
	/* A task that awaits its exec is in scope when the exec returns. */
	if (!desc || !changes_task(desc->event))
		return 0;
	execs = desc->event == EVENT_EXECVE || desc->event == EVENT_EXECVEAT;
	if ((execs ? exec_scope(task) : task_scope(task)) == SCOPE_OUT)
		return 0;
	before = before_find(task, true);
	if (!before) {
		count_unseen(EVENT_COMMIT_CREDS);
		count_unseen(EVENT_SWITCH_TASK_NS);
		return 0;
	}
	before->start = start_time(task);
	read_cred(BPF_CORE_READ(task, cred), &before->cred);
	read_namespaces(BPF_CORE_READ(task, nsproxy), &before->namespaces);
	return 0;
}

/* event: the event that depends on it. */
static __always_inline struct before *before_call(const struct returned_call *call, __u32 event)
{
	struct task_struct *task = current_task();
	struct before *before;

	if (!changes_task(call->event))
		return NULL;
	before = before_find(task, false);
	/*
	 * Pushed out by others; but a thread from before may have been in this call when tracing
	 * began.
	 */
	if (!before && !settings.task_storage && start_time(task) >= control.since)
		count_unseen(event);
	return before;
}

static __always_inline int emit_creds(const struct cred_info *old, const struct cred_info *new)
{
	struct scratch *s;

	/* Every exec commits credentials, most of them unchanged. */
	if (!differ(old, new, sizeof(*old)))
		return 0;
	s = event_begin(COMMIT_CREDS, (struct hook){});
	if (!s)
		return 0;
	put_struct(s, ARG_COMMIT_CREDS_OLD_CRED, old, sizeof(*old));
	put_struct(s, ARG_COMMIT_CREDS_NEW_CRED, new, sizeof(*new));
	return event_end(s);
}

static __always_inline int on_commit_creds(struct hook hook, struct cred *cred)
{
	struct cred_info old, new;

	read_cred(BPF_CORE_READ(current_task(), cred), &old);
	read_cred(cred, &new);
	return emit_creds(&old, &new);
}

HOOK_ENTRY(commit_creds, commit_creds, (struct cred * cred), (cred))

static __always_inline int after_commit_creds(const struct returned_call *call)
{
	struct before *before = before_call(call, EVENT_COMMIT_CREDS);
	struct cred_info new;

	if (!before)
		return 0;
	read_cred(BPF_CORE_READ(current_task(), cred), &new);
	return emit_creds(&before->cred, &new);
}

AFTER_CALL(commit_creds)

/* Appends the numbers of namespaces, straight into the record: the stack has no room for them. */
__noinline int put_namespaces(__u32 slot, __u32 index, __u64 nsproxy)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct item_header *item;

	if (!s)
		return 0;
	item = item_begin(s, index);
	if (!item)
		return 0;
	item->full = sizeof(struct namespace_info);
	read_namespaces((struct nsproxy *)nsproxy, (struct namespace_info *)(item + 1));
	item_end(s, item, sizeof(struct namespace_info));
	return 0;
}

/* Whether the two items from there on differ. */
static __always_inline bool namespaces_differ(const struct scratch *s, __u64 pos)
{
	const __u8 *one, *other;

	bounded(pos);
	if (pos > ITEM_START_MAX)
		return false;
	one = s->bytes + pos + sizeof(struct item_header);
	other = one + sizeof(struct namespace_info) + sizeof(struct item_header);
	return differ(one, other, sizeof(struct namespace_info));
}

/* The earlier namespaces are kept in a map, or still exist. */
static __always_inline int emit_namespaces(__u32 pid, const struct namespace_info *kept,
					   struct nsproxy *old, struct nsproxy *new)
{
	struct scratch *s = event_begin(SWITCH_TASK_NS, (struct hook){});
	__u64 pos;

	if (!s)
		return 0;
	put_value(s, ARG_SWITCH_TASK_NS_PID, pid);
	pos = s->pos;
	if (kept)
		put_struct(s, ARG_SWITCH_TASK_NS_OLD_NS, kept, sizeof(*kept));
	else
		put_namespaces(s->slot, ARG_SWITCH_TASK_NS_OLD_NS, plain_address(old));
	put_namespaces(s->slot, ARG_SWITCH_TASK_NS_NEW_NS, plain_address(new));
	if (namespaces_differ(s, pos))
		submit(s);
	scratch_put(s);
	return 0;
}

static __always_inline int on_switch_task_ns(struct hook hook, struct task_struct *task,
					     struct nsproxy *nsproxy)
{
	struct nsproxy *old = BPF_CORE_READ(task, nsproxy);

	/* A task that exits gives its namespaces back. */
	if (!nsproxy || nsproxy == old)
		return 0;
	return emit_namespaces(BPF_CORE_READ(task, pid), NULL, old, nsproxy);
}

HOOK_ENTRY(switch_task_ns, switch_task_namespaces,
	   (struct task_struct * task, struct nsproxy *nsproxy), (task, nsproxy))

static __always_inline int after_switch_task_ns(const struct returned_call *call)
{
	struct before *before = before_call(call, EVENT_SWITCH_TASK_NS);
	struct task_struct *task = current_task();

	if (!before)
		return 0;
	return emit_namespaces(BPF_CORE_READ(task, pid), &before->namespaces, NULL,
			       BPF_CORE_READ(task, nsproxy));
}

AFTER_CALL(switch_task_ns)

/* A child that is made with other namespaces switches to none. */
static __always_inline int on_clone_ns(struct task_struct *parent, struct task_struct *child)
{
	struct nsproxy *from = BPF_CORE_READ(parent, nsproxy), *to = BPF_CORE_READ(child, nsproxy);

	return from == to ? 0 : emit_namespaces(BPF_CORE_READ(child, pid), NULL, from, to);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(clone_ns__tp_btf, struct task_struct *parent, struct task_struct *child)
{
	return on_clone_ns(parent, child);
}

SEC("tp/sched/sched_process_fork")
int clone_ns__tp(struct trace_event_raw_sched_process_fork *ctx)
{
	return forked(ctx, on_clone_ns);
}

static __always_inline int on_cap_capable(struct hook hook, int cap, unsigned int opts)
{
	struct scratch *s;

	if (opts & CAP_OPT_NOAUDIT)
		return 0;
	s = event_begin(CAP_CAPABLE, hook);
	if (!s)
		return 0;
	put_value(s, ARG_CAP_CAPABLE_CAP, cap);
	return event_end(s);
}

HOOK(cap_capable, cap_capable,
     (const struct cred *cred, struct user_namespace *ns, int cap, unsigned int opts), (cap, opts))

/*
 * The tracepoint (since 6.14) does not show whether a check is audited, but its callers do: these
 * are the kernel's functions that ask without an audit. Set by the loader; empty if it may not read
 * their addresses, and then all checks are reported.
 */
const volatile struct code_range noaudit_callers[NOAUDIT_CALLERS] = {};

#define STACK_DEPTH 16

static __always_inline bool is_audited(void *ctx)
{
	__u64 stack[STACK_DEPTH] = {};

	bpf_get_stack(ctx, stack, sizeof(stack), 0);
#pragma unroll
	for (int i = 0; i < STACK_DEPTH; i++) {
#pragma unroll
		for (int j = 0; j < NOAUDIT_CALLERS; j++) {
			if (stack[i] > noaudit_callers[j].start &&
			    stack[i] < noaudit_callers[j].end)
				return false;
		}
	}
	return true;
}

static __always_inline int on_cap_capable_tp(void *ctx, int cap, int ret)
{
	struct hook hook = { .ret = ret, .returned = true };

	/* The cheapest test comes first. */
	if (!in_scope(current_task()) || !is_audited(ctx))
		return 0;
	return on_cap_capable(hook, cap, 0);
}

SEC("tp_btf/cap_capable")
int BPF_PROG(cap_capable__tp_btf, const struct cred *cred, struct user_namespace *target,
	     const struct user_namespace *capable, int cap, int ret)
{
	return on_cap_capable_tp(ctx, cap, ret);
}

/* Newer than vmlinux.h. */
struct trace_event_raw_cap_capable {
	int cap;
	int ret;
} __attribute__((preserve_access_index));

SEC("tp/capability/cap_capable")
int cap_capable__tp(struct trace_event_raw_cap_capable *ctx)
{
	return on_cap_capable_tp(ctx, ctx->cap, ctx->ret);
}
