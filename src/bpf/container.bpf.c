// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Containers: what lib/container.h declares, and the events of their beginnings and ends. */
#include "lib/event.h"

/* So many cgroups upwards are looked at. */
#define CGROUP_DEPTH 64
/* What a tracepoint tells of a path at most. */
#define CGROUP_PATH_LEN 1024
#define CGROUP_NAME_LEN 256

/* A scratch slot while a name is looked at: zeros, the name and what is before it, what is made of them. */
#define NAME_START 64
#define NAME_END (NAME_START + CGROUP_NAME_LEN + CGROUP_PATH_LEN)
#define MADE_START 4096

struct made {
	struct container container;
	struct listed_id listed;
};

/* What cgroups of no container have in the map. */
static const struct container no_container;

/* Whether text ends there in s->bytes. */
#define ENDS_WITH(s, end, text)                                                        \
	({                                                                             \
		bool same = true;                                                      \
                                                                                       \
		_Pragma("unroll") for (int i = 0; i < sizeof(text) - 1; i++)           \
			same &= (s)->bytes[(end) - sizeof(text) + 1 + i] == (text)[i]; \
		same;                                                                  \
	})

/* Negative if it is no hex digit: without branches, which the verifier would all follow. */
static __always_inline int not_hex(int c)
{
	return ((c - '0') | ('9' - c)) & ((c - 'a') | ('f' - c));
}

/*
 * Where the id begins in the name that ends there, 0 if it is no container's:
 * 64 hex digits behind one of /-: and perhaps followed by .scope. Those of
 * podman's helper and of its pods look so, too.
 */
static __always_inline __u64 find_id(const struct scratch *s, __u64 end)
{
	int other = 0;
	__u64 start;

	bounded(end);
	if (end < NAME_START || end > NAME_END)
		return 0;
	if (ENDS_WITH(s, end, ".scope"))
		end -= sizeof(".scope") - 1;
	start = end - CONTAINER_ID_LEN;
	bounded(start);
	if (start <= NAME_START || start > NAME_END)
		return 0;
	if (s->bytes[start - 1] != '/' && s->bytes[start - 1] != '-' && s->bytes[start - 1] != ':')
		return 0;
	if (ENDS_WITH(s, start, "conmon-") || ENDS_WITH(s, start, "libpod_parent/"))
		return 0;
	for (int i = 0; i < CONTAINER_ID_LEN; i++)
		other |= not_hex(s->bytes[start + i]);
	return other < 0 ? 0 : start;
}

/* Reads a string to a position of s->bytes: the position of its end, or 0. */
static __always_inline __u64 read_name(struct scratch *s, __u64 pos, __u32 size, __u64 addr)
{
	long n = bpf_probe_read_kernel_str(s->bytes + pos, size, (void *)addr);

	if (n < 0)
		return 0;
	/* Linux 5.10 does not count the NUL of an empty string. */
	return n ? pos + n - 1 : pos;
}

/* What has been learnt of a cgroup: nothing, one more of a container, its first. */
enum learnt { LEARNT_NOTHING, LEARNT_CGROUP, LEARNT_CONTAINER };

static __always_inline enum learnt count_cgroup(const char *id)
{
	__u64 one = 1, *count;

	if (!bpf_map_update_elem(&containers, id, &one, BPF_NOEXIST))
		return LEARNT_CONTAINER;
	count = bpf_map_lookup_elem(&containers, id);
	if (count)
		__sync_fetch_and_add(count, 1);
	return LEARNT_CGROUP;
}

static __always_inline __u32 listed(struct made *made)
{
	if (settings.scope_mode != SCOPE_CONTAINER_LISTED)
		return LISTED_NO;
	made->listed.bits = CONTAINER_ID_LEN * 8;
	bpf_probe_read_kernel(made->listed.id, CONTAINER_ID_LEN, made->container.id);
	return bpf_map_lookup_elem(&listed_ids, &made->listed) ? LISTED_YES : LISTED_UNKNOWN;
}

static __always_inline enum learnt learn_name(struct scratch *s, __u64 key, __u64 name,
					      __u64 parent)
{
	struct made *made = (struct made *)(s->bytes + MADE_START);
	__u64 pos = NAME_START, id;

#pragma unroll
	for (int i = 0; i < NAME_START; i += sizeof(__u64))
		*(volatile __u64 *)(s->bytes + i) = 0;
	if (parent) {
		pos = read_name(s, pos, CGROUP_NAME_LEN, parent);
		bounded(pos);
		if (pos < NAME_START || pos >= NAME_START + CGROUP_NAME_LEN)
			return LEARNT_NOTHING;
		s->bytes[pos++] = '/';
	}
	id = find_id(s, read_name(s, pos, CGROUP_PATH_LEN, name));
	if (!id)
		return LEARNT_NOTHING;
	made->container.cgroup = key;
	made->container.created = bpf_ktime_get_boot_ns();
	bpf_probe_read_kernel(made->container.id, CONTAINER_ID_LEN, s->bytes + id);
	bpf_probe_read_kernel(made->container.before, CONTAINER_BEFORE_LEN,
			      s->bytes + id - CONTAINER_BEFORE_LEN);
	made->container.listed = listed(made);
	if (bpf_map_update_elem(&cgroups, &key, &made->container, BPF_NOEXIST))
		return LEARNT_NOTHING;
	return count_cgroup(made->container.id);
}

/*
 * Remembers a cgroup if its name is that of a container: LEARNT_*. name is a
 * path, or the name of parent is given, too.
 */
__noinline int container_learn(__u64 key, __u64 name, __u64 parent)
{
	struct scratch *s = scratch_get();
	int learnt;

	if (!s)
		return LEARNT_NOTHING;
	learnt = learn_name(s, key, name, parent);
	scratch_put(s);
	return learnt;
}

/* Learns about this one alone, and gives its parent; 0: it is known now, or at the root. */
__noinline __u64 cgroup_learn_step(__u64 address, __u64 hierarchy)
{
	struct cgroup *cgrp = (struct cgroup *)address;
	struct cgroup *parent = BPF_CORE_READ(cgrp, self.parent, cgroup);
	__u64 key = cgroup_key(BPF_CORE_READ(cgrp, kn, id), hierarchy);

	if (!parent || bpf_map_lookup_elem(&cgroups, &key))
		return 0;
	container_learn(key, (__u64)BPF_CORE_READ(cgrp, kn, name),
			(__u64)BPF_CORE_READ(parent, kn, name));
	return bpf_map_lookup_elem(&cgroups, &key) ? 0 : (__u64)parent;
}

__noinline int cgroup_learn(__u64 address, __u64 hierarchy)
{
	const struct container *found;
	__u64 cgrp = address, key;

	for (int i = 0; i < CGROUP_DEPTH; i++) {
		__u64 parent = cgroup_learn_step(cgrp, hierarchy);

		if (!parent)
			break;
		cgrp = parent;
	}
	key = cgroup_key(BPF_CORE_READ((struct cgroup *)cgrp, kn, id), hierarchy);
	found = bpf_map_lookup_elem(&cgroups, &key);
	if (cgrp == address && found)
		return 0;
	key = cgroup_key(BPF_CORE_READ((struct cgroup *)address, kn, id), hierarchy);
	bpf_map_update_elem(&cgroups, &key, found ?: &no_container, BPF_NOEXIST);
	return 0;
}

/* Whoever was there before tracing began is taken as it was. */
static __always_inline bool has_entered(struct task_struct *task, __u64 container)
{
	__u64 start = TASK_READ(task, group_leader, start_boottime);
	__u32 tgid = TASK_READ(task, tgid);
	struct member *member;

	if (start < control.since)
		return true;
	member = bpf_map_lookup_elem(&members, &tgid);
	return member && member->start == start && member->container == container;
}

static __always_inline __u64 find_current(bool learn)
{
	struct task_struct *task = current_task();
	__u64 container = task_container(task, true, learn);

	if (container && has_entered(task, container))
		container |= CONTAINER_ENTERED;
	return container;
}

__noinline __u64 current_container(void)
{
	return find_current(true);
}

__noinline __u64 known_container(void)
{
	return find_current(false);
}

static __always_inline int add_member(__u32 tgid, __u64 start, __u64 container, __u16 event)
{
	struct member member = { .start = start, .container = container };

	/* One that finds no room is out of sight, with all it does: say so. */
	if (bpf_map_update_elem(&members, &tgid, &member, BPF_ANY))
		count_loss(event, BUFFER_PRIORITY, bpf_ktime_get_boot_ns());
	return 0;
}

#define STARTS_WITH(string, text)                                            \
	({                                                                   \
		bool same = true;                                            \
                                                                             \
		_Pragma("unroll") for (int i = 0; i < sizeof(text) - 1; i++) \
			same &= (string)[i] == (text)[i];                    \
		same;                                                        \
	})

/*
 * A runtime executes itself once more, as a file that nobody can overwrite,
 * while it still has its parent's file systems.
 */
static __always_inline bool is_runtime(struct task_struct *task, __u64 filename)
{
	char start[sizeof("/proc/self/")] = {};

	if (TASK_READ(task, nsproxy, mnt_ns) != TASK_READ(task, real_parent, nsproxy, mnt_ns))
		return false;
	bpf_probe_read_kernel_str(start, sizeof(start), (void *)filename);
	return STARTS_WITH(start, "/proc/self/") || STARTS_WITH(start, "/dev/fd/");
}

__noinline int container_exec(__u64 filename)
{
	struct task_struct *task = current_task();
	__u64 container = task_container(task, true, true);

	if (!container || has_entered(task, container) || is_runtime(task, filename))
		return 0;
	return add_member(TASK_READ(task, tgid), TASK_READ(task, group_leader, start_boottime),
			  container, EVENT_SCHED_PROCESS_EXEC);
}

__noinline int container_fork(__u64 address)
{
	struct task_struct *child = (struct task_struct *)address;
	__u32 tgid = BPF_CORE_READ(child, tgid);
	__u64 container;

	if (BPF_CORE_READ(child, pid) != tgid)
		return 0;
	container = task_container(child, false, true);
	/* It may have been put into another container's cgroup. */
	if (!container || member_of(current_container()) != container)
		return 0;
	return add_member(tgid, BPF_CORE_READ(child, start_boottime), container,
			  EVENT_SCHED_PROCESS_FORK);
}

/* Learns about the cgroups of all tasks that there are. */
SEC("iter/task")
int find_containers(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (task)
		task_container(task, false, true);
	return 0;
}

/* Whether the user shall see that a container begins or ends. */
static __always_inline bool container_is_shown(const struct container *container)
{
	if (settings.scope_mode == SCOPE_FOLLOW)
		return in_scope(current_task());
	return container_in_scope(container);
}

/*
 * path: address of a string in the kernel. User space tells name and image, and
 * must know of every cgroup of a container, of which there may be one in each
 * hierarchy; the user sees one event.
 */
static __always_inline int emit_container(__u16 event, const struct container *container,
					  bool shown, __u64 id, __u64 path, int hierarchy)
{
	__u64 now = bpf_ktime_get_boot_ns();
	struct scratch *s;

	if (!settings.chosen[event] || !control.since)
		return 0;
	s = scratch_get();
	if (!s) {
		count_loss(event, BUFFER_SCRATCH, now);
		return 0;
	}
	record_begin(s->slot, event, 7, now);
	s->header.container = container->cgroup;
	s->header.syscall = current_syscall(current_task(), &s->header.abi);
	s->header.flags = RECORD_NO_RETURN;
	if (!shown || settings.chosen[event] == EVENT_BOOKKEEPING || !container_is_shown(container))
		s->header.flags |= RECORD_INTERNAL;
#pragma unroll
	for (int i = 0; i < 7; i++)
		put_value(s, i, 0);
	put_value(s, 4, id);
	put_value(s, 6, hierarchy);
	put_kernel_bytes(s->slot, 0, plain_address(container->id), CONTAINER_ID_LEN,
			 CONTAINER_ID_LEN);
	put_kernel_bytes(s->slot, 1, plain_address(container->before), CONTAINER_BEFORE_LEN,
			 CONTAINER_BEFORE_LEN);
	put_kernel_str(s->slot, 5, path);
	submit_priority(s);
	scratch_put(s);
	return 0;
}

/* In whose cgroups containers are looked for. */
static __always_inline bool hierarchy_counts(int hierarchy)
{
	return !hierarchy || hierarchy == container_settings.v1_hierarchy;
}

/* Cgroups are made and removed one after another, under the kernel's cgroup_mutex. */
static __always_inline int on_mkdir(__u64 id, __u64 path, int hierarchy)
{
	__u64 key = cgroup_key(id, hierarchy);
	struct container *container;
	int learnt;

	if (!hierarchy_counts(hierarchy))
		return 0;
	learnt = container_learn(key, path, 0);
	container = bpf_map_lookup_elem(&cgroups, &key);
	if (!learnt || !container)
		return 0;
	return emit_container(EVENT_CONTAINER_CREATE, container, learnt == LEARNT_CONTAINER, id,
			      path, hierarchy);
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(container_create__tp_btf, struct cgroup *cgrp, const char *path)
{
	return on_mkdir(BPF_CORE_READ(cgrp, kn, id), plain_address(path),
			BPF_CORE_READ(cgrp, root, hierarchy_id));
}

SEC("tp/cgroup/cgroup_mkdir")
int container_create__tp(struct trace_event_raw_cgroup *ctx)
{
	return on_mkdir(ctx->id, data_loc(ctx, ctx->__data_loc_path), ctx->root);
}

static __always_inline int on_rmdir(__u64 id, __u64 path, int hierarchy)
{
	__u64 key = cgroup_key(id, hierarchy), *count;
	struct container *container = bpf_map_lookup_elem(&cgroups, &key);

	if (!container)
		return 0;
	if (container->cgroup == key) {
		count = bpf_map_lookup_elem(&containers, container->id);
		if (count && !--*count) {
			emit_container(EVENT_CONTAINER_REMOVE, container, true, id, path,
				       hierarchy);
			bpf_map_delete_elem(&containers, container->id);
		}
	}
	bpf_map_delete_elem(&cgroups, &key);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(container_remove__tp_btf, struct cgroup *cgrp, const char *path)
{
	return on_rmdir(BPF_CORE_READ(cgrp, kn, id), plain_address(path),
			BPF_CORE_READ(cgrp, root, hierarchy_id));
}

SEC("tp/cgroup/cgroup_rmdir")
int container_remove__tp(struct trace_event_raw_cgroup *ctx)
{
	return on_rmdir(ctx->id, data_loc(ctx, ctx->__data_loc_path), ctx->root);
}
