/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Records from the kernel to user space, and the tables that go the other way. The Rust side takes
 * these types from the object's BTF (skeleton), so this file is their one definition; constants
 * from the enums that union shared_enums of maps.bpf.c names.
 *
 * A record in a ring:
 *
 *   struct record_header
 *   __u64 values[header.nvalues]   one per argument: a number, or a user
 *                                  address
 *   items                          what was read from memory, in any order:
 *                                  struct item_header, then len bytes, then
 *                                  padding up to a multiple of 8
 */
#ifndef TRACEE_RECORD_H
#define TRACEE_RECORD_H

#include "after.h"
#include "event_ids.h"

enum record_size {
	COMM_LEN = 16,
	/* A string argument is read up to this many bytes. */
	STR_MAX = 4096,
	/*
	 * The strings of one array: that many bytes, or what an eighth of a CPU's ring takes.
	 * Larger arrays are cut: each string longer than STR_WHOLE loses its middle. With more than
	 * STR_ARRAY_ELEMS strings it is unknown which are long.
	 */
	STR_ARRAY_MAX = 122880,
	STR_ARRAY_ELEMS = 4096,
	STR_WHOLE = 128,
	/* The longest string that Linux accepts as argument or environment: MAX_ARG_STRLEN. */
	STR_LONGEST = 131072,
	/* Components and mounts that are followed from a file towards the root. */
	PATH_COMPONENTS = 1024,
	/* How many mounts of a file system are searched for one that shows a file. */
	MOUNTS_MAX = 1024,
	NAME_LEN = 255,
};

enum abi : __u8 {
	ABI_NATIVE = 0,
	ABI_IA32 = 1,
	ABI_X32 = 2,
	ABI_COUNT = 3,
};

/* record_header.flags */
enum record_flag : __u8 {
	RECORD_NO_RETURN = 1 << 0, /* the call does not return: ret has no meaning */
	RECORD_INTERNAL = 1 << 1, /* for tracee's own bookkeeping, not shown */
	RECORD_WITHIN = 1 << 6, /* a call within another, whose arguments were in user memory */
	RECORD_NOT_CARRIED_OUT = 1 << 2, /* seccomp or a tracer kept the call from running */
	RECORD_UNVERIFIED = 1 << 3, /* it is unknown whether the call was carried out */
};

/* Sizes of tables and buffers that the loader makes. */
enum table_size {
	SCRATCH_SLOTS = 3, /* of each CPU */
	CONTAINERS_MAX = 131072,
};

/*
 * A reader that sleeps is woken by the first record after this time; it then
 * looks again by itself after the same time, so records in between need no
 * wake-up (src/ring.rs).
 */
enum wake_age { WAKE_AGE_NS = 10000000 };

struct record_header {
	__u64 time; /* ns since boot, suspend included */
	__u64 thread_start; /* ns since boot */
	__u64 process_start; /* ns since boot; with host_pid it identifies a process for ever */
	__u64 cgroup_id;
	__u64 container; /* container.cgroup; 0: in none */
	__s64 ret;
	__u32 tid; /* ids as the task's own pid namespace has them */
	__u32 pid;
	__u32 ppid;
	__u32 host_tid;
	__u32 host_pid;
	__u32 host_ppid;
	__u32 uid; /* real uid in the initial user namespace */
	__u32 mnt_ns;
	__u32 pid_ns;
	__u32 cpu;
	__u16 event;
	__u16 syscall; /* event id of the call in progress, or NO_SYSCALL */
	__u8 abi;
	__u8 nvalues;
	__u8 flags;
	__u8 reserved;
	char comm[COMM_LEN];
};

enum no_syscall : __u16 { NO_SYSCALL = 0xffff };

/* item_header.index: position of the argument, or one of these. */
enum item_index : __u8 {
	ITEM_NODENAME = 0xff,
	/* for a call that was not carried out: the register of its result */
	ITEM_SEEN = 0xfe,
	/* how long the call took, in ns */
	ITEM_DURATION = 0xfd,
};

/* item_header.part: parts of an argument, apart from its value. */
enum item_part : __u8 {
	PART_VALUE = 0,
	/* For a struct msghdr: what it points to. */
	PART_MSG_NAME = 1,
	PART_MSG_IOV = 2,
	PART_MSG_CONTROL = 3,
	/* For an open file: struct fd_info, its path, what it is bound to as a socket. */
	PART_FD_INFO = 4,
	PART_FD_PATH = 5,
	PART_FD_SOCKET = 6,
	PART_FD_UNIX = 7,
	/* For a string array: the cuts in it, an array of struct str_cut. */
	PART_STR_CUTS = 8,
	/* For a vector of buffers, or for those of a message: their first bytes. */
	PART_BUFFERS = 9,
	/* For a process or a thread: what it calls itself. */
	PART_NAME = 10,
	/* For an argument that the call writes over: what was given, or what the call left. */
	PART_GIVEN = 16,
	PART_AFTER = 17,
};

/* item_header.status */
enum item_status : __u8 {
	ITEM_OK = 0,
	ITEM_TRUNCATED = 1, /* bytes are missing at the end */
	ITEM_FAULT = 2, /* the memory could not be read; no bytes */
};

/* item_header.flags, of a path */
enum path_flag : __u8 {
	PATH_DELETED = 1 << 0, /* no longer in its directory */
	PATH_AT_ROOT = 1 << 1, /* followed up to the root of its mount namespace */
	PATH_UNROOTED = 1 << 2, /* not below the root of a mount */
	PATH_UNREACHABLE = 1 << 3, /* that root is not in the task's mount namespace */
	PATH_MADE_UP = 1 << 4, /* in no folder, the kernel makes up its name: memfd, pipe, … */
	PATH_MIXED = 1 << 5, /* renamed all the time: it may mix old and new names */
};

/*
 * item_header.flags, for user memory; for a part of an array of messages also the message's
 * position
 */
enum item_flag : __u8 {
	ITEM_LATE = 1 << 7, /* read when the call had returned, which may have written over it */
};

struct item_header {
	__u8 index;
	__u8 status;
	__u8 flags;
	__u8 part;
	__u32 len; /* of the bytes that follow */
	__u64 full; /* elements of a string array in all, bytes of other data; 0: unknown */
};

/* Bytes of a string array that were left out. */
struct str_cut {
	__u32 at; /* where, in the bytes of the item; CUT_* */
	__u32 missing; /* how many; 0: unknown */
};

enum cut_flag {
	/*
	 * Not in one string but between two of them: any number of strings are missing, with the
	 * end of the one before if it has no NUL there, and with the beginning of the one after if
	 * CUT_BEHEADS is set.
	 */
	CUT_STRINGS = 0x80000000,
	CUT_BEHEADS = 0x40000000,
};
/*
 * Limit of cuts in one item; each is in a string longer than STR_WHOLE, or is the one between
 * strings.
 */
enum { CUTS_MAX = 1024 };

/*
 * A string array is its strings, each with its NUL.
 * A path is its components from the last to the first, each with its NUL.
 */

/* An open file, as --decode-fds shows it. */
struct fd_info {
	__u64 ino;
	__u32 mode; /* i_mode */
	__u32 dev; /* s_dev */
};

/* An open socket. */
struct fd_socket {
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u8 state; /* skc_state */
	__u8 reserved;
	__u16 local_port; /* host order; of netlink and unix: 0 */
	__u16 remote_port;
	__u32 netlink_port;
	__u8 local[16]; /* network order; 4 bytes of AF_INET */
	__u8 remote[16];
};

/* A task's credentials; their meaning is in kernel_structs.rs. */
struct cred_info {
	__u32 uid, gid, suid, sgid, euid, egid, fsuid, fsgid;
	__u64 inheritable, permitted, effective, bset, ambient;
	__u32 securebits;
	__u32 user_ns;
};

/* Numbers of a task's namespaces; their meaning is in kernel_structs.rs. */
struct namespace_info {
	__u32 mnt, pid_for_children, uts, ipc, net, cgroup, time, time_for_children;
};

/* The addresses of a function of the kernel. */
struct code_range {
	__u64 start;
	__u64 end;
};

enum noaudit { NOAUDIT_CALLERS = 5 };

/* Fields of a struct user_msghdr, each as long as a pointer. */
enum { MSG_FIELDS = 7 };

/* arg_desc.count: how many elements */
enum count_kind : __u8 {
	COUNT_CONST = 0, /* arg itself */
	COUNT_ARG = 1, /* the value of argument arg */
	COUNT_ARG32 = 2, /* an int or unsigned int */
	COUNT_AT = 3, /* the int that argument arg points to */
	COUNT_RET = 4,
	COUNT_RET_UP_TO = 5, /* but at most the value of argument arg, the room */
	COUNT_RET_UP_TO32 = 6, /* an int or unsigned int */
	COUNT_RET_FITS = 7, /* none if it is more than the room */
	COUNT_BELOW = 8, /* one less than the value of argument arg */
	COUNT_CAP_VERSION = 9, /* 1 or 2, by the version that argument arg points to */
};

/* How an argument of a system call is read. */
struct arg_desc {
	__u8 kind; /* KIND_* of event_ids.h */
	__u8 when; /* WHEN_* of event_ids.h */
	__u8 count; /* COUNT_* */
	__u8 arg; /* for count; of KIND_SELECT: the argument that decides */
	__u16 size; /* bytes of an element; 0: bits are counted */
	__u16 max; /* bytes at the most, a multiple of size */
	/*
	 * For KIND_SELECT: bits of the argument that decides; for buffers: how many of their bytes,
	 * BUFFERS_OUT.
	 */
	__u32 mask;
};

/* Buffers that the call fills in. */
enum buffers_flag { BUFFERS_OUT = 1U << 31 };

/* Key of the map `selected`, whose values are arg_descs. */
struct selector {
	__u16 event;
	__u8 index; /* of the argument */
	__u8 abi;
	__u32 value; /* of the argument that decides */
};

/* desc flags */
enum syscall_flag : __u8 {
	SYSCALL_CHOSEN = 1 << 0,
	/*
	 * A zero is not this call's return: clone and its like return once more in the child; a
	 * successful execve is reported at sched_process_exec.
	 */
	SYSCALL_SKIP_ZERO = 1 << 1,
	/* Shown when entered, since it never returns. */
	SYSCALL_ON_ENTER = 1 << 2,
	/* Shown when the task exits, since it never returns. */
	SYSCALL_ON_EXIT = 1 << 3,
	SYSCALL_EXECVE = 1 << 4,
	SYSCALL_EXECVEAT = 1 << 5,
	/* Its file is gone when it returns: looked up when entered. */
	SYSCALL_CLOSES = 1 << 6,
	/* It leaves a mark at sys_enter, to check whether it was carried out. */
	SYSCALL_VERIFIED = 1 << 7,
};

enum keeps : __u8 {
	KEEPS_SOME = 1, /* memory that it writes over */
	KEEPS_ALL = 2, /* it may write over all memory */
};

/* One call of one ABI. */
struct syscall_desc {
	__u16 event;
	__u8 flags;
	__u8 nargs;
	__u8 split; /* bit i: argument i came in two 32-bit registers */
	__u8 swap; /* n > 0: arguments n and n + 1 come in the other order */
	__u8 checked; /* 1 + argument that is compared with the kernel's copy of it; 0: none */
	__u8 pages; /* bit i: argument i counts pages */
	__u8 sign; /* bit i: argument i came as a signed number of 32 bits */
	__u8 ids16; /* bit i: argument i is a user or a group of 16 bits */
	__u8 keeps; /* memory that is kept from sys_enter on: KEEPS_*, lib/given.h */
	__u8 reads; /* bit i: more than the value of argument i is in the record */
	struct arg_desc args[MAX_ARGS];
};

/* Fixed before load; the verifier removes what it switches off. */
struct settings {
	__u8 chosen[MAX_EVENTS]; /* of kernel events: EVENT_* below */
	__u8 syscall_wanted[MAX_SYSCALLS]; /* in any ABI, as a call or for sys_enter and sys_exit */
	__u32 looked_at[MAX_SYSCALLS]; /* bodies that look at a number after the call, in any ABI */
	__u32 bodies; /* those of AFTER_BODIES that this run has, one bit each */
	__u32 scope_mode; /* SCOPE_* */
	__u32 ring_size; /* of one CPU, in bytes */
	__u32 kinds; /* what the arguments point to that this run reads: one bit each, of KIND_* */
	__u8 want_nodename;
	__u8 want_env; /* in sched_process_exec */
	__u8 exec_on_enter; /* sched_prepare_exec is missing: sys_enter stands in */
	__u8 plain_slots; /* no program of this run is preempted: lib/buffer.h */
	__u8 keeps_given; /* some calls write over their arguments: lib/given.h */
	__u8 reads_buffers; /* those of vectors and messages */
	__u8 keeps_before; /* sys_enter keeps what some calls may change: cred.bpf.c */
	__u8 decode_fds;
	__u8 marks; /* some calls leave marks: lib/mark.h */
	__u8 mark_exits; /* exit and exit_group are */
	__u8 task_storage; /* marks are kept with the task */
	__u8 durations; /* calls are shown with how long they took */
	__u8 target_names; /* kill and its like are shown with the name of their target */
	__u8 on_enter[MAX_SYSCALLS]; /* what sys_enter does at a number, in any ABI: ENTER_* */
};

enum enter_flag : __u8 {
	ENTER_WANTED = 1 << 0,
	ENTER_MARK = 1 << 1,
	ENTER_ARGS = 1 << 2, /* the mark holds the arguments, too */
	ENTER_BEFORE = 1 << 3, /* what the call may change is kept */
	ENTER_ANY = 0xff,
};

enum event_choice : __u8 {
	EVENT_SHOWN = 1,
	EVENT_BOOKKEEPING = 2, /* not shown, but tracee needs it */
};

/* Settings that user space changes while programs run. */
struct control {
	__u64 since; /* ns since boot; 0: tracing has not begun */
	__u64 loss_epoch; /* grows each time user space has reported losses */
	__u32 self_pid; /* tracee's own process */
	/* Answers of the program whoami. */
	__u32 self_pid_ns;
	__u32 self_pid_level;
	__u32 reserved;
	__u64 boot_time; /* ns since boot at that moment */
};

enum scope_mode {
	SCOPE_ALL = 0,
	SCOPE_NEW = 1,
	SCOPE_FOLLOW = 2,
	SCOPE_CONTAINER_NEW = 3,
	SCOPE_CONTAINER_ALL = 4,
	SCOPE_CONTAINER_LISTED = 5,
	SCOPE_HOST_NEW = 6,
	SCOPE_HOST_ALL = 7,
};

/* followed.exited */
enum exit_state {
	EXIT_NONE = 0,
	EXIT_BEGUN = 1, /* its record is being made */
	EXIT_REPORTED = 2,
};

/* A followed process. */
struct followed {
	__u64 start; /* ns since boot: distinguishes it from a later one with the same pid */
	__u32 await_exec; /* nothing is shown before its first exec */
	__u32 exited; /* its last thread: EXIT_* */
};

/* Fixed before load: how containers are known. */
struct container_settings {
	__u32 wanted; /* it matters which container a process is in */
	/*
	 * The cgroup v1 hierarchy that is looked at in addition to v2's: its id, and one of its
	 * controllers. 0: none.
	 */
	__u32 v1_hierarchy;
	__u32 v1_subsys;
	__u32 user; /* uid of the user who runs tracee */
	/*
	 * At most so many containers of users and cgroups made by containers are in `containers`,
	 * so that root's find room.
	 */
	__u32 users_max;
	__u32 reserved;
};

/*
 * The key of a cgroup: its id, and that of its hierarchy from this bit on, since two may have
 * cgroups with the same id.
 */
enum cgroup_key { HIERARCHY_SHIFT = 48 };

enum container_size {
	CONTAINER_ID_LEN = 64,
	CONTAINER_BEFORE_LEN = 24,
};

/* container.listed */
enum listed : __u8 {
	LISTED_NO = 0,
	LISTED_YES = 1,
	LISTED_UNKNOWN = 2, /* its name decides, which user space asks for */
};

/* Which container: a user may make a cgroup with the id of another's. */
struct container_id {
	char id[CONTAINER_ID_LEN];
	__u64 owner; /* uid of the user who may have made its cgroup; 0: only root */
};

/*
 * A container, by the key of its cgroup. It stays until the cgroup and the last of its members have
 * gone.
 */
struct container {
	__u64 cgroup; /* the key; for a cgroup that was made inside a container: the container's */
	__u64 created; /* ns since boot, when it was first seen */
	__u64 listed; /* the user named it: LISTED_* */
	__u64 members; /* how many there are */
	__u64 gone; /* the cgroup has been removed */
	__u64 reported; /* user space knows of it */
	struct container_id who;
	char before[CONTAINER_BEFORE_LEN]; /* the path before the id: shows the runtime */
};

/* Key of the map `listed_ids`: the first bits of an id. */
struct listed_id {
	__u32 bits;
	char id[CONTAINER_ID_LEN];
};

/* A process that is in a container by its own entry exec, or by an ancestor's. */
struct member {
	__u64 start; /* ns since boot */
	__u64 container; /* container.cgroup; 0: one that found no room */
	__u32 owner; /* container.who.owner; OWNER_UNKNOWN */
	__u8 listed; /* LISTED_* when it became a member */
	__u8 is_new; /* its container started after tracee */
	__u8 reserved[2];
};

enum owner { OWNER_UNKNOWN = 0xffffffff };

/*
 * When tables could not take a process. A process that started since and is in none may be one of
 * those, and counts as in scope. ns since boot; 0: never.
 */
struct table_misses {
	__u64 members;
	__u64 followed;
	__u64 users; /* entries of `containers` that count for users_max */
	__u64 exec_calls; /* how many calls of execve found no room */
};

enum buffer : __u8 {
	BUFFER_CPU = 0, /* the ring of this CPU */
	BUFFER_PRIORITY = 1,
	BUFFER_SCRATCH = 2, /* no scratch slot was free */
	BUFFER_UNSEEN = 3, /* the kernel side could not look at or keep what the event takes */
	/* Not losses of chosen events, and no part of the total: */
	BUFFER_TABLE = 4, /* no room in a table */
	BUFFER_BOOKKEEPING = 5, /* a record that only tracee itself needs */
	BUFFER_COUNT = 6,
};

/* What one CPU lost at one buffer. */
struct loss {
	__u64 count;
	__u64 epoch; /* control.loss_epoch when first was set */
	__u64 first; /* ns since boot, within that epoch */
	__u64 last;
};

#endif
