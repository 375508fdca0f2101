// loop getppid|open COUNT: that often the call, or openat and close; prints ns per round.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int opens = !strcmp(argv[1], "open");
	long count = atol(argv[2]);
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (long i = 0; i < count; i++) {
		if (opens)
			close(open("/dev/null", O_RDONLY));
		else
			syscall(SYS_getppid);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%.1f\n", ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / count);
	return argc != 3;
}
