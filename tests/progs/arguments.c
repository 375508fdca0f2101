// arguments WAY TO: tries to execute a file that is not there with such arguments, then executes
// itself with them, and writes those that it finds to the file TO, each with its NUL.
// arguments crowd N: N executions each of four processes with 120 kB of arguments, meanwhile others
// with short ones.
// arguments message 0, arguments deep FOLDER: other values that may be cut.
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define TO "ARGUMENTS_TO="
#define CROWD 4

static char self[PATH_MAX];

/* Another string for each n, no two beginnings of which are alike for long. */
static char *string(int len, int n)
{
	char *text = malloc(len + 1);

	for (int i = 0; i < len; i++)
		text[i] = 'a' + (i * 7 + i / 26 + n) % 26;
	text[len] = 0;
	return text;
}

static char **list(const char *way)
{
	char **words = calloc(100003, sizeof(*words));
	int n = 0;

	if (!strcmp(way, "script")) {
		char *script = string(4300, 0);

		strcpy(script + 4200, "\necho evil");
		words[n++] = "sh";
		words[n++] = "-c";
		words[n++] = script;
	} else if (!strcmp(way, "first")) {
		words[n++] = string(61000, 1);
		words[n++] = "after";
		words[n++] = "";
		words[n++] = "last";
	} else if (!strcmp(way, "long")) {
		while (n < 8) {
			words[n] = string(131000, n);
			n++;
		}
		words[n++] = "tail";
	} else if (!strcmp(way, "unequal")) {
		/* The short strings leave their shares to the long one. */
		words[n++] = "unequal";
		words[n++] = string(131000, 2);
		while (n < 500)
			words[n++] = "x";
	} else if (!strcmp(way, "many")) {
		while (n < 100000)
			words[n++] = "x";
		words[n++] = "tail";
	} else if (!strcmp(way, "middling")) {
		while (n < 2000) {
			words[n] = string(200, n);
			n++;
		}
	} else if (!strcmp(way, "empty")) {
		while (n < 3)
			words[n++] = "";
	} else if (!strcmp(way, "whole")) {
		/* 120 KiB, each with its NUL. */
		words[n++] = "w";
		words[n++] = string(122880 - 3, 3);
	} else if (!strcmp(way, "more")) {
		words[n++] = "w";
		words[n++] = string(122880 - 2, 4);
	}
	/* Pages that were never read need not be in memory. */
	for (int i = 0; i < n; i++)
		words[i] = strdup(words[i]);
	return words;
}

/*
 * Prints how many executions four processes with long arguments made, and another one with short
 * ones.
 */
static int crowd(int executions)
{
	char *big[] = { "big", string(60000, 1), string(60000, 2), NULL };
	char *small[] = { "small", NULL };
	char *none[] = { TO, NULL };
	int running = CROWD, made = 0;
	pid_t pids[CROWD];

	for (int i = 0; i < CROWD; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		for (int k = 0; k < executions; k++) {
			if (!vfork()) {
				execve(self, big, none);
				_exit(1);
			}
			wait(NULL);
		}
		_exit(0);
	}
	while (running) {
		pid_t pid = fork();

		if (!pid) {
			execve(self, small, none);
			_exit(1);
		}
		made++;
		waitpid(pid, NULL, 0);
		for (int i = 0; i < CROWD; i++)
			if (pids[i] && waitpid(pids[i], NULL, WNOHANG) == pids[i]) {
				pids[i] = 0;
				running--;
			}
	}
	printf("%d %d\n", CROWD * executions, made);
	return 0;
}

#define FDS 140

/* Sends a message of 100 buffers and FDS fds. */
static int message(void)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(FDS * sizeof(int))];
	} control = {};
	struct iovec buffers[100];
	struct msghdr message = {
		.msg_iov = buffers,
		.msg_iovlen = 100,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		return 5;
	for (int i = 0; i < 100; i++)
		buffers[i] = (struct iovec){ "x", 1 };
	control.head.cmsg_len = CMSG_LEN(FDS * sizeof(int));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	for (int i = 0; i < FDS; i++)
		((int *)CMSG_DATA(&control.head))[i] = ends[0];
	return sendmsg(ends[0], &message, 0) == 100 ? 0 : 6;
}

/* Opens a file 5,000 bytes below that folder, and reads from it. */
static int deep(const char *folder)
{
	char *name = string(250, 6), byte;
	int fd;

	if (chdir(folder))
		return 7;
	for (int i = 0; i < 20; i++)
		if (mkdir(name, 0700) || chdir(name))
			return 8;
	fd = open("deep", O_RDWR | O_CREAT, 0600);
	return read(fd, &byte, 1) ? 9 : 0;
}

int main(int argc, char **argv)
{
	const char *to = getenv("ARGUMENTS_TO");
	char *env[] = { NULL, "SHORT=1", string(100000, 5), "TAIL=secret", NULL };
	char **words;
	int fd;

	if (to) {
		fd = *to ? open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
		for (int i = 0; i < argc && fd >= 0; i++)
			if (write(fd, argv[i], strlen(argv[i]) + 1) < 0)
				return 1;
		return 0;
	}
	if (argc != 3 || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 2;
	if (!strcmp(argv[1], "crowd"))
		return crowd(atoi(argv[2]));
	if (!strcmp(argv[1], "message"))
		return message();
	if (!strcmp(argv[1], "deep"))
		return deep(argv[2]);
	words = list(argv[1]);
	if (asprintf(&env[0], TO "%s", argv[2]) < 0)
		return 3;
	memcpy(env[2], "LONG=", 5);
	execve("/nonexistent/arguments", words, env);
	execve(self, words, env);
	return 4;
}
