// vectors: buffers in several parts, and several messages at once; ARGUMENT many: more messages than are shown
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MANY 100

static void many(void)
{
	struct iovec part = { "x", 1 };
	struct mmsghdr all[MANY] = {};
	int pair[2];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	for (int i = 0; i < MANY; i++) {
		all[i].msg_hdr.msg_iov = &part;
		all[i].msg_hdr.msg_iovlen = 1;
	}
	sendmmsg(pair[0], all, MANY, MSG_DONTWAIT);
}

static int bound(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = { htonl(0x7f000001) } };
	bind(fd, (void *)at, sizeof(*at));
	getsockname(fd, (void *)at, &len);
	return fd;
}

int main(int argc, char **argv)
{
	char first[4] = "", second[64] = "", control[600] = "";
	struct iovec out[2] = { { "one ", 4 }, { "two three", 9 } };
	struct iovec in[2] = { { first, 4 }, { second, 64 } };
	struct iovec bad[2] = { { "ok", 2 }, { (void *)8, 9 } };
	struct iovec here = { first, 4 }, there = { second, 4 };
	struct sockaddr_in to[2], from[2];
	struct mmsghdr messages[2] = {};
	struct msghdr message = {};
	int ends[2], file, fds[2];

	if (argc > 1) {
		many();
		return 0;
	}
	pipe(ends);
	writev(ends[1], out, 2);
	readv(ends[0], in, 2);
	file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	pwritev(file, out, 2, 0);
	memset(first, 0, 4);
	preadv(file, in, 2, 4);
	pwritev2(file, out, 1, 0, 0);
	preadv2(file, in, 1, 0, 0);
	vmsplice(ends[1], out, 2, 0);
	writev(ends[1], bad, 2);
	process_vm_writev(getpid(), &here, 1, &there, 1, 0);
	process_vm_readv(getpid(), &here, 1, &there, 1, 0);

	fds[0] = bound(&to[0]);
	fds[1] = bound(&to[1]);
	printf("%d %d\n", ntohs(to[0].sin_port), ntohs(to[1].sin_port));
	for (int i = 0; i < 2; i++) {
		messages[i].msg_hdr.msg_name = &to[0];
		messages[i].msg_hdr.msg_namelen = sizeof(to[0]);
		messages[i].msg_hdr.msg_iov = &out[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sendmmsg(fds[1], messages, 2, 0);
	in[0].iov_len = 4;
	for (int i = 0; i < 2; i++) {
		messages[i].msg_hdr.msg_name = &from[i];
		messages[i].msg_hdr.msg_namelen = sizeof(from[i]);
		messages[i].msg_hdr.msg_iov = &in[i];
	}
	recvmmsg(fds[0], messages, 2, 0, NULL);
	/* Control data beyond what is shown: refused, but given. */
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	message.msg_iov = out;
	message.msg_iovlen = 2;
	sendmsg(fds[1], &message, 0);
	return 0;
}
