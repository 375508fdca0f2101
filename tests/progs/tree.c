// tree DEPTH WIDTH: a tree of processes. Each prints its pid, its start in hundredths of a second as proc(5) has it, and
// the pid of the process that made it; then it calls getppid. Every second one leaves its children behind: these wait until
// another process has taken them over, and call getppid once more.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long long started(void)
{
	char text[1024], *at;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t len = read(fd, text, sizeof(text) - 1);

	close(fd);
	if (len <= 0)
		exit(1);
	text[len] = 0;
	at = strrchr(text, ')');
	for (int i = 0; at && i < 20; i++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at, NULL, 10) : 0;
}

static void node(int depth, int width, pid_t maker, int leaves, int left)
{
	pid_t self = getpid();
	char line[128];
	int len = snprintf(line, sizeof(line), "%d %llu %d %d\n", self, started(), maker, left);

	if (write(1, line, len) != len)
		_exit(1);
	syscall(SYS_getppid);
	for (int i = 0; depth && i < width; i++) {
		pid_t child = fork();

		if (!child) {
			node(depth - 1, width, self, !leaves, leaves);
			_exit(0);
		}
		if (child < 0)
			_exit(1);
	}
	if (left) {
		while (getppid() == maker)
			usleep(1000);
		syscall(SYS_getppid);
	}
	if (!leaves)
		while (wait(NULL) > 0)
			;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 1;
	node(atoi(argv[1]), atoi(argv[2]), getppid(), 0, 0);
	return 0;
}
