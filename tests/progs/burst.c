// burst PID COUNT: opens that many long paths as fast as it can, then sends SIGINT to PID.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	static char path[4000];
	pid_t pid = atoi(argv[1]);

	memset(path, 'x', sizeof(path) - 1);
	for (int i = atoi(argv[2]); i > 0; i--)
		open(path, O_RDONLY);
	return kill(pid, SIGINT) || argc != 3;
}
