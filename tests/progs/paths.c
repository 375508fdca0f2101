// paths THREADS SECONDS FOLDER: each thread makes 100 folders within one another and a file in the innermost, all named
// after its thread id, and opens it in a loop by its whole path.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEPTH 100

static const char *folder;
static time_t end;

static void *opens(void *unused)
{
	int tid = syscall(SYS_gettid), fd;
	char path[4096];
	int len = snprintf(path, sizeof(path), "%s", folder);

	for (int i = 0; i < DEPTH; i++) {
		len += snprintf(path + len, sizeof(path) - len, "/t%d", tid);
		if (mkdir(path, 0755))
			exit(1);
	}
	snprintf(path + len, sizeof(path) - len, "/t%d", tid);
	close(open(path, O_CREAT | O_WRONLY, 0644));
	while (time(NULL) < end) {
		fd = open(path, O_RDONLY);
		if (fd < 0)
			exit(1);
		close(fd);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int count = atoi(argv[1]);
	pthread_t threads[256];

	end = time(NULL) + atoi(argv[2]);
	folder = argv[3];
	for (int i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, opens, NULL))
			return 1;
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	return argc != 4;
}
