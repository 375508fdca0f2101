// given: calls that write over what they were given, or into less room than they need. After their
// return, their memory contains what the call, or the program itself, has put there.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* An address that nobody has: 198.51.100.7:999. */
static const struct sockaddr_in nobody = { AF_INET, 0xe703, { 0x076433c6 } };

static void on_alarm(int signal)
{
}

static void times(int fd)
{
	struct timespec ts = { 0, 3000000 };
	struct timeval tv = { 0, 4000 };
	struct pollfd pfd = { fd, POLLIN };
	fd_set set, none;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	FD_ZERO(&none);
	FD_SET(fd, &none);
	syscall(SYS_select, fd + 1, &set, NULL, &none, &tv);
	FD_SET(fd, &set);
	syscall(SYS_pselect6, fd + 1, &set, NULL, NULL, &ts, NULL);
	ts = (struct timespec){ 0, 5000000 };
	syscall(SYS_ppoll, &pfd, 1, &ts, NULL, 8);
}

static void same_memory(void)
{
	struct itimerval timer = { {}, { 77, 0 } };
	struct itimerspec spec = { {}, { 9, 0 } };
	struct rlimit limit;
	struct sigaction action = { .sa_handler = on_alarm };
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		unsigned long mask;
	} kernel_action = {};
	stack_t stack = { malloc(16384), 0, 16384 };
	struct sigevent event = { .sigev_notify = SIGEV_NONE };
	struct timespec ts = { 6, 0 };
	unsigned long signals = 1UL << (SIGUSR1 - 1);
	char path[512] = "/dev/null";
	int timer_id = 0;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &signals, &signals, 8);
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
	timer.it_value.tv_sec = 11;
	syscall(SYS_setitimer, ITIMER_VIRTUAL, &timer, &timer);
	timerfd_settime(fd, 0, &spec, &spec);
	syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer_id);
	spec.it_value.tv_sec = 12;
	syscall(SYS_timer_settime, timer_id, 0, &spec, &spec);
	getrlimit(RLIMIT_CORE, &limit);
	limit.rlim_cur = 123;
	syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, &limit);
	syscall(SYS_sigaltstack, &stack, &stack);
	kernel_action.mask = 1UL << (SIGUSR2 - 1);
	syscall(SYS_rt_sigaction, SIGWINCH, &kernel_action, &kernel_action, 8);
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	syscall(SYS_nanosleep, &ts, &ts);
	syscall(SYS_newfstatat, AT_FDCWD, path, path, 0);
	strcpy(path, "/proc/self/exe");
	syscall(SYS_readlink, path, path, sizeof(path));
}

static void offsets(void)
{
	int in = open("/etc/passwd", O_RDONLY), out = open("/dev/null", O_WRONLY);
	loff_t at = 7;
	off_t offset = 3;
	int ends[2];

	if (pipe(ends))
		exit(1);
	sendfile(out, in, &offset, 5);
	splice(in, &at, ends[1], NULL, 4, 0);
}

static void rooms(void)
{
	int listening = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0),
	    fd = -1, option;
	struct sockaddr_in name = { AF_INET, 0, { htonl(INADDR_LOOPBACK) } }, given;
	static const socklen_t room[] = { 0, 4, 16, 40 };
	struct iovec data = { &option, sizeof(option) };
	struct msghdr message = { &given, 6, &data, 1 };
	struct sockaddr_in names[2] = { nobody, nobody };
	struct mmsghdr messages[2] = { { { &names[0], 6, &data, 1 } },
				       { { &names[1], sizeof(names[1]), &data, 1 } } };
	socklen_t len = sizeof(name);

	bind(listening, (void *)&name, sizeof(name));
	getsockname(listening, (void *)&name, &len);
	listen(listening, 5);
	for (int i = 0; i < 4; i++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		connect(fd, (void *)&name, sizeof(name));
		given = nobody;
		len = room[i];
		accept(listening, (void *)&given, &len);
	}
	given = nobody;
	len = 4;
	getpeername(fd, (void *)&given, &len);
	name.sin_port = 0;
	bind(udp, (void *)&name, sizeof(name));
	len = sizeof(name);
	getsockname(udp, (void *)&name, &len);
	sendto(udp, "ab", 2, 0, (void *)&name, sizeof(name));
	sendto(udp, "cd", 2, 0, (void *)&name, sizeof(name));
	given = nobody;
	len = 4;
	recvfrom(udp, &option, sizeof(option), 0, (void *)&given, &len);
	given = nobody;
	recvmsg(udp, &message, 0);
	sendto(udp, "ef", 2, 0, (void *)&name, sizeof(name));
	sendto(udp, "gh", 2, 0, (void *)&name, sizeof(name));
	recvmmsg(udp, messages, 2, 0, NULL);
	option = 0x7f7f7f7f;
	len = 2;
	getsockopt(udp, SOL_SOCKET, SO_TYPE, &option, &len);
}

static void changed(void)
{
	struct {
		struct file_handle head;
		char bytes[128];
	} handle = { { 0 } };
	struct {
		unsigned version;
		int pid;
	} header = { 0x12345678, 0 };
	struct flock lock = { F_WRLCK, SEEK_SET, 10, 20 };
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600), mount;
	struct timex timex = {};

	name_to_handle_at(AT_FDCWD, "/", &handle.head, &mount, 0);
	syscall(SYS_capget, &header, NULL);
	fcntl(fd, F_GETLK, &lock);
	syscall(SYS_adjtimex, &timex);
}

int main(void)
{
	int ends[2];

	if (pipe(ends) || dup2(ends[0], 40) != 40)
		return 1;
	times(40);
	same_memory();
	offsets();
	rooms();
	changed();
	return 0;
}
