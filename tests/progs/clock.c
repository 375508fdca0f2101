// clock NAME COUNT: calls access(2) so many times, for NAME-0 and so on; prints the wall clock before and after each.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv)
{
	int count = atoi(argv[2]);
	char path[256];

	for (int i = 0; i < count; i++) {
		long long before, after;

		snprintf(path, sizeof(path), "%s-%d", argv[1], i);
		before = now();
		access(path, F_OK);
		after = now();
		printf("%lld %lld\n", before, after);
	}
	return argc != 3;
}
