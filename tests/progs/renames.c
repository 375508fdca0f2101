// renames FOLDER COUNT: writes to a file as often, while its folder is called one/aaaa and two/bbbb in turn
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile int stop;

static void *rename_it(void *unused)
{
	while (!stop)
		if (rename("one/aaaa", "two/bbbb") || rename("two/bbbb", "one/aaaa"))
			exit(4);
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int fd;

	if (argc != 3 || chdir(argv[1]) || mkdir("one", 0700) || mkdir("two", 0700) ||
	    mkdir("one/aaaa", 0700))
		return 2;
	fd = open("one/aaaa/file", O_CREAT | O_RDWR, 0600);
	pthread_create(&thread, NULL, rename_it, NULL);
	for (int i = 0; i < atoi(argv[2]); i++)
		if (pwrite(fd, "x", 1, 0) != 1)
			return 3;
	stop = 1;
	pthread_join(thread, NULL);
	return 0;
}
