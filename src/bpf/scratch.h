/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* A slot in which a program builds a record, with all that the stack has no room for. */
#ifndef TRACEE_SCRATCH_H
#define TRACEE_SCRATCH_H

#include "record.h"
#include "filter.h"

/* A record holds at most this; one read more may follow its last checked position. */
#define RECORD_MAX 180224
#define RECORD_SLACK 8192

/* Longest address that a message comes from or goes to, in bytes. */
#define MSG_NAME_MAX SOCKADDR_MAX
/* As many struct mmsghdr as BYTES_MAX has room for, in 32-bit calls. */
#define MESSAGES_MAX (BYTES_MAX / 32)

/* The call that has just returned, for events that are reported after it. */
struct returned_call {
	__u16 event; /* of event_ids.h: EVENT_* */
	__u8 abi;
	__u8 within; /* a call within another, in user memory (lib/call.h) */
	__u8 unread; /* its arguments could no longer be read: all are 0 */
	long ret;
	__u64 args[MAX_ARGS];
};

/* What is known of a message before the call fills it in. */
struct message_given {
	__u32 room; /* for its name, MSG_NAME_MAX at the most */
	__u32 digest; /* of what the call does not change: addresses, and the vector */
};

/* How the lookup of an area ended. */
enum lookup { AREA_FOUND, AREA_NONE, AREA_BUSY };

/* A part of an address space. */
struct found_vma {
	__u64 file; /* addresses in the kernel; 0: none */
	__u64 anon_vma;
	__u64 flags;
	__u64 start;
	__u64 end;
};

struct scratch {
	__u64 holders;
	__u32 slot;
	__u32 pos; /* bytes of the record so far */
	__u64 args[MAX_ARGS];
	/* For programs that do their work in several functions. */
	struct returned_call call;
	/* How the current argument is read. */
	struct arg_desc how;
	/* Where the item lies that is compared with the kernel's copy; 0: none. */
	__u64 checked;
	/*
	 * The current call: arguments that were kept (bit i: argument i), and the room for what it
	 * fills in.
	 */
	__u32 kept;
	__u32 desc_key; /* of its row in syscalls */
	__s64 room;
	__u32 part; /* PART_*, of which the argument is read */
	/* What is known of its messages, and how many there are. */
	__u32 nmessages;
	__u32 seed; /* of their digests */
	struct message_given messages[MESSAGES_MAX];
	__u32 given_at; /* where the items lie that were kept */
	/* State of a loop of items.bpf.c. */
	struct {
		__u64 dentry;
		__u64 mount;
		__u64 first_dentry; /* where a path begins */
		__u64 first_mount;
		__u64 before; /* seen, at the first walk */
		__u64 seen; /* hash of the dentries of a walk and their counts of renames */
		__u32 len;
		__u32 passed; /* how many they were */
		__u8 path_end;
		__u8 changing; /* one of them is being renamed at the moment */
		__u8 checking; /* the walk is repeated to check it */
		__u8 walks;
		__u8 step; /* how the first walk ended */
	} loop;
	/* The array of strings that is being read. */
	struct {
		__u64 begin; /* of the first string, or of the pointer to it */
		__u64 addr; /* of the next one */
		__u64 end; /* of strings that lie one behind the other; 0: there are pointers */
		__u64 whole; /* bytes of those that are short enough to be kept whole */
		__u64 room; /* bytes of the record for all others */
		__u64 limit; /* bytes of the record for the array */
		__u32 share; /* bytes that each of these may have; 0: its part of the room */
		__u32 longs; /* how many of these are still to come */
		__u32 left; /* how many may still be read */
		__u32 count; /* how many have been */
		__u32 measured;
		__u32 all; /* these are all */
		__u32 pointers;
		__u32 len; /* bytes in the record */
		__u32 work; /* bytes that may still be looked through for the ends of long ones */
		__u32 pointer_bytes;
		__u32 ncuts;
	} strings;
	struct str_cut cuts[CUTS_MAX];
	/* A message, and the buffers whose first bytes are being read. */
	struct {
		__u64 header[MSG_FIELDS]; /* struct user_msghdr */
		__u64 limit; /* bytes that the call has transferred, if that is what counts */
		__u64 left; /* of these */
		__u64 sum; /* of their lengths so far */
		__u32 len; /* bytes so far */
		__u32 max;
		__u32 vector; /* where its item lies, or its bytes */
		__u32 vector_len; /* bytes of it */
		__u32 whole; /* it is not cut */
	} buffers;
	/* The part of the address space that was looked up. */
	struct found_vma vma;
	/* A change of protection; the part from `at` on has not been looked at yet. */
	struct {
		__u64 at;
		__u64 end;
		__u64 prot; /* as asked for */
		__s64 ret; /* of the call */
	} change;
	/* A file that the call at hand may have changed (writes.bpf.c). */
	struct {
		__u64 left; /* bytes that are still to be sent */
		__u64 offset; /* of these in the file */
		__u64 fd;
		__u64 who; /* BY_* */
	} write;
	/* User memory that has not been sent yet (lib/capture.h), and the offset from which on. */
	struct {
		__u64 addr;
		__u64 len;
		__u64 offset;
	} send;
	/* A text that is looked up in a filter. */
	struct text_key key;
	/* The record: header, values, items. */
	union {
		struct record_header header;
		__u8 bytes[RECORD_MAX + RECORD_SLACK];
	};
};

#endif
