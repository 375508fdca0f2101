// execs WAY FILE…: the ways to exec, each in one program.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static char **words;

static void *exec_in_thread(void *unused)
{
	(void)unused;
	execv(words[0], words);
	return NULL;
}

/* An array of COUNT strings of LEN bytes. */
static char **array(int count, int len)
{
	char **list = calloc(count + 1, sizeof(*list));

	for (int i = 0; i < count; i++) {
		list[i] = malloc(len + 1);
		memset(list[i], 'a' + i % 26, len);
		list[i][len] = 0;
	}
	return list;
}

int main(int argc, char **argv)
{
	const char *way = argv[1];
	char *none[] = { NULL };

	words = argv + 2;
	if (!strcmp(way, "thread")) {
		pthread_t thread;

		pthread_create(&thread, NULL, exec_in_thread, NULL);
		pthread_join(thread, NULL);
	} else if (!strcmp(way, "fd")) {
		int fd = open(words[0], O_PATH | O_CLOEXEC);

		syscall(SYS_execveat, fd, "", words, none, AT_EMPTY_PATH);
	} else if (!strcmp(way, "dirfd")) {
		int fd = open(words[0], O_PATH | O_CLOEXEC);

		syscall(SYS_execveat, fd, words[1], words + 1, none, 0);
	} else if (!strcmp(way, "failing")) {
		/* A null pointer, unmapped memory, a missing file. */
		syscall(SYS_execve, NULL, words, none);
		syscall(SYS_execve, (char *)16, words, none);
		syscall(SYS_execve, "/nonexistent/file", words, none);
		syscall(SYS_execve, "/nonexistent/bad-array", (char **)16, none);
		return errno != ENOENT && errno != EFAULT;
	} else if (!strcmp(way, "long")) {
		/* COUNT LEN: arguments of a missing file, then of an existing one. */
		char **list = array(atoi(words[0]), atoi(words[1]));

		execv("/nonexistent/long", list);
		execv(words[2], list);
	}
	return argc < 3 || errno;
}
