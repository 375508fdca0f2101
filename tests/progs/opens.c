// opens RATE SECONDS: that many openat and close a second, evenly; prints how many it made.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long rate = atol(argv[1]), seconds = atol(argv[2]), made = 0;
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	/* A hundred bursts a second. */
	for (long burst = 0; burst < seconds * 100; burst++) {
		for (long i = 0; i < rate / 100; i++, made++)
			close(open("/dev/null", O_RDONLY));
		at.tv_nsec += 10000000;
		if (at.tv_nsec >= 1000000000) {
			at.tv_nsec -= 1000000000;
			at.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
	printf("%ld\n", made);
	return argc != 3;
}
