// churn FOLDER THREADS COUNT: each thread makes and removes that many cgroups in FOLDER that are named like containers.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *folder;
static int count;

static void *churn(void *thread)
{
	char path[512];

	for (int i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/libpod-%032lx%032x.scope", folder, (long)thread,
			 i);
		if (mkdir(path, 0755) || rmdir(path)) {
			perror(path);
			exit(1);
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc == 4 ? atoi(argv[2]) : 0;
	pthread_t all[threads + 1];

	if (!threads)
		return 2;
	folder = argv[1];
	count = atoi(argv[3]);
	for (long i = 0; i < threads; i++)
		if (pthread_create(&all[i], NULL, churn, (void *)i))
			return 1;
	for (int i = 0; i < threads; i++)
		pthread_join(all[i], NULL);
	return 0;
}
