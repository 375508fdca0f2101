// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What passes --filter: the bodies of lib/filter.h. */
#include "lib/items.h"

static __always_inline bool in_range(const volatile struct number_filter *filter, __s64 value)
{
	if (filter->type == NUMBER_U64)
		return (__u64)value >= (__u64)filter->min && (__u64)value <= (__u64)filter->max;
	return value >= filter->min && value <= filter->max;
}

static __always_inline bool number_passes(const volatile struct number_filter *filter, __s64 value)
{
	struct listed_number key = { .value = value, .field = filter->field };

	if (!in_range(filter, value))
		return false;
	if (filter->values == VALUES_ANY)
		return true;
	return !!bpf_map_lookup_elem(&filter_numbers, &key) == (filter->values == VALUES_ONLY);
}

/* The same for a field, which costs nothing if it is not used. */
#define FIELD_PASSES(index, value) \
	(!filters.numbers[index].type || number_passes(&filters.numbers[index], value))

static __always_inline struct task_struct *task_at(__u64 address)
{
	/* Only where tasks are read through a helper it may be another than the current one. */
	if (has_task_btf() || !address)
		return current_task();
	return (struct task_struct *)address;
}

static __always_inline __u32 own_pid_ns(struct task_struct *task)
{
	struct pid *pid = TASK_READ(task, thread_pid);
	struct upid upid = {};

	pid_at_level(pid, BPF_CORE_READ(pid, level), &upid);
	return BPF_CORE_READ(upid.ns, ns.inum);
}

/* Whether a pattern of the set is the beginning of the first len bytes in key. */
#define HAS_PATTERN(trie, key, in, len)                         \
	({                                                      \
		(key)->bits = (sizeof((key)->set) + (len)) * 8; \
		(key)->set = in;                                \
		!!bpf_map_lookup_elem(&trie, key);              \
	})

/* size: that of the array at addr that contains the text. */
static __always_inline bool name_passes(const volatile struct text_filter *filter, const void *addr,
					const __u32 size)
{
	__u32 anywhere = filter->field + SET_ANYWHERE;
	bool found = !filter->wanted;
	struct name_key key = {};
	long n = bpf_probe_read_kernel_str(key.text, size, addr);

	/* n includes the NUL; a text that cannot be read is empty. */
	if (n < 1)
		n = 1;
	if (filter->excluded & TEXT_START &&
	    HAS_PATTERN(filter_names, &key, filter->field + SET_EXCLUDED, n))
		return false;
	if (filter->wanted & TEXT_START &&
	    HAS_PATTERN(filter_names, &key, filter->field + SET_WANTED, n))
		found = true;
	if (!((filter->wanted | filter->excluded) & TEXT_ANYWHERE))
		return found;
	for (__u32 i = 0; i < size; i++) {
		if (i >= n)
			break;
		/* Bytes after its NUL do not count. */
		bpf_probe_read_kernel(key.text, size, addr + i);
		if (filter->excluded & TEXT_ANYWHERE &&
		    HAS_PATTERN(filter_names, &key, anywhere + SET_EXCLUDED, n - i))
			return false;
		if (filter->wanted & TEXT_ANYWHERE &&
		    HAS_PATTERN(filter_names, &key, anywhere + SET_WANTED, n - i))
			found = true;
	}
	return found;
}

static __always_inline bool is_used(const volatile struct text_filter *filter)
{
	return filter->wanted || filter->excluded;
}

__noinline int filter_uts(__u64 address)
{
	__u64 uts_ns;

	if (!is_used(&filters.names[FIELD_UTS]))
		return true;
	uts_ns = (__u64)BPF_CORE_READ(task_at(address), nsproxy, uts_ns);
	return name_passes(&filters.names[FIELD_UTS],
			   (void *)uts_ns +
				   bpf_core_field_offset(struct uts_namespace, name.nodename),
			   sizeof(((struct new_utsname *)0)->nodename));
}

__noinline int filter_comm(__u64 addr)
{
	if (!is_used(&filters.names[FIELD_COMM]))
		return true;
	if (!addr)
		addr = FIELD_ADDRESS(current_task(), comm);
	return name_passes(&filters.names[FIELD_COMM], (void *)addr, COMM_LEN);
}

__noinline int filter_caller(void)
{
	__u64 key = (__u64)current_task();
	struct exec_call *call;

	if (!is_used(&filters.names[FIELD_COMM]))
		return true;
	call = bpf_map_lookup_elem(&exec_calls, &key);
	return call && name_passes(&filters.names[FIELD_COMM], call->comm, COMM_LEN);
}

__noinline int filter_ids(__u64 address)
{
	struct task_struct *task = task_at(address);

	if (!FIELD_PASSES(FIELD_UID, TASK_READ(task, cred, uid.val)))
		return false;
	if (!FIELD_PASSES(FIELD_PID, number_here(TASK_READ(task, group_leader, thread_pid),
						 TASK_READ(task, tgid))))
		return false;
	if (!FIELD_PASSES(FIELD_TID,
			  number_here(TASK_READ(task, thread_pid), TASK_READ(task, pid))))
		return false;
	if (!FIELD_PASSES(FIELD_PPID,
			  number_here(TASK_READ(task, real_parent, group_leader, thread_pid),
				      TASK_READ(task, real_parent, tgid))))
		return false;
	if (!FIELD_PASSES(FIELD_MNTNS, TASK_READ(task, nsproxy, mnt_ns, ns.inum)))
		return false;
	if (!FIELD_PASSES(FIELD_PIDNS, own_pid_ns(task)))
		return false;
	return true;
}

__noinline int filter_result(__u32 event, __s64 ret, __u32 returned)
{
	struct record_filter *filter = bpf_map_lookup_elem(&event_filters, &event);

	if (!filter || filter->result.type == NUMBER_NONE)
		return true;
	return returned ? number_passes(&filter->result, ret) : !filter->result.required;
}

static __always_inline __s64 read_as(__u8 type, __u64 value, __u8 abi)
{
	switch (type) {
	case NUMBER_S32:
		return (__s32)value;
	case NUMBER_U32:
		return (__u32)value;
	case NUMBER_S16:
		return (__s16)value;
	case NUMBER_U16:
		return (__u16)value;
	case NUMBER_LONG:
		return abi == ABI_IA32 ? (__s32)value : (__s64)value;
	default:
		return value;
	}
}

/* Items of a record: its arguments, what is open as each of them, the node name. */
#define ITEMS_MAX 64

/* Where the item of that argument begins; 0: it has none. */
__noinline int find_item(__u32 slot, __u32 index)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 pos;

	if (!s)
		return 0;
	pos = sizeof(s->header) + s->header.nvalues * sizeof(__u64);
	for (int i = 0; i < ITEMS_MAX; i++) {
		struct item_header *item;

		if (pos >= s->pos)
			return 0;
		bounded(pos);
		if (pos > ITEM_START_MAX)
			return 0;
		item = (struct item_header *)(s->bytes + pos);
		if (item->index == index && item->part == PART_VALUE)
			return pos;
		pos += sizeof(*item) + (((__u64)item->len + 7) & ~7ULL);
	}
	return 0;
}

/* wanted, excluded: TEXT_START, or 0. */
__noinline int filter_text(__u32 slot, __u32 field, __u32 index, __u32 wanted, __u32 excluded)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	__u64 pos = find_item(slot, index), n;
	struct item_header *item;

	bounded(pos);
	if (!s || pos > ITEM_START_MAX)
		return true;
	item = (struct item_header *)(s->bytes + pos);
	if (!pos || item->status == ITEM_FAULT)
		return !wanted;
	/* Includes the NUL behind it. */
	n = (__u64)item->len + 1;
	bounded(n);
	if (n > TEXT_MAX)
		n = TEXT_MAX;
	bpf_probe_read_kernel(s->key.text, n, item + 1);
	if (excluded && HAS_PATTERN(filter_texts, &s->key, field + SET_EXCLUDED, n))
		return false;
	return !wanted || HAS_PATTERN(filter_texts, &s->key, field + SET_WANTED, n);
}

__noinline int filter_record(__u32 slot)
{
	struct scratch *s = bpf_map_lookup_elem(&scratch, &slot);
	struct record_filter *filter;
	__u32 event;

	if (!s)
		return true;
	event = s->header.event;
	filter = bpf_map_lookup_elem(&event_filters, &event);
	if (!filter)
		return true;
	for (int i = 0; i < FILTER_NUMBERS; i++) {
		struct number_filter *number = &filter->numbers[i];
		__u32 index = number->index;

		if (number->type == NUMBER_NONE)
			break;
		if (index >= MAX_EVENT_ARGS || index >= s->header.nvalues) {
			if (number->required)
				return false;
			continue;
		}
		if (!number_passes(number,
				   read_as(number->type, *record_value(s, index), s->header.abi)))
			return false;
	}
	for (int i = 0; i < FILTER_TEXTS; i++) {
		struct text_filter *text = &filter->texts[i];

		if (!is_used(text))
			break;
		if (!filter_text(slot, text->field, text->index, text->wanted, text->excluded))
			return false;
	}
	return true;
}
