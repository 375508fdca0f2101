/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Every map and every constant that the loader sets. Sizes of 1 are set by the loader. */
#ifndef TRACEE_MAPS_H
#define TRACEE_MAPS_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "record.h"
#include "captures.h"
#include "filter.h"
#include "scratch.h"
#include "lib/uapi.h"

extern const volatile struct settings settings;
extern const volatile struct filters filters;

extern const volatile struct container_settings container_settings;

extern struct control control SEC(".data.control");

/* CAPTURE_* */
extern const volatile __u32 capturing;
/* ns since the epoch at boot */
extern const volatile __u64 epoch_of_boot;

/* Rings: one per CPU for the flood, one for process life. */
struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct rings_map {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring);
};
extern struct rings_map rings SEC(".maps");

struct priority_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096); /* set by the loader, too */
};
extern struct priority_map priority SEC(".maps");

/* When this CPU last woke the reader. */
struct wake {
	__u64 last; /* ns since boot */
	__u64 room; /* bytes that can be written before it may have to be woken; 0: unknown */
};

struct wakes_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wake);
};
extern struct wakes_map wakes SEC(".maps");

/* Exact loss counters, by CPU and event. */
struct lost_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_EVENTS);
	__type(key, __u32);
	__type(value, __u64);
};
extern struct lost_map lost SEC(".maps");

/* The total; tracee maps it into its own memory, and reads the counters only when it has grown. */
extern __u64 lost_in_all SEC(".data.lost");

/* Exact loss counters, by CPU and buffer. */
struct losses_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, BUFFER_COUNT);
	__type(key, __u32);
	__type(value, struct loss);
};
extern struct losses_map losses SEC(".maps");

/*
 * System calls of every ABI: abi * MAX_SYSCALLS + number; then those within others, from ABI_COUNT
 * * MAX_SYSCALLS on.
 */
struct syscalls_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_COUNT *MAX_SYSCALLS + WITHIN_MAX);
	__type(key, __u32);
	__type(value, struct syscall_desc);
};
extern struct syscalls_map syscalls SEC(".maps");

/* How an argument that depends on another one is read. */
struct selected_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct selector);
	__type(value, struct arg_desc);
};
extern struct selected_map selected SEC(".maps");

/*
 * Room to build records in: SCRATCH_SLOTS per CPU, since one program can be
 * interrupted, or preempted by another task, while it holds one.
 */
struct scratch_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
};
extern struct scratch_map scratch SEC(".maps");

/*
 * The call that programs at sys_exit look at. The kernel runs no program twice at a time on a CPU, so
 * that this is the one program's alone; several run one after the other, and are not preempted.
 */
struct returned_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct returned_call);
};
extern struct returned_map returned SEC(".maps");

/* The interpreter of a script: the kernel reads 256 bytes of its first line. */
#define INTERP_LEN 256

/* What is known of an execve before the old image goes; by task. */
struct exec_call {
	__u64 args[MAX_ARGS];
	__u32 nr; /* index into syscalls */
	__u32 known; /* nr and args are set */
	char comm[COMM_LEN];
	char interp[INTERP_LEN]; /* empty: none, or sched_process_exec reports it */
};

struct exec_calls_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct exec_call);
};
extern struct exec_calls_map exec_calls SEC(".maps");

/* The mark of the call that a thread is in. */
struct mark {
	__u64 start; /* start of the thread, where marks are kept by the address of its task */
	__u64 failed; /* mark_control.failed when its last call returned */
	__u64 entered; /* ns since boot, with settings.durations; 0: before tracing began */
	__u64 args[MAX_ARGS];
	__u32 nr; /* from the registers at sys_enter */
	__u16 abi;
	__u16 state; /* MARK_* of lib/mark.h */
};

struct mark_control {
	__u64 failed; /* marks that could not be left */
	__u64 unsettled; /* threads in a fork or an exec, which may return under another number */
};

/* Marks: in task storage since 5.13, else by the address of the task. */
struct task_marks_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct mark);
};
extern struct task_marks_map task_marks SEC(".maps");

struct marks_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct mark);
};
extern struct marks_map marks SEC(".maps");

extern struct mark_control mark_control SEC(".data.marks");

/* What close(2) is about to close, as items of a record; by task. */
#define CLOSING_MAX 4800

struct closing {
	__u64 len;
	__u8 items[CLOSING_MAX];
};

struct closings_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct closing);
};
extern struct closings_map closings SEC(".maps");

/*
 * Arguments kept for the call that a program is in, as items of a record, which follow; by task.
 * The least recent entry is dropped first. There are two sizes, since a whole entry is copied.
 */
struct given {
	__u64 start; /* of the thread */
	__s64 room; /* for what the call fills in */
	__u32 kept; /* bit i: argument i is among the items */
	__u32 event; /* the call */
	__u32 len; /* of the items, and of scratch.messages behind them */
	__u32 nmessages;
	__u32 seed;
	__u32 reserved;
};

#define GIVEN_SMALL 480
#define GIVEN_LARGE 8640

struct small_given {
	struct given head;
	__u8 items[GIVEN_SMALL];
};

struct large_given {
	struct given head;
	__u8 items[GIVEN_LARGE];
};

struct givens_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct small_given);
};
extern struct givens_map givens SEC(".maps");

struct large_givens_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct large_given);
};
extern struct large_givens_map large_givens SEC(".maps");

/*
 * What a task has before a call that may change it: in task storage since 5.13, else by the address
 * of the task. In the latter map the least recent entry is dropped first, which cred.bpf.c notices.
 */
struct before {
	__u64 start; /* of the thread */
	struct cred_info cred;
	struct namespace_info namespaces;
};

struct task_befores_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct before);
};
extern struct task_befores_map task_befores SEC(".maps");

struct befores_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct before);
};
extern struct befores_map befores SEC(".maps");

/*
 * What the target of the kill(2) calls itself that a task is in; by the task. The least recent entry
 * is dropped first, as in the next map.
 */
struct target_name {
	__u64 start; /* of the thread */
	__u32 tid; /* of the target, as the caller sees it */
	__u32 reserved;
	char comm[COMM_LEN];
};

struct target_names_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct target_name);
};
extern struct target_names_map target_names SEC(".maps");

/* Who has sent the signal of that number that waits in a queue; by signal_key(). */
struct sender_name {
	__u32 pid; /* of the sender, as itself sees it */
	__u32 seen; /* the same, as the receiver sees it */
	__s32 code;
	__u32 reserved;
	char comm[COMM_LEN];
};

struct sender_names_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct sender_name);
};
extern struct sender_names_map sender_names SEC(".maps");

/* The kernel's own copy of an argument, from its making until the call returns; by task. */
struct arg_copy {
	__u64 start; /* of the thread: another one may have the same address later */
	__u16 event; /* the call */
	__u16 compared; /* an execve, before its old image went: later opens are not its argument */
	__u32 len;
	__u8 bytes[STR_MAX];
};

struct arg_copies_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct arg_copy);
};
extern struct arg_copies_map arg_copies SEC(".maps");

/* Followed processes, by tgid. Not preallocated: it costs only what is followed. */
struct followed_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct followed);
};
extern struct followed_map followed SEC(".maps");

/* Pids that the user named, as tracee's own pid namespace has them; 1: found. */
struct named_pids_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};
extern struct named_pids_map named_pids SEC(".maps");

/* Numbers that filters name. */
struct filter_numbers_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct listed_number);
	__type(value, __u8);
};
extern struct filter_numbers_map filter_numbers SEC(".maps");

/* Patterns of the names of processes and nodes; a name is found if one of them is its beginning. */
struct filter_names_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct name_key);
	__type(value, __u8);
};
extern struct filter_names_map filter_names SEC(".maps");

/* The same for arguments. */
struct filter_texts_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct text_key);
	__type(value, __u8);
};
extern struct filter_texts_map filter_texts SEC(".maps");

/* Filters of results and arguments, by event. */
struct event_filters_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record_filter);
};
extern struct event_filters_map event_filters SEC(".maps");

/* Containers, by cgroup_key(). */
struct containers_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONTAINERS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct container);
};
extern struct containers_map containers SEC(".maps");

/* How many cgroups each container has. */
struct container_ids_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONTAINERS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct container_id);
	__type(value, __u64);
};
extern struct container_ids_map container_ids SEC(".maps");

/* LISTED_* of containers whose names decide, once their names are known. */
struct decided_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CONTAINERS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
};
extern struct decided_map decided SEC(".maps");

/* Processes of containers; by tgid. As large as the system has room for processes. */
struct members_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct member);
};
extern struct members_map members SEC(".maps");

extern struct table_misses table_misses SEC(".data.tables");

/* What the user named, as beginnings of ids. */
struct listed_ids_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct listed_id);
	__type(value, __u32);
};
extern struct listed_ids_map listed_ids SEC(".maps");

/* Captured bytes have a ring of their own, so that no event is lost to them. */
extern struct ring captures SEC(".maps");

extern struct capture_misses capture_misses SEC(".data.captures");

/* Files that have been reported to user space. */
struct captured_files_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct captured_key);
	__type(value, struct captured_file);
};
extern struct captured_files_map captured_files SEC(".maps");

/* Budgets, by tgid. */
struct memory_budgets_map {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct memory_budget);
};
extern struct memory_budgets_map memory_budgets SEC(".maps");

#endif
