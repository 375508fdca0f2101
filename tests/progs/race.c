// race KIND FOLDER COUNT: calls whose argument another thread changes all the time, between
// FOLDER/a and FOLDER/b (or two ports); prints for each which of them the kernel took. As `race
// which`, prints the name by which it was executed.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[4096];
static volatile char *last;
static struct sockaddr_in address;
static volatile in_port_t *const port = &address.sin_port;
static in_port_t ports[2];
static volatile int stop;

static void *flip_path(void *unused)
{
	while (!stop)
		*last ^= 'a' ^ 'b';
	return unused;
}

static void *flip_port(void *unused)
{
	while (!stop)
		*port ^= ports[0] ^ ports[1];
	return unused;
}

static void open_one(ino_t first, const char *kind)
{
	struct {
		unsigned long long flags, mode, resolve;
	} how = {};
	struct stat st = {};
	int fd;

	if (!strcmp(kind, "open"))
		fd = syscall(SYS_open, path, O_RDONLY);
	else if (!strcmp(kind, "creat"))
		fd = syscall(SYS_creat, path, 0600);
	else if (!strcmp(kind, "openat2"))
		fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	else
		fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		exit(3);
	close(fd);
	printf("%d %c\n", getpid(), st.st_ino == first ? 'a' : 'b');
}

static void exec_one(void)
{
	static char *words[] = { "race", "which", NULL };
	/* The child shares our memory, and the other thread's. */
	pid_t pid = vfork();

	if (!pid) {
		syscall(SYS_execve, path, words, NULL);
		_exit(4);
	}
	waitpid(pid, NULL, 0);
}

/* a may not be executed, b is missing. */
static void fail_one(void)
{
	static char *words[] = { "race", NULL };

	syscall(SYS_execve, path, words, NULL);
	printf("%d %c\n", getpid(), errno == EACCES ? 'a' : 'b');
}

static int listener(in_port_t *own)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	socklen_t len = sizeof(any);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (void *)&any, sizeof(any)) || listen(fd, 8))
		exit(5);
	getsockname(fd, (void *)&any, &len);
	address = any;
	*own = any.sin_port;
	return fd;
}

static void connect_one(const int *listeners)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), which, accepted = -1;

	if (connect(fd, (void *)&address, sizeof(address)))
		exit(6);
	for (which = 0; which < 2; which++) {
		accepted = accept(listeners[which], NULL, NULL);
		if (accepted >= 0)
			break;
	}
	if (which == 2)
		exit(7);
	printf("%d %d\n", getpid(), ntohs(ports[which]));
	close(accepted);
	close(fd);
}

int main(int argc, char **argv)
{
	const char *kind = argv[1];
	int count = argc > 3 ? atoi(argv[3]) : 0;
	int listeners[2];
	pthread_t thread;
	struct stat first = {};

	if (!strcmp(kind, "which")) {
		ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

		printf("%d %c\n", getpid(), path[n - 1]);
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(path, sizeof(path), "%s/a", argv[2]);
	last = path + strlen(path) - 1;
	if (strcmp(kind, "connect")) {
		stat(path, &first);
		pthread_create(&thread, NULL, flip_path, NULL);
	} else {
		for (int i = 0; i < 2; i++)
			listeners[i] = listener(&ports[i]);
		pthread_create(&thread, NULL, flip_port, NULL);
	}
	for (int i = 0; i < count; i++) {
		if (!strcmp(kind, "execve"))
			exec_one();
		else if (!strcmp(kind, "failing"))
			fail_one();
		else if (!strcmp(kind, "connect"))
			connect_one(listeners);
		else
			open_one(first.st_ino, kind);
	}
	stop = 1;
	pthread_join(thread, NULL);
	return 0;
}
