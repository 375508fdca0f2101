// unwritten: calls that write less than they return, or nothing at all, into memory that is full of 'F'; and one whose
// register has more bits than its number
//
//   unwritten FOLDER
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static char memory[8192];

static char *full(void)
{
	return memset(memory, 'F', sizeof(memory));
}

static void sizes(const char *folder)
{
	gid_t groups[3] = { 5, 6, 7 };
	char path[4096];
	int fd;
	long key;

	setgroups(3, groups);
	syscall(SYS_getgroups, 0, full());
	snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_CREAT | O_RDWR, 0600);
	fsetxattr(fd, "user.t", "value", 5, 0);
	syscall(SYS_fgetxattr, fd, "user.t", full(), 0);
	syscall(SYS_flistxattr, fd, full(), 0);
	key = syscall(SYS_add_key, "user", "unwritten", "payload", 7, -1);
	syscall(SYS_keyctl, 11, key, full(), 3);
	syscall(SYS_keyctl, 6, key, full(), 3);
	syscall(SYS_syslog, 10, full(), 100);
	syscall(SYS_rt_sigpending, full(), 0);
	syscall(SYS_rt_sigpending, full(), 4);
	syscall(SYS_get_mempolicy, NULL, full(), 1025, 0, 0);
}

static void others(void)
{
	unsigned int header[2] = { 0x19980330, 0 };
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	full();
	syscall(SYS_waitid, P_PID, pid, memory, WNOHANG | WEXITED, memory + 1024);
	kill(pid, SIGKILL);
	full();
	syscall(SYS_waitid, P_PID, pid, memory, WEXITED, memory + 1024);
	syscall(SYS_capget, header, full());
}

static void discarded(void)
{
	struct sockaddr_in name = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } };
	int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0),
	    listening = socket(AF_INET, SOCK_STREAM, 0), accepted;
	struct iovec data = { memory, 64 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	socklen_t len = sizeof(name);

	bind(udp, (void *)&name, sizeof(name));
	getsockname(udp, (void *)&name, &len);
	sendto(udp, "datagram", 8, 0, (void *)&name, sizeof(name));
	recvfrom(udp, full(), 4, MSG_TRUNC, NULL, NULL);
	name.sin_port = 0;
	bind(listening, (void *)&name, sizeof(name));
	getsockname(listening, (void *)&name, &len);
	listen(listening, 1);
	connect(tcp, (void *)&name, sizeof(name));
	accepted = accept(listening, NULL, NULL);
	write(tcp, "discarded", 9);
	recvfrom(accepted, full(), 64, MSG_TRUNC, NULL, NULL);
	write(tcp, "discarded", 9);
	full();
	recvmsg(accepted, &message, MSG_TRUNC);
}

/* Prints the flow label that the call fills in, in the network's order. */
static void flow(void)
{
	struct sockaddr_in6 name = { AF_INET6, htons(99), htonl(0x12345), IN6ADDR_LOOPBACK_INIT };
	struct {
		struct in6_addr to;
		unsigned int label;
		unsigned char action, share;
		unsigned short flags, expires, linger;
		unsigned int pad;
	} label = { IN6ADDR_LOOPBACK_INIT, htonl(0x12345), 0, 255, 1 };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), one = 1;
	socklen_t len = sizeof(name);

	if (setsockopt(fd, IPPROTO_IPV6, 33, &one, sizeof(one)) ||
	    setsockopt(fd, IPPROTO_IPV6, 32, &label, sizeof(label)) ||
	    connect(fd, (void *)&name, sizeof(name)))
		return;
	if (!getpeername(fd, (void *)&name, &len))
		printf("flow %u\n", ntohl(name.sin6_flowinfo));
}

int main(int argc, char **argv)
{
	struct rlimit limit;

	sizes(argc > 1 ? argv[1] : ".");
	others();
	discarded();
	flow();
	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = 0;
	syscall(SYS_prlimit64, 1UL << 32, RLIMIT_CORE, &limit, NULL);
	printf("pid %d\n", getpid());
	return 0;
}
