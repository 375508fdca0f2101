// uring: requests to io_uring, by system calls alone, in 64 and (built with -m32 too) 32 bits: m32.
// Prints each ring and each request, as it made them.
//
//   uring MODE FOLDER [wait]
//
// MODE: inline, async (by workers: IOSQE_ASYNC), sqpoll (by a thread of the kernel's), shared (a child puts requests into
// its parent's ring, which such a thread serves), race (another thread changes what requests point to all the time).
// wait: prints "ready", and goes on when its standard input ends.
//
// Lines that it prints, fields separated by tabs, "-" for what there is not:
//   pid      pid
//   ring     fd  sq_entries  cq_entries  flags
//   request  opcode  fd  flags  user_data  pathname  newname  address  addrlen  result
//   skip     what  why
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// Newer than the headers that this is compiled with.
#define OP_SEND_ZC 47
#define OP_BIND 56

#define ENTRIES 8
#define CLOSED_PORT 1

struct ring {
	int fd;
	unsigned flags;
	unsigned *sq_tail, *sq_mask, *sq_flags, *sq_array;
	unsigned *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

// A request in words.
struct words {
	const char *pathname, *newname, *address;
	unsigned addrlen;
};

static unsigned char supported[256];
static unsigned char sqe_flags;
static unsigned long long next_data;

static void skip(const char *what, const char *why)
{
	printf("skip\t%s\t%s\n", what, why);
}

static void *map(int fd, size_t len, off_t offset)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

static int setup(struct ring *ring, unsigned flags)
{
	struct io_uring_params p = { .flags = flags, .sq_thread_idle = 50 };
	char *sq, *cq;

	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, &p);
	if (ring->fd < 0)
		return -1;
	ring->flags = flags;
	sq = map(ring->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	cq = map(ring->fd, p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe),
		 IORING_OFF_CQ_RING);
	ring->sqes = map(ring->fd, p.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	ring->sq_tail = (unsigned *)(sq + p.sq_off.tail);
	ring->sq_mask = (unsigned *)(sq + p.sq_off.ring_mask);
	ring->sq_flags = (unsigned *)(sq + p.sq_off.flags);
	ring->sq_array = (unsigned *)(sq + p.sq_off.array);
	ring->cq_head = (unsigned *)(cq + p.cq_off.head);
	ring->cq_tail = (unsigned *)(cq + p.cq_off.tail);
	ring->cq_mask = (unsigned *)(cq + p.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	printf("ring\t%d\t%u\t%u\t%u\n", ring->fd, p.sq_entries, p.cq_entries, p.flags);
	return 0;
}

// Which operations this kernel has.
static void probe(struct ring *ring)
{
	struct io_uring_probe *p = calloc(1, sizeof(*p) + 256 * sizeof(p->ops[0]));

	if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_PROBE, p, 256)) {
		perror("IORING_REGISTER_PROBE");
		exit(1);
	}
	for (int i = 0; i < p->ops_len; i++)
		supported[p->ops[i].op] = !!(p->ops[i].flags & IO_URING_OP_SUPPORTED);
	free(p);
}

static void push(struct ring *ring, const struct io_uring_sqe *sqe)
{
	unsigned tail = *ring->sq_tail;
	// Another entry than the slot in the queue, so that mixing up the two is noticed.
	unsigned index = (tail + 3) & *ring->sq_mask;

	ring->sqes[index] = *sqe;
	ring->sq_array[tail & *ring->sq_mask] = index;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_SEQ_CST);
}

static void enter(struct ring *ring, unsigned submitted, unsigned wait_for)
{
	unsigned flags = IORING_ENTER_GETEVENTS;

	if (ring->flags & IORING_SETUP_SQPOLL) {
		submitted = 0;
		if (__atomic_load_n(ring->sq_flags, __ATOMIC_SEQ_CST) & IORING_SQ_NEED_WAKEUP)
			flags |= IORING_ENTER_SQ_WAKEUP;
	}
	if (syscall(SYS_io_uring_enter, ring->fd, submitted, wait_for, flags, NULL, 0) < 0 &&
	    errno != EINTR) {
		perror("io_uring_enter");
		exit(1);
	}
}

static int pull(struct ring *ring)
{
	unsigned head = *ring->cq_head;
	int res;

	while (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == head)
		enter(ring, 0, 1);
	res = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return res;
}

static void report(const struct io_uring_sqe *sqe, const struct words *w, int res)
{
	printf("request\t%u\t%d\t%u\t%llu\t%s\t%s\t%s\t%u\t%d\n", sqe->opcode, sqe->fd, sqe->flags,
	       sqe->user_data, w->pathname ?: "-", w->newname ?: "-", w->address ?: "-", w->addrlen,
	       res);
}

// One request, carried out to its end.
static int run(struct ring *ring, const char *name, struct io_uring_sqe sqe, struct words w)
{
	int res;

	if (!supported[sqe.opcode]) {
		skip(name, "this kernel lacks it");
		return -1;
	}
	sqe.flags |= sqe_flags;
	sqe.user_data = next_data++;
	push(ring, &sqe);
	enter(ring, 1, 1);
	res = pull(ring);
	report(&sqe, &w, res);
	return res;
}

#define ADDR(p) ((unsigned long)(p))
#define RUN(ring, op, words, ...) \
	run(ring, #op, (struct io_uring_sqe){ .opcode = op, __VA_ARGS__ }, words)
#define WORDS(...) ((struct words){ __VA_ARGS__ })

static char *in(const char *folder, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		exit(1);
	return path;
}

static void files(struct ring *ring, const char *folder)
{
	struct open_how how = { .flags = O_RDONLY };
	char *file = in(folder, "file"), *moved = in(folder, "moved \xc3\xa4"),
	     *sub = in(folder, "sub");
	char *linked = in(folder, "linked"), *symlink = in(folder, "symlink"), buffer[16],
	     value[16];
	int dir = open(folder, O_RDONLY | O_DIRECTORY), fd;
	struct statx st;

	fd = RUN(ring, IORING_OP_OPENAT, WORDS(file), .fd = AT_FDCWD, .addr = ADDR(file),
		 .open_flags = O_RDWR | O_CREAT, .len = 0600);
	RUN(ring, IORING_OP_WRITE, WORDS(), .fd = fd, .addr = ADDR("hello"), .len = 5);
	RUN(ring, IORING_OP_READ, WORDS(), .fd = fd, .addr = ADDR(buffer), .len = sizeof(buffer));
	RUN(ring, IORING_OP_CLOSE, WORDS(), .fd = fd);
	RUN(ring, IORING_OP_STATX, WORDS(file), .fd = AT_FDCWD, .addr = ADDR(file),
	    .len = STATX_BASIC_STATS, .off = ADDR(&st));
	fd = RUN(ring, IORING_OP_OPENAT2, WORDS("file"), .fd = dir, .addr = ADDR("file"),
		 .len = sizeof(how), .off = ADDR(&how));
	close(fd);
	RUN(ring, IORING_OP_OPENAT, WORDS("missing"), .fd = dir, .addr = ADDR("missing"));
	RUN(ring, IORING_OP_RENAMEAT, WORDS(file, "moved \xc3\xa4"), .fd = AT_FDCWD,
	    .addr = ADDR(file), .addr2 = ADDR("moved \xc3\xa4"), .len = dir);
	RUN(ring, IORING_OP_GETXATTR, WORDS(moved), .addr = ADDR("user.x"), .addr2 = ADDR(value),
	    .addr3 = ADDR(moved), .len = sizeof(value), .fd = -1);
	RUN(ring, IORING_OP_LINKAT, WORDS("moved \xc3\xa4", linked), .fd = dir,
	    .addr = ADDR("moved \xc3\xa4"), .addr2 = ADDR(linked), .len = AT_FDCWD);
	RUN(ring, IORING_OP_SYMLINKAT, WORDS("to/nowhere", "symlink"), .fd = dir,
	    .addr = ADDR("to/nowhere"), .addr2 = ADDR("symlink"));
	RUN(ring, IORING_OP_MKDIRAT, WORDS("sub"), .fd = dir, .addr = ADDR("sub"), .len = 0700);
	RUN(ring, IORING_OP_UNLINKAT, WORDS(sub), .fd = AT_FDCWD, .addr = ADDR(sub),
	    .unlink_flags = AT_REMOVEDIR);
	RUN(ring, IORING_OP_UNLINKAT, WORDS(moved), .fd = AT_FDCWD, .addr = ADDR(moved));
	// Removes the file if the kernel lacks the operation.
	unlink(file);
	unlink(moved);
	unlink(linked);
	unlink(symlink);
	rmdir(sub);
	close(dir);
}

// A datagram for 127.0.0.1:1.
static void datagrams(struct ring *ring, struct sockaddr_in *to)
{
	struct iovec data = { "data", 4 };
	struct msghdr message = { to, sizeof(*to), &data, 1 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	RUN(ring, IORING_OP_SENDMSG, WORDS(NULL, NULL, "127.0.0.1:1", sizeof(*to)), .fd = fd,
	    .addr = ADDR(&message), .len = 1);
	// The kernels that take an address here have IORING_OP_SEND_ZC, too; its length shares its place with this field.
	if (supported[OP_SEND_ZC])
		RUN(ring, IORING_OP_SEND, WORDS(NULL, NULL, "127.0.0.1:1", sizeof(*to)), .fd = fd,
		    .addr = ADDR("data"), .len = 4, .addr2 = ADDR(to), .splice_fd_in = sizeof(*to));
	message.msg_name = NULL;
	message.msg_namelen = 0;
	RUN(ring, IORING_OP_SENDMSG, WORDS(), .fd = fd, .addr = ADDR(&message), .len = 1);
	close(fd);
}

static void sockets(struct ring *ring, const char *folder)
{
	struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = htons(CLOSED_PORT) };
	struct sockaddr_in any = { .sin_family = AF_INET };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char *address;
	int fd;

	inet.sin_addr.s_addr = any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	RUN(ring, IORING_OP_CONNECT, WORDS(NULL, NULL, "127.0.0.1:1", sizeof(inet)), .fd = fd,
	    .addr = ADDR(&inet), .addr2 = sizeof(inet));
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	RUN(ring, OP_BIND, WORDS(NULL, NULL, "127.0.0.1:0", sizeof(any)), .fd = fd,
	    .addr = ADDR(&any), .addr2 = sizeof(any));
	close(fd);
	datagrams(ring, &inet);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/none", folder);
	if (asprintf(&address, "unix:%s", un.sun_path) < 0)
		exit(1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	RUN(ring, IORING_OP_CONNECT, WORDS(NULL, NULL, address, sizeof(un)), .fd = fd,
	    .addr = ADDR(&un), .addr2 = sizeof(un));
	close(fd);
}

// Several requests at once, which follow one another.
static void chain(struct ring *ring)
{
	struct io_uring_sqe sqe[3];

	for (int i = 0; i < 3; i++) {
		sqe[i] = (struct io_uring_sqe){
			.opcode = IORING_OP_NOP,
			.fd = -1,
			.flags = sqe_flags | (i < 2 ? IOSQE_IO_LINK : 0),
			.user_data = next_data++,
		};
		push(ring, &sqe[i]);
	}
	enter(ring, 3, 3);
	for (int i = 0; i < 3; i++)
		report(&sqe[i], &(struct words){}, pull(ring));
}

// What the kernel does not accept is no request.
static void refused(struct ring *ring)
{
	struct io_uring_sqe sqe = { .opcode = 255, .fd = -1, .user_data = 0xbad };

	push(ring, &sqe);
	enter(ring, 1, 1);
	if (pull(ring) != -EINVAL) {
		fprintf(stderr, "operation 255 exists\n");
		exit(1);
	}
}

// Changes two bytes to something else and back, for ever.
struct change {
	unsigned char *byte, change;
};

static void *keep_changing(void *arg)
{
	struct change *c = arg;

	for (;;) {
		for (int i = 0; i < 2; i++)
			__atomic_xor_fetch(c[i].byte, c[i].change, __ATOMIC_SEQ_CST);
		for (volatile int i = 0; i < 50; i++)
			;
	}
	return NULL;
}

#define RACES 300

// The result shows what the kernel used: only file-a exists, and only AF_INET is refused, since
// nobody listens.
static void race(struct ring *ring, const char *folder)
{
	struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = htons(CLOSED_PORT) };
	char *path = in(folder, "file-a");
	struct change changes[] = {
		{ (unsigned char *)path + strlen(path) - 1, 'a' ^ 'b' },
		{ (unsigned char *)&inet.sin_family, AF_INET ^ 0xfe },
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0), opened;
	pthread_t thread;

	inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	close(open(path, O_CREAT | O_RDWR, 0600));
	pthread_create(&thread, NULL, keep_changing, changes);
	for (int i = 0; i < RACES; i++) {
		opened =
			RUN(ring, IORING_OP_OPENAT, WORDS("?"), .fd = AT_FDCWD, .addr = ADDR(path));
		if (opened >= 0)
			close(opened);
		RUN(ring, IORING_OP_CONNECT, WORDS(NULL, NULL, "?", sizeof(inet)), .fd = fd,
		    .addr = ADDR(&inet), .addr2 = sizeof(inet));
		// On one processor the other thread needs its turn.
		usleep(200);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "", *folder = argc > 2 ? argv[2] : "/tmp";
	int poll = !strcmp(mode, "sqpoll") || !strcmp(mode, "shared"), disabled = 0;
	struct ring ring;
	FILE *sysctl;
	char byte;

	if (argc > 3) {
		printf("ready\n");
		fflush(stdout);
		while (read(0, &byte, 1) > 0)
			;
	}
	if (!strcmp(mode, "async"))
		sqe_flags = IOSQE_ASYNC;
	printf("pid\t%d\n", getpid());
	next_data = 0xfeed000000000000ULL | (unsigned long long)getpid() << 16;
	if (setup(&ring, poll ? IORING_SETUP_SQPOLL : IORING_SETUP_CLAMP)) {
		sysctl = fopen("/proc/sys/kernel/io_uring_disabled", "r");
		if (sysctl && fscanf(sysctl, "%d", &disabled) != 1)
			disabled = 0;
		skip("ring", disabled ? "kernel.io_uring_disabled is set" : strerror(errno));
		return 0;
	}
	probe(&ring);
	if (!strcmp(mode, "shared")) {
		fflush(stdout);
		if (!fork()) {
			RUN(&ring, IORING_OP_NOP, WORDS(), .fd = -1);
			exit(0);
		}
		wait(NULL);
		return 0;
	}
	if (!strcmp(mode, "race")) {
		race(&ring, folder);
		return 0;
	}
	RUN(&ring, IORING_OP_NOP, WORDS(), .fd = -1);
	files(&ring, folder);
	sockets(&ring, folder);
	chain(&ring);
	refused(&ring);
	return 0;
}
