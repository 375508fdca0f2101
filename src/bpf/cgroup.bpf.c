// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Which container a cgroup belongs to, by its name and those above it, and who may have made it. */
#include "lib/buffer.h"
#include "lib/container.h"
#include "lib/items.h"

/*
 * At most so many cgroups upwards are looked at. A deeper one counts as a container that could not
 * be identified: a user who can make cgroups can nest them.
 */
#define CGROUP_STEPS 32 /* in one function, which the verifier looks at once */
#define CGROUP_DEPTH (32 * CGROUP_STEPS)
#define CGROUP_NAME_LEN 256

/*
 * Layout of a scratch slot while a name is looked at: zeros, the name and that of its parent, the
 * results.
 */
#define NAME_START 64
#define NAME_END (NAME_START + 2 * CGROUP_NAME_LEN)
#define MADE_START 4096

/* Mode bits of a cgroup in which others than its owner can make more. */
#define WRITABLE_BY_OTHERS 022

struct made {
	struct container container;
	struct listed_id listed;
};

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
 * Where the id begins in the name that ends there, 0 if it is no container's: 64 hex digits behind
 * one of /-: and perhaps followed by .scope. The cgroups of podman's helper and of its pods look
 * so, too.
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

/*
 * Where the id begins in the name of that cgroup, once it has been read behind that of its parent;
 * 0: it is no container's.
 */
static __always_inline __u64 read_id(struct scratch *s, struct cgroup *cgrp, struct cgroup *parent)
{
	__u64 pos;

#pragma unroll
	for (int i = 0; i < NAME_START; i += sizeof(__u64))
		*(volatile __u64 *)(s->bytes + i) = 0;
	pos = read_name(s, NAME_START, CGROUP_NAME_LEN, (__u64)BPF_CORE_READ(parent, kn, name));
	bounded(pos);
	if (pos < NAME_START || pos >= NAME_START + CGROUP_NAME_LEN)
		return 0;
	s->bytes[pos++] = '/';
	return find_id(s, read_name(s, pos, CGROUP_NAME_LEN, (__u64)BPF_CORE_READ(cgrp, kn, name)));
}

static __always_inline struct cgroup *parent_of(struct cgroup *cgrp)
{
	return BPF_CORE_READ(cgrp, self.parent, cgroup);
}

/*
 * Counts a container that cannot be identified or remembered, since it is unknown whose processes
 * are in it.
 */
static __always_inline __u64 container_lost(__u32 buffer)
{
	count_loss(EVENT_CONTAINER_CREATE, buffer, bpf_ktime_get_boot_ns());
	return CONTAINER_LOST;
}

__noinline int is_container(__u64 address, __u64 hierarchy)
{
	struct cgroup *cgrp = (struct cgroup *)address;
	struct cgroup *parent = parent_of(cgrp);
	__u64 key = cgroup_key(BPF_CORE_READ(cgrp, kn, id), hierarchy), id;
	struct scratch *s;

	if (bpf_map_lookup_elem(&containers, &key))
		return 1;
	s = scratch_get();
	if (!s) {
		container_lost(BUFFER_SCRATCH);
		return -1;
	}
	id = read_id(s, cgrp, parent);
	scratch_put(s);
	return !!id;
}

/* The outermost container of a cgroup and those above it, as many as one function looks at. */
__noinline __u64 outermost_of_some(__u64 address, __u64 hierarchy)
{
	__u64 cgrp = address, found = 0;

	for (int i = 0; i < CGROUP_STEPS; i++) {
		__u64 parent = (__u64)parent_of((struct cgroup *)cgrp);
		int is;

		/* The root has no parent. */
		if (!parent)
			return found;
		is = is_container(cgrp, hierarchy);
		if (is < 0)
			return CONTAINER_LOST;
		if (is)
			found = cgrp;
		cgrp = parent;
	}
	return found;
}

/* The cgroup that many steps above; 0: there are fewer. */
__noinline __u64 cgroup_above_some(__u64 address)
{
	__u64 cgrp = address;

	for (int i = 0; i < CGROUP_STEPS && cgrp; i++)
		cgrp = (__u64)parent_of((struct cgroup *)cgrp);
	return cgrp;
}

__noinline __u64 outermost_container(__u64 address, __u64 hierarchy)
{
	__u64 cgrp = address, found = 0;

	for (int i = 0; i < CGROUP_DEPTH / CGROUP_STEPS; i++) {
		__u64 outer = outermost_of_some(cgrp, hierarchy);

		if (outer == CONTAINER_LOST)
			return CONTAINER_LOST;
		if (outer)
			found = outer;
		cgrp = cgroup_above_some(cgrp);
		if (!cgrp)
			return found;
	}
	return container_lost(BUFFER_TABLE);
}

static __always_inline __u32 cgroup_uid(struct cgroup *cgrp)
{
	/* Attributes are missing as long as everything is as root would have made it. */
	struct kernfs_iattrs *attributes = BPF_CORE_READ(cgrp, kn, iattr);

	return attributes ? BPF_CORE_READ(attributes, ia_uid.val) : 0;
}

/*
 * Who may have made a cgroup: the owner of the one around it, or its own owner if others may write
 * there.
 */
static __always_inline __u32 cgroup_owner(struct cgroup *cgrp, struct cgroup *parent)
{
	__u32 owner = cgroup_uid(parent);

	if (!owner && BPF_CORE_READ(parent, kn, mode) & WRITABLE_BY_OTHERS)
		owner = cgroup_uid(cgrp);
	return owner;
}

/* A user chooses the names of his containers: another user who traces can name them only by id. */
static __always_inline __u32 listed(struct made *made)
{
	__u64 owner = made->container.who.owner;

	if (settings.scope_mode != SCOPE_CONTAINER_LISTED)
		return LISTED_NO;
	made->listed.bits = CONTAINER_ID_LEN * 8;
	bpf_probe_read_kernel(made->listed.id, CONTAINER_ID_LEN, made->container.who.id);
	if (bpf_map_lookup_elem(&listed_ids, &made->listed))
		return LISTED_YES;
	return !owner || owner == container_settings.user ? LISTED_UNKNOWN : LISTED_NO;
}

static __always_inline __u64 remember(struct scratch *s, struct cgroup *cgrp, __u64 key, __u64 of)
{
	struct made *made = (struct made *)(s->bytes + MADE_START);
	struct cgroup *parent = parent_of(cgrp);
	__u64 id = read_id(s, cgrp, parent), one = 1, *count;
	struct container *known;
	bool users;

	if (!id)
		return container_lost(BUFFER_TABLE);
	made->container.cgroup = of;
	made->container.created = bpf_ktime_get_boot_ns();
	made->container.members = 0;
	made->container.gone = 0;
	made->container.reported = 0;
	made->container.who.owner = cgroup_owner(cgrp, parent);
	bpf_probe_read_kernel(made->container.who.id, CONTAINER_ID_LEN, s->bytes + id);
	bpf_probe_read_kernel(made->container.before, CONTAINER_BEFORE_LEN,
			      s->bytes + id - CONTAINER_BEFORE_LEN);
	made->container.listed = listed(made);
	users = is_users(&made->container, key);
	if (users && table_misses.users >= container_settings.users_max)
		return container_lost(BUFFER_TABLE);
	if (bpf_map_update_elem(&containers, &key, &made->container, BPF_NOEXIST)) {
		/* Another CPU may have been first. */
		known = bpf_map_lookup_elem(&containers, &key);
		return known ? known->cgroup : container_lost(BUFFER_TABLE);
	}
	if (users)
		__sync_fetch_and_add(&table_misses.users, 1);
	if (key != of)
		return of;
	if (bpf_map_update_elem(&container_ids, &made->container.who, &one, BPF_NOEXIST)) {
		count = bpf_map_lookup_elem(&container_ids, &made->container.who);
		if (count)
			__sync_fetch_and_add(count, 1);
	}
	return key;
}

__noinline __u64 container_remember(__u64 address, __u64 hierarchy, __u64 of)
{
	struct cgroup *cgrp = (struct cgroup *)address;
	__u64 key = cgroup_key(BPF_CORE_READ(cgrp, kn, id), hierarchy), made;
	struct container *known = bpf_map_lookup_elem(&containers, &key);
	struct scratch *s;

	if (known)
		return known->cgroup;
	s = scratch_get();
	if (!s)
		return container_lost(BUFFER_SCRATCH);
	made = remember(s, cgrp, key, of ?: key);
	scratch_put(s);
	return made;
}

__noinline __u64 cgroup_container(__u64 address, __u64 hierarchy)
{
	__u64 found = outermost_container(address, hierarchy);

	return found && found != CONTAINER_LOST ? container_remember(found, hierarchy, 0) : found;
}
