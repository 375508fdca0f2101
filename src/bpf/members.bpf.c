// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Which container a process is in: current_container() and others of lib/container.h. */
#include "lib/container.h"

__noinline __u64 current_container(void)
{
	struct member *member = task_member(current_task());

	return member ? member->container : 0;
}

__noinline int container_leave(__u32 tgid, __u64 start)
{
	struct member *member = find_member(tgid, start);

	if (!member)
		return 0;
	member_left(member->container);
	bpf_map_delete_elem(&members, &tgid);
	return 0;
}
