/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Records of the ring of captures, and the kernel side's tables of captured files and memory. */
#ifndef TRACEE_CAPTURES_H
#define TRACEE_CAPTURES_H

#include "event_ids.h"

/* Bits of the constant `capturing`. */
enum capture_flag {
	CAPTURE_WRITE = 1 << 0,
	CAPTURE_EXEC = 1 << 1,
	CAPTURE_MEM = 1 << 2,
};

/*
 * The ring of captures carries, in order:
 *
 *   records of mem_prot_alert, each followed by chunks of that memory
 *   records of artifact_captured, of a file, with the values TAKEN_*; item
 *   TAKEN_PATH is its path, TAKEN_NAME of an exec the name that was executed
 *   chunks, of files and of memory
 */
enum taken_value : __u8 {
	TAKEN_WHAT = 0, /* TAKE_* */
	TAKEN_PID = 1, /* as tracee's own pid namespace counts */
	TAKEN_DEV = 2,
	TAKEN_INODE = 3,
	TAKEN_GENERATION = 4,
	TAKEN_SIZE = 5,
	TAKEN_MTIME = 6, /* ns since the epoch */
	TAKEN_CTIME = 7,
	TAKEN_MODE = 8,
	TAKEN_MAGIC = 9, /* of its file system */
	TAKEN_LINKS = 10,
	TAKEN_FLAGS = 11, /* FILE_* */
	TAKEN_FD = 12,
	TAKEN_VALUES = 13,
};

/* Its items. */
enum taken_item : __u8 {
	TAKEN_PATH = 0,
	TAKEN_NAME = 1,
};

/*
 * Values of mem_prot_alert with another meaning where a mapped file is reported, which only
 * --capture does.
 */
enum mapped_value : __u8 {
	MAPPED_MAGIC = 3, /* of its file system */
	MAPPED_FD = 4,
	MAPPED_OFFSET = 5,
	MAPPED_DEV = 6,
	MAPPED_INODE = 7,
	MAPPED_VALUES = 8,
};

enum take {
	TAKE_EXEC = 1,
	TAKE_FILE = 2, /* opened for writing, or written to */
	TAKE_UNSEEN = 3, /* the kernel writes to this file by itself */
	TAKE_UNSEEN_ANY = 4, /* the process may have any of its open files written */
	TAKE_TRUNCATED = 5, /* by its name: TAKEN_NAME */
};

enum file_flag {
	FILE_CREATED = 1 << 0, /* by the reported open */
	FILE_EMPTY = 1 << 1, /* it was empty when it was opened or first written to */
};

/* chunk.flags */
enum chunk_flag {
	CHUNK_MEMORY = 1 << 0, /* of memory, not of a file */
	CHUNK_LAST = 1 << 1, /* of that memory */
	CHUNK_UNSURE = 1 << 2, /* another thread may have changed what was written, or where */
};

/* Bytes of a chunk; for one call or one alert at most CHUNKS_MAX are sent. */
enum chunk_size {
	CHUNK_SMALL = 256,
	CHUNK_PAGE = 4096,
	CHUNK_BIG = 65536,
	CHUNKS_MAX = 256,
};

/* Bytes of a file or of memory; they follow. */
struct chunk {
	__u64 mark; /* CHUNK_MARK */
	/* For a file. */
	__u64 inode;
	__u32 dev;
	__u32 generation;
	__u64 mtime; /* ns since the epoch */
	/* For memory: time and host_tid of its alert. */
	__u64 alert;
	__u32 alert_tid;
	__u32 reserved;
	/* For both. */
	__u64 offset; /* where the bytes are: in the file, or in the address space */
	__u64 size; /* of the file, or of all of that memory */
	__u64 hole; /* bytes from offset on that could not be read, beyond len */
	__u32 len;
	__u32 pid; /* as tracee's own pid namespace counts */
	__u32 flags; /* CHUNK_* */
	__u32 padding;
};

/* A file that is captured. */
struct captured_key {
	__u64 inode;
	__u32 dev;
	__u32 generation;
};

struct captured_file {
	__u32 skip; /* user space does not want it */
	__u32 unseen; /* it has been reported that the kernel writes to it */
};

/* How much memory of a process has been captured recently. */
struct memory_budget {
	__u64 start; /* of the process */
	__u64 since; /* ns since boot */
	__u64 count;
};

/* Alerts of one process in one second of which the memory is captured. */
enum { MEMORY_PER_SECOND = 100 };

/* Counters of what was not captured; tracee maps them into its own memory. */
struct capture_misses {
	__u64 lost; /* records and chunks that found no room in the ring */
	__u64 memory_skipped; /* alerts beyond MEMORY_PER_SECOND */
};

#endif
