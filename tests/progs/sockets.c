// sockets: makes and connects sockets of several families; a 32-bit program does it by socketcall(2): m32
// Logs each step, with what getsockname(2), getpeername(2) and getsockopt(2) return for the socket:
//
//   create   RESULT family type protocol
//   bind     RESULT family type protocol local
//   listen   RESULT family type protocol local backlog
//   connect  RESULT family type protocol local-after remote
//   accept   RESULT family type protocol local remote
//   option   RESULT family type protocol local remote level name
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static long call(int number, long nr, long a, long b, long c, long d, long e)
{
#ifdef __i386__
	long args[] = { a, b, c, d, e };

	return syscall(SYS_socketcall, number, args);
#else
	return syscall(nr, a, b, c, d, e);
#endif
}

#ifdef __i386__
#define NR(name) 0
#else
#define NR(name) SYS_##name
#endif

struct name {
	union {
		struct sockaddr any;
		struct sockaddr_in inet;
		struct sockaddr_in6 inet6;
		struct sockaddr_un un;
		struct sockaddr_nl nl;
	};
	socklen_t len;
};

static void show(const struct name *name)
{
	char text[INET6_ADDRSTRLEN];

	switch (name->len <= 2 ? AF_UNSPEC : name->any.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &name->inet.sin_addr, text, sizeof(text));
		if (!name->inet.sin_port && !name->inet.sin_addr.s_addr)
			break;
		printf("\t%s:%d", text, ntohs(name->inet.sin_port));
		return;
	case AF_INET6:
		inet_ntop(AF_INET6, &name->inet6.sin6_addr, text, sizeof(text));
		if (!name->inet6.sin6_port && !strcmp(text, "::"))
			break;
		printf("\t[%s]:%d", text, ntohs(name->inet6.sin6_port));
		return;
	case AF_UNIX:
		if (name->un.sun_path[0])
			printf("\tunix:%s", name->un.sun_path);
		else
			printf("\tunix:@%.*s",
			       (int)(name->len - offsetof(struct sockaddr_un, sun_path) - 1),
			       name->un.sun_path + 1);
		return;
	case AF_NETLINK:
		printf("\tnetlink:%u groups 0x%x", name->nl.nl_pid, name->nl.nl_groups);
		return;
	}
	printf("\t-");
}

static void show_local(int fd)
{
	struct name name = { .len = sizeof(struct sockaddr_un) };

	if (getsockname(fd, &name.any, &name.len))
		name.len = 0;
	show(&name);
}

static void show_remote(int fd)
{
	struct name name = { .len = sizeof(struct sockaddr_un) };

	if (getpeername(fd, &name.any, &name.len))
		name.len = 0;
	show(&name);
}

static int option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	getsockopt(fd, SOL_SOCKET, name, &value, &len);
	return value;
}

static void line(const char *what, long result, int fd)
{
	printf("%s\t%d\t%d\t%d\t%d", what, result < 0 ? -errno : 0, option(fd, SO_DOMAIN),
	       option(fd, SO_TYPE), option(fd, SO_PROTOCOL));
}

static int make(int family, int type, int protocol)
{
	int fd = call(1, NR(socket), family, type, protocol, 0, 0);

	printf("create\t%d\t%d\t%d\t%d\n", fd < 0 ? -errno : 0, family, type & 0xf, protocol);
	return fd;
}

static void set(int fd, int level, int name)
{
	int one = 1;
	long result = call(14, NR(setsockopt), fd, level, name, (long)&one, sizeof(one));

	line("option", result, fd);
	show_local(fd);
	show_remote(fd);
	printf("\t%d\t%d\n", level, name);
}

static void do_bind(int fd, const struct name *name)
{
	long result = call(2, NR(bind), fd, (long)&name->any, name->len, 0, 0);

	line("bind", result, fd);
	show(name);
	printf("\n");
}

static void do_connect(int fd, const struct name *name)
{
	long result = call(3, NR(connect), fd, (long)&name->any, name->len, 0, 0);

	line("connect", result, fd);
	show_local(fd);
	show(name);
	printf("\n");
}

static void do_listen(int fd, int backlog)
{
	long result = call(4, NR(listen), fd, backlog, 0, 0, 0);

	line("listen", result, fd);
	show_local(fd);
	printf("\t%d\n", backlog);
}

static int do_accept(int fd)
{
	int new = call(5, NR(accept), fd, 0, 0, 0, 0);

	line("accept", new, new);
	show_local(new);
	show_remote(new);
	printf("\n");
	return new;
}

static void connection(int type, const struct name *server, const struct name *client, int level,
		       int name)
{
	int family = server->any.sa_family, listener = make(family, type, 0), fd, new, late;

	do_bind(listener, server);
	do_listen(listener, 7);
	fd = make(family, type | SOCK_CLOEXEC, 0);
	if (client)
		do_bind(fd, client);
	do_connect(fd, server);
	new = do_accept(listener);
	set(new, level, name);
	set(fd, SOL_SOCKET, SO_KEEPALIVE);
	/* An address that is in use is refused. */
	late = make(family, type, 0);
	do_bind(late, server);
	close(listener);
	close(new);
	close(fd);
	close(late);
}

int main(int argc, char **argv)
{
	int pid = getpid();
	struct name inet = { .inet = { .sin_family = AF_INET, .sin_port = htons(4242) },
			     .len = sizeof(inet.inet) };
	struct name inet6 = { .inet6 = { .sin6_family = AF_INET6,
					 .sin6_port = htons(20000 + pid % 10000),
					 .sin6_addr = IN6ADDR_LOOPBACK_INIT },
			      .len = sizeof(inet6.inet6) };
	struct name path = { .un = { .sun_family = AF_UNIX } };
	struct name server = { .un = { .sun_family = AF_UNIX } }, client = server;
	struct name netlink = { .nl = { .nl_family = AF_NETLINK, .nl_pid = pid, .nl_groups = 1 },
				.len = sizeof(netlink.nl) };
	int fd;

	setbuf(stdout, NULL);
	/* An address of our own: 127.77.0.0/16 by the pid. */
	inet.inet.sin_addr.s_addr = htonl(0x7f4d0000 | (pid & 0xffff));
	snprintf(path.un.sun_path, sizeof(path.un.sun_path), "%s/socket", argv[1]);
	path.len = offsetof(struct sockaddr_un, sun_path) + strlen(path.un.sun_path) + 1;
	server.len = offsetof(struct sockaddr_un, sun_path) + 1 +
		     sprintf(server.un.sun_path + 1, "tracee-server-%d", pid);
	client.len = offsetof(struct sockaddr_un, sun_path) + 1 +
		     sprintf(client.un.sun_path + 1, "tracee-client-%d", pid);

	connection(SOCK_STREAM, &inet, NULL, IPPROTO_TCP, 1); /* TCP_NODELAY */
	if (access("/proc/net/if_inet6", F_OK) == 0)
		connection(SOCK_STREAM, &inet6, NULL, IPPROTO_IPV6, 67); /* IPV6_TCLASS */
	connection(SOCK_STREAM, &path, NULL, SOL_SOCKET, SO_PASSCRED);
	connection(SOCK_SEQPACKET, &server, &client, SOL_SOCKET, SO_PASSCRED);

	fd = make(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	do_connect(fd, &inet);
	set(fd, IPPROTO_IP, IP_RECVTTL);
	/* Nobody listens there, and there is no such option. */
	fd = make(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
	inet.inet.sin_port = htons(4243);
	set(fd, SOL_SOCKET, 9999);
	do_connect(fd, &inet);
	fd = make(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	do_bind(fd, &netlink);
	return argc < 2;
}
