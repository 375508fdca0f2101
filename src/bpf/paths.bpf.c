// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Appending a path: from the file towards the root of its mount namespace,
 * from mount to mount.
 *
 * Renames cannot be prevented meanwhile. But each dentry counts how often it was renamed or moved
 * (d_seq), so the path is walked twice: if every count is the same afterwards, all of it was true
 * at the moment in between. Else it is walked again; and at last it is marked, since it may mix old
 * and new names.
 */
#include "lib/items.h"

/* mnt_ns of a mount that only the kernel uses. */
#define MNT_NS_INTERNAL (-(__u64)EINVAL)

/* Since 6.17 the mounts of a file system are linked by themselves, not by a list_head. */
struct mount___6_17 {
	struct mount *mnt_next_for_sb;
} __attribute__((preserve_access_index));

struct super_block___6_17 {
	struct mount *s_mounts;
} __attribute__((preserve_access_index));

static __always_inline __u64 current_mnt_ns(void)
{
	return plain_address(TASK_READ(current_task(), nsproxy, mnt_ns));
}

static __always_inline __u64 mount_of(__u64 mnt)
{
	return mnt - bpf_core_field_offset(struct mount, mnt);
}

/* A task that is exiting has no namespace to compare with. */
static __always_inline __u8 reach_of(struct mount *root)
{
	__u64 ns = current_mnt_ns();

	return !ns || (__u64)BPF_CORE_READ(root, mnt_ns) == ns ? 0 : PATH_UNREACHABLE;
}

/* How often a path that is renamed meanwhile is walked. */
#define WALKS_MAX 8
/* Rounds of all its walks; the longest path takes 64 to be walked and checked once. */
#define WALK_ROUNDS 256

static __always_inline void walk_begin(struct scratch *s, bool checking)
{
	s->loop.dentry = s->loop.first_dentry;
	s->loop.mount = s->loop.first_mount;
	s->loop.seen = 0;
	s->loop.checking = checking;
	if (checking)
		return;
	s->loop.len = 0;
	s->loop.path_end = 0;
	s->loop.changing = 0;
	s->loop.passed = 0;
}

/* At the end of the walk: the result of walk_step(), or STEP_MORE. */
static __always_inline int walk_end(struct scratch *s, int step)
{
	if (!s->loop.checking) {
		s->loop.step = step;
		s->loop.before = s->loop.seen;
		walk_begin(s, true);
		return STEP_MORE;
	}
	if (!s->loop.changing && s->loop.seen == s->loop.before)
		return s->loop.step;
	s->loop.walks++;
	if (s->loop.walks == WALKS_MAX)
		return STEP_FOUND;
	walk_begin(s, false);
	return STEP_MORE;
}

/* Whether the second walk ends here. */
static __always_inline bool pass(struct scratch *s, __u64 dentry)
{
	__u32 changes = 0;

	bpf_probe_read_kernel(&changes, sizeof(changes),
			      (void *)(dentry + bpf_core_field_offset(struct dentry, d_seq)));
	if (changes & 1)
		s->loop.changing = 1;
	s->loop.seen = (s->loop.seen + dentry) * 0x9e3779b97f4a7c15ULL + changes;
	if (!s->loop.checking) {
		s->loop.passed++;
		return false;
	}
	s->loop.passed--;
	return !s->loop.passed;
}

/* Appends one component, or passes from a mount to the one it is mounted on. */
static __always_inline int walk_step(struct scratch *s)
{
	struct dentry *dentry = (struct dentry *)s->loop.dentry, *parent;
	struct mount *mount = (struct mount *)s->loop.mount;
	__u64 pos, at;
	long n;

	if (!s->loop.checking && s->loop.passed == PATH_COMPONENTS)
		return STEP_FULL;
	if (pass(s, s->loop.dentry))
		return STEP_END;
	parent = BPF_CORE_READ(dentry, d_parent);
	if (!mount && parent == dentry) {
		s->loop.path_end = PATH_AT_ROOT | PATH_UNREACHABLE;
		return STEP_END;
	}
	if (mount && dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		struct mount *up = BPF_CORE_READ(mount, mnt_parent);

		if (up == mount) {
			s->loop.path_end = PATH_AT_ROOT | reach_of(mount);
			return STEP_END;
		}
		s->loop.dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		s->loop.mount = (__u64)up;
		return STEP_MORE;
	}
	if (!s->loop.checking) {
		pos = s->pos;
		bounded(pos);
		at = s->loop.len;
		bounded(at);
		if (pos > ITEM_START_MAX || at > STR_MAX)
			return STEP_FULL;
		n = bpf_probe_read_kernel_str(s->bytes + sizeof(struct item_header) + pos + at,
					      NAME_LEN + 1, BPF_CORE_READ(dentry, d_name.name));
		if (n <= 0)
			return STEP_FAULT;
		s->loop.len = at + n;
	}
	if (parent == dentry) {
		s->loop.path_end = PATH_UNROOTED;
		return STEP_END;
	}
	s->loop.dentry = (__u64)parent;
	return STEP_MORE;
}

__noinline int path_step(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	int step;

	if (!s)
		return STEP_FULL;
	step = walk_step(s);
	return step == STEP_MORE ? STEP_MORE : walk_end(s, step);
}

__noinline int path_steps(__u32 slot)
{
	int step = STEP_MORE;

	for (int i = 0; i < LOOP_ROUNDS; i++) {
		step = path_step(slot);
		if (step != STEP_MORE)
			break;
	}
	return step;
}

/* Goes some dentries up from loop.dentry; STEP_FOUND: root was reached. */
__noinline int up_steps(__u32 slot, __u64 root)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (!s)
		return STEP_END;
	for (int i = 0; i < LOOP_ROUNDS; i++) {
		__u64 dentry = s->loop.dentry, parent;

		if (dentry == root)
			return STEP_FOUND;
		parent = PEEK(struct dentry, dentry, d_parent);
		if (parent == dentry)
			return STEP_END;
		s->loop.dentry = parent;
	}
	return STEP_MORE;
}

/* Whether root is the dentry itself or one of those above it. */
__noinline int dentry_is_below(__u32 slot, __u64 dentry, __u64 root)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (!s)
		return 0;
	s->loop.dentry = dentry;
	for (int i = 0; i < PATH_COMPONENTS / LOOP_ROUNDS; i++) {
		int step = up_steps(slot, root);

		if (step != STEP_MORE)
			return step == STEP_FOUND;
	}
	return 0;
}

static __always_inline bool mount_shows(struct scratch *s, __u64 dentry, __u64 sb)
{
	__u64 root = PEEK(struct mount, s->loop.mount, mnt.mnt_root);

	if (PEEK(struct mount, s->loop.mount, mnt.mnt_sb) != sb)
		return false;
	return root == PEEK(struct super_block, sb, s_root) ||
	       dentry_is_below(s->slot, dentry, root);
}

/* Goes on to the next mount of the file system; STEP_FOUND: it is in this namespace. */
__noinline int mount_step(__u32 slot, __u64 sb, __u64 ns)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 mount, head;

	if (!s)
		return STEP_END;
	mount = s->loop.mount;
	if (bpf_core_field_exists(struct mount___6_17, mnt_next_for_sb)) {
		mount = mount ? PEEK(struct mount___6_17, mount, mnt_next_for_sb) :
				PEEK(struct super_block___6_17, sb, s_mounts);
	} else {
		head = sb + bpf_core_field_offset(struct super_block, s_mounts);
		/* The first field of a list_head is the next one. */
		mount = mount ? PEEK(struct mount, mount, mnt_instance) : peek(head);
		if (mount == head)
			mount = 0;
		if (mount)
			mount -= bpf_core_field_offset(struct mount, mnt_instance);
	}
	s->loop.mount = mount;
	if (!mount)
		return STEP_END;
	return PEEK(struct mount, mount, mnt_ns) == ns ? STEP_FOUND : STEP_MORE;
}

/* Looks at some mounts of the file system for one that shows the dentry. */
__noinline int mount_steps(__u32 slot, __u64 dentry, __u64 sb, __u64 ns)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (!s)
		return STEP_END;
	for (int i = 0; i < LOOP_ROUNDS; i++) {
		int step = mount_step(slot, sb, ns);

		if (step == STEP_END)
			return STEP_END;
		if (step == STEP_FOUND && mount_shows(s, dentry, sb))
			return STEP_FOUND;
	}
	return STEP_MORE;
}

/*
 * Sets loop.mount to a mount in the current task's namespace that shows the dentry: that of its
 * working folder or its root, else the first of the file system's. 0: none.
 */
__noinline int find_mount(__u32 slot, __u64 dentry)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 sb = PEEK(struct dentry, dentry, d_sb), ns = current_mnt_ns();
	struct task_struct *task = current_task();

	if (!s)
		return 0;
	s->loop.mount = mount_of((__u64)TASK_READ(task, fs, pwd.mnt));
	if (mount_shows(s, dentry, sb))
		return 0;
	s->loop.mount = mount_of((__u64)TASK_READ(task, fs, root.mnt));
	if (mount_shows(s, dentry, sb))
		return 0;
	s->loop.mount = 0;
	for (int i = 0; i < MOUNTS_MAX / LOOP_ROUNDS; i++) {
		int step = mount_steps(slot, dentry, sb, ns);

		if (step == STEP_FOUND)
			return 0;
		if (step == STEP_END)
			break;
	}
	s->loop.mount = 0;
	return 0;
}

/* Appends the path from the dentry on, by loop.mount. */
static __always_inline int put_walk(struct scratch *s, __u32 index, __u64 dentry)
{
	struct item_header *item = item_begin(s, index);
	int step = STEP_MORE;

	if (!item)
		return 0;
	if (!dentry) {
		item->status = ITEM_FAULT;
		item_end(s, item, 0);
		return 0;
	}
	/* Like the kernel's d_unlinked(); a file that does not exist yet is not deleted. */
	if (!PEEK(struct dentry, dentry, d_hash.pprev) && PEEK(struct dentry, dentry, d_inode) &&
	    PEEK(struct dentry, dentry, d_parent) != dentry)
		item->flags = PATH_DELETED;
	s->loop.first_dentry = dentry;
	s->loop.first_mount = s->loop.mount;
	s->loop.walks = 0;
	walk_begin(s, false);
	for (int i = 0; i < WALK_ROUNDS; i++) {
		step = path_steps(s->slot);
		if (step != STEP_MORE)
			break;
	}
	item->flags |= s->loop.path_end;
	if (step == STEP_FOUND || step == STEP_MORE)
		item->flags |= PATH_MIXED;
	if (step == STEP_FOUND)
		step = s->loop.step;
	if (step != STEP_END)
		item->status = ITEM_TRUNCATED;
	item_end(s, item, s->loop.len);
	return 0;
}

__noinline int put_path(__u32 slot, __u32 index, __u64 addr)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 mnt = PEEK(struct path, addr, mnt);

	if (!s || put_made_up(slot, index, PEEK(struct path, addr, dentry), mnt))
		return 0;
	s->loop.mount = mount_of(mnt);
	return put_walk(s, index, mnt ? PEEK(struct path, addr, dentry) : 0);
}

/*
 * A file system on top of others, such as overlayfs, reaches their files by mounts of its own;
 * there is usually another mount that shows the same file.
 */
__noinline int put_path_of(__u32 slot, __u32 index, __u64 dentry, __u64 mnt)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (!s || put_made_up(slot, index, dentry, mnt))
		return 0;
	s->loop.mount = 0;
	if (PEEK(struct mount, mount_of(mnt), mnt_ns) == MNT_NS_INTERNAL)
		find_mount(slot, dentry);
	if (!s->loop.mount)
		s->loop.mount = mount_of(mnt);
	return put_walk(s, index, mnt ? dentry : 0);
}

__noinline int put_dentry_path(__u32 slot, __u32 index, __u64 dentry)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);

	if (!s)
		return 0;
	find_mount(slot, dentry);
	return put_walk(s, index, dentry);
}
