// held: calls of the 32-bit ABI that contain others, lengths in two registers, ids of 16 bits: m32
#define _GNU_SOURCE
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef __i386__
static long int80(int nr, long a, long b, long c, long d, long e, long f)
{
	long sixth = f, ret;

	asm volatile(
		"push %[sixth]\n\tpush %%ebp\n\tmov 4(%%esp), %%ebp\n\tint $0x80\n\tpop %%ebp\n\tadd $4, %%esp"
		: "=a"(ret)
		: "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), [sixth] "m"(sixth)
		: "memory");
	return ret;
}

#define CALL(nr, ...) CALL_(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(nr, a, b, c, d, e, f, ...) \
	int80(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SOCKETCALL(n, ...) CALL(102, n, ((long[6]){ __VA_ARGS__ }))
#define IPC(...) CALL(117, __VA_ARGS__)
#define VERSION_1 (1 << 16)

static void sockets(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(0x7f000001) } };
	struct iovec parts[2] = { { "fo", 2 }, { "ur", 2 } };
	struct msghdr message = {
		.msg_name = &at, .msg_namelen = sizeof(at), .msg_iov = parts, .msg_iovlen = 2
	};
	struct mmsghdr two[2] = { { .msg_hdr = message }, { .msg_hdr = message } };
	socklen_t len = sizeof(at), size = sizeof(int);
	int fd, pair[2], one = 1;
	char room[64];

	fd = SOCKETCALL(1, AF_INET, SOCK_DGRAM, 0);
	SOCKETCALL(2, fd, (long)&at, sizeof(at));
	SOCKETCALL(6, fd, (long)&at, (long)&len);
	SOCKETCALL(3, fd, (long)&at, sizeof(at));
	SOCKETCALL(7, fd, (long)&at, (long)&len);
	SOCKETCALL(9, fd, (long)"abc", 3, 0);
	SOCKETCALL(10, fd, (long)room, 64, 0);
	SOCKETCALL(11, fd, (long)"abcd", 4, 0, (long)&at, sizeof(at));
	SOCKETCALL(12, fd, (long)room, 64, 0, (long)&at, (long)&len);
	SOCKETCALL(14, fd, SOL_SOCKET, SO_REUSEADDR, (long)&one, sizeof(one));
	SOCKETCALL(15, fd, SOL_SOCKET, SO_REUSEADDR, (long)&one, (long)&size);
	SOCKETCALL(16, fd, (long)&message, 0);
	parts[0] = (struct iovec){ room, 4 };
	message.msg_iovlen = 1;
	SOCKETCALL(17, fd, (long)&message, 0);
	parts[0] = (struct iovec){ "fo", 2 };
	SOCKETCALL(20, fd, (long)two, 2, 0);
	parts[0] = (struct iovec){ room, 4 };
	two[0].msg_hdr.msg_iovlen = two[1].msg_hdr.msg_iovlen = 1;
	SOCKETCALL(19, fd, (long)two, 1, 0, 0);
	SOCKETCALL(4, fd, 5);
	SOCKETCALL(5, fd, 0, 0);
	SOCKETCALL(18, fd, 0, 0, SOCK_CLOEXEC);
	SOCKETCALL(8, AF_UNIX, SOCK_STREAM, 0, (long)pair);
	SOCKETCALL(13, fd, SHUT_WR);
	/* Calls that contain none, and memory that cannot be read. */
	SOCKETCALL(77, fd);
	CALL(102, 3, 8);
}

static void queues(void)
{
	struct sembuf up = { 1, 1, IPC_NOWAIT };
	struct {
		long type;
		char text[8];
	} mail = { 7, "letter" };
	struct {
		void *at;
		long type;
	} old = { &mail, 7 };
	long wait[2] = { 1, 5 }, value = 3, where;
	struct semid_ds unused;
	int id;

	id = IPC(2, IPC_PRIVATE, 2, 0600);
	IPC(1, id, 1, 0, &up);
	IPC(4, id, 1, 0, &up, wait);
	IPC(3, id, 1, SETVAL, &value);
	value = (long)&unused;
	IPC(3, id, 0, IPC_RMID, &value);
	id = IPC(13, IPC_PRIVATE, 0600);
	IPC(11, id, 6, 0, &mail);
	IPC(12 | VERSION_1, id, 6, IPC_NOWAIT, &mail, 7);
	IPC(11, id, 6, 0, &mail);
	IPC(12, id, 6, IPC_NOWAIT, &old);
	IPC(14, id, IPC_RMID | 0x100, 0, 0);
	id = IPC(23, IPC_PRIVATE, 4096, 0600);
	IPC(21, id, 0, &where, 0);
	IPC(22, 0, 0, 0, where);
	IPC(24, id, IPC_RMID | 0x100, 0, 0);
	/* No such call, though the old form of semctl has its row there. */
	IPC(8, id, IPC_RMID, 0, 0);
}

static void lengths(void)
{
	long old_map[6] = { 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0x3000 };
	long old_select[5] = { 0, 0, 0, 0, (long)(long[2]){ 0, 9 } };
	const char *none = "/nonexistent/held";
	long long result;

	CALL(193, none, 0x89abcdef, 0x1234567); /* truncate64 */
	CALL(92, none, -5); /* truncate */
	CALL(194, -1, 1, 0x10); /* ftruncate64 */
	CALL(93, -1, 0xfffffff9); /* ftruncate */
	CALL(180, -1, &result, 8, 3, 1); /* pread64 */
	CALL(181, -1, &result, 8, 0xfffffff0, 2); /* pwrite64 */
	CALL(225, -1, 5, 6, 7); /* readahead */
	CALL(250, -1, 0x11, 0x22, 0x1000, 4); /* fadvise64 */
	CALL(272, -1, 0x10, 1, 0x20, 2, 3); /* fadvise64_64 */
	CALL(314, -1, 1, 2, 3, 4, 7); /* sync_file_range */
	CALL(324, -1, 1, 2, 3, 4, 5); /* fallocate */
	CALL(339, -1, 1, 0x20, 0x4000, -100, none); /* fanotify_mark */
	CALL(19, -1, -9, SEEK_CUR); /* lseek */
	CALL(192, 0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0x12345); /* mmap2 */
	CALL(90, old_map);
	CALL(82, old_select);
}

static void ids(void)
{
	CALL(70, 0xffff, 0xffff); /* setreuid, of which the kernel looks at 16 bits */
	CALL(71, 0x5ffff, 0xffff);
	CALL(164, 0xffff, 0xffff, 0xffff);
	CALL(170, 0xffff, 0xffff, 0xffff);
	CALL(182, "/nonexistent/held", 0xffff, 0x10003); /* chown */
	CALL(16, "/nonexistent/held", 0xfffe, 0xffff); /* lchown */
	CALL(95, -1, 4, 0xffff); /* fchown */
	CALL(212, "/nonexistent/held", 0xffff, 0x10003); /* chown, of 32 bits */
}

int main(void)
{
	sockets();
	queues();
	lengths();
	ids();
	return 0;
}
#else
int main(void)
{
	return 1;
}
#endif
