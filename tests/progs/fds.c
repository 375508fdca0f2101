// fds: opens files of every kind, then asks each for its flags (F_GETFD) and closes it; prints `FD NAME`, the name being
// what /proc or getsockname(2) say.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void show(int fd, const char *name)
{
	char proc[64], link[4096];
	ssize_t n;

	if (!name) {
		snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
		n = readlink(proc, link, sizeof(link) - 1);
		link[n < 0 ? 0 : n] = 0;
		name = link;
	}
	printf("%d %s\n", fd, name);
	fflush(stdout);
	fcntl(fd, F_GETFD);
	close(fd);
}

static unsigned long inode(int fd)
{
	struct stat st = {};

	fstat(fd, &st);
	return st.st_ino;
}

static int bound(int type, struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, type, 0);
	socklen_t len = sizeof(*addr);

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(fd, (struct sockaddr *)addr, len);
	getsockname(fd, (struct sockaddr *)addr, &len);
	return fd;
}

int main(int argc, char **argv)
{
	char name[256], path[256];
	struct sockaddr_in to, from = {};
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(from);
	int pipes[2], listener, fd;

	if (argc < 2 || chdir(argv[1]))
		return 2;
	show(open("/etc/passwd", O_RDONLY), NULL);
	show(open("/", O_RDONLY | O_DIRECTORY), NULL);
	show(open("/dev/null", O_RDWR), NULL);
	mkdir("a\nb \xe2\x80\xae", 0700);
	fd = open("a\nb \xe2\x80\xae/f", O_RDWR | O_CREAT, 0600);
	show(fd, "hostile");
	fd = open("gone", O_RDWR | O_CREAT, 0600);
	unlink("gone");
	show(fd, NULL);
	if (!pipe(pipes)) {
		show(pipes[0], NULL);
		show(pipes[1], NULL);
	}
	show(eventfd(0, 0), NULL);
	show(epoll_create1(0), NULL);
	show(memfd_create("of memory", 0), NULL);

	listener = bound(SOCK_STREAM, &to);
	listen(listener, 1);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	connect(fd, (struct sockaddr *)&to, sizeof(to));
	getsockname(fd, (struct sockaddr *)&from, &len);
	snprintf(name, sizeof(name), "TCP:[127.0.0.1:%d->127.0.0.1:%d]", ntohs(from.sin_port),
		 ntohs(to.sin_port));
	show(fd, name);
	snprintf(name, sizeof(name), "TCP:[127.0.0.1:%d]", ntohs(to.sin_port));
	show(listener, name);
	fd = bound(SOCK_DGRAM, &to);
	snprintf(name, sizeof(name), "UDP:[127.0.0.1:%d]", ntohs(to.sin_port));
	show(fd, name);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	snprintf(name, sizeof(name), "UDP:[%lu]", inode(fd));
	show(fd, name);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(path, sizeof(path), "sock");
	strcpy(un.sun_path, path);
	bind(fd, (struct sockaddr *)&un, sizeof(un));
	snprintf(name, sizeof(name), "UNIX-STREAM:[%lu,sock]", inode(fd));
	show(fd, name);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	memcpy(un.sun_path, "\0abstract", 9);
	bind(fd, (struct sockaddr *)&un, sizeof(sa_family_t) + 9);
	snprintf(name, sizeof(name), "UNIX-DGRAM:[%lu,@abstract]", inode(fd));
	show(fd, name);
	return 0;
}
