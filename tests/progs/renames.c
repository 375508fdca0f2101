// renames FOLDER COUNT DEPTH: writes to a file as often, while a folder so far above it is called one/aaaa and two/bbbb in turn
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile int stop;
static int top;

static void *rename_it(void *unused)
{
	while (!stop)
		if (renameat(top, "one/aaaa", top, "two/bbbb") ||
		    renameat(top, "two/bbbb", top, "one/aaaa"))
			exit(4);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int fd;

	if (argc != 4 || chdir(argv[1]) || mkdir("one", 0700) || mkdir("two", 0700) ||
	    mkdir("one/aaaa", 0700))
		return 2;
	top = open(".", O_RDONLY);
	if (chdir("one/aaaa"))
		return 2;
	for (int i = 0; i < atoi(argv[3]); i++)
		if (mkdir("d", 0700) || chdir("d"))
			return 2;
	fd = open("file", O_CREAT | O_RDWR, 0600);
	pthread_create(&thread, NULL, rename_it, NULL);
	for (int i = 0; i < atoi(argv[2]); i++)
		if (pwrite(fd, "x", 1, 0) != 1)
			return 3;
	stop = 1;
	pthread_join(thread, NULL);
	return 0;
}
