/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which container a process is in. Its cgroup's name says so; what a cgroup
 * belongs to is found out once, by the names of itself and of those above it.
 *
 * A runtime puts a process into the new cgroup, prepares it there, and at last
 * has it execute the container's program. All before that exec is the
 * runtime's own doing: the process has entered its container when it has made
 * that exec, or descends from one that has.
 */
#ifndef TRACEE_CONTAINER_H
#define TRACEE_CONTAINER_H

#include "task.h"

/* Two hierarchies may have cgroups with the same id. */
#define HIERARCHY_SHIFT 48
/* In the answer of current_container(): it has made its own first exec. */
#define CONTAINER_ENTERED (1ULL << 63)

/* Fields of a pointer that the verifier may or may not know. */
#define KNOWN_READ(known, pointer, ...) \
	((known) ? TASK_READ(pointer, __VA_ARGS__) : BPF_CORE_READ(pointer, __VA_ARGS__))

/*
 * The cgroup key of the current task's container, and whether the task has
 * entered it; 0: it is in none.
 */
__u64 current_container(void);
/*
 * The same without finding out what is not known yet: records are made deep in
 * the stack, where there is no room for that. task_scope() has done it.
 */
__u64 known_container(void);
/* Finds out what a cgroup of that hierarchy belongs to. */
int cgroup_learn(__u64 address, __u64 hierarchy);
/* The program of a container, or what the runtime executes before it? */
int container_exec(__u64 filename);
/* A child of the current task may be in its container, or in another one. */
int container_fork(__u64 child);

/* The container that the task belongs to, of an answer of current_container(). */
static __always_inline __u64 member_of(__u64 container)
{
	return container & CONTAINER_ENTERED ? container & ~CONTAINER_ENTERED : 0;
}

static __always_inline __u64 cgroup_key(__u64 id, __u64 hierarchy)
{
	return id | hierarchy << HIERARCHY_SHIFT;
}

/* The key of the container that a cgroup is of; 0: none. */
static __always_inline __u64 cgroup_container(struct cgroup *cgrp, __u64 hierarchy, bool known,
					      bool learn)
{
	struct container *found;
	__u64 key;

	/* At the root there is none. */
	if (!KNOWN_READ(known, cgrp, level))
		return 0;
	key = cgroup_key(KNOWN_READ(known, cgrp, kn, id), hierarchy);
	found = bpf_map_lookup_elem(&cgroups, &key);
	if (found || !learn)
		return found ? found->cgroup : 0;
	cgroup_learn(known ? plain_address(cgrp) : (__u64)cgrp, hierarchy);
	found = bpf_map_lookup_elem(&cgroups, &key);
	return found ? found->cgroup : 0;
}

/* The cgroup in the v1 hierarchy that container_settings names. */
static __always_inline struct cgroup *v1_cgroup(struct task_struct *task, bool known)
{
	__u64 offset = bpf_core_field_offset(struct css_set, subsys) +
		       container_settings.v1_subsys * sizeof(void *);
	struct cgroup_subsys_state *css = NULL;
	void *set = KNOWN_READ(known, task, cgroups);

	if (known && has_task_btf())
		css = *(struct cgroup_subsys_state **)(set + offset);
	else
		bpf_probe_read_kernel(&css, sizeof(css), set + offset);
	return KNOWN_READ(known, css, cgroup);
}

/* The key of the container in whose cgroup a task is; 0: none. */
static __always_inline __u64 task_container(struct task_struct *task, bool known, bool learn)
{
	struct cgroup *cgrp = KNOWN_READ(known, task, cgroups, dfl_cgrp);
	__u64 hierarchy = container_settings.v1_hierarchy;
	__u64 found = cgroup_container(cgrp, 0, known, learn);

	if (!found && hierarchy)
		found = cgroup_container(v1_cgroup(task, known), hierarchy, known, learn);
	return found;
}

#endif
