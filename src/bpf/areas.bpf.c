// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Looking up an area of an address space: find_rounds() of lib/memory.h. */
#include "lib/items.h"

static long vma_found(struct task_struct *task, struct vm_area_struct *vma, struct found_vma *found)
{
	found->file = (__u64)BPF_CORE_READ(vma, vm_file);
	found->anon_vma = (__u64)BPF_CORE_READ(vma, anon_vma);
	found->flags = BPF_CORE_READ(vma, vm_flags);
	found->start = BPF_CORE_READ(vma, vm_start);
	found->end = BPF_CORE_READ(vma, vm_end);
	return 0;
}

__noinline int find_once(__u32 slot, __u64 addr)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct found_vma found = {};
	long error;

	if (!s)
		return AREA_BUSY;
	error = bpf_find_vma(bpf_get_current_task_btf(), addr, vma_found, &found, 0);
	if (error == -EBUSY)
		return AREA_BUSY;
	if (error || found.start > addr)
		return AREA_NONE;
	bpf_probe_read_kernel(&s->vma, sizeof(s->vma), &found);
	return AREA_FOUND;
}

__noinline int find_rounds(__u32 slot, __u64 addr)
{
	for (int i = 0; i < LOOP_ROUNDS; i++) {
		int found = find_once(slot, addr);

		if (found != AREA_BUSY)
			return found;
	}
	return AREA_BUSY;
}
