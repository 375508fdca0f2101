// namespaces: goes into others step by step, and logs after each what /proc/self/ns shows
//
//   ns  tid  mnt pid_for_children uts ipc net cgroup time time_for_children
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static unsigned number(const char *name)
{
	char path[64], link[64] = "", *colon;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return 0;
	colon = strchr(link, '[');
	return colon ? strtoul(colon + 1, NULL, 10) : 0;
}

static void snapshot(const char *what)
{
	printf("%s\t%d\t%u\t%u\t%u\t%u\t%u\t%u\t%u\t%u\n", what, gettid(), number("mnt"),
	       number("pid_for_children"), number("uts"), number("ipc"), number("net"),
	       number("cgroup"), number("time"), number("time_for_children"));
	fflush(stdout);
}

static int child(void *arg)
{
	snapshot("child");
	_exit(0);
}

static void step(int flags)
{
	if (unshare(flags))
		return;
	snapshot("ns");
}

int main(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int uts = open("/proc/self/ns/uts", O_RDONLY);

	snapshot("ns");
	/* Without new ones, with a new one. */
	if (fork() == 0)
		_exit(0);
	wait(NULL);
	clone(child, stack + sizeof(stack), CLONE_NEWUTS | SIGCHLD, NULL);
	wait(NULL);
	step(CLONE_NEWUTS);
	step(CLONE_NEWNS | CLONE_NEWIPC);
	step(CLONE_FILES);
	step(CLONE_NEWNET);
	step(CLONE_NEWCGROUP);
	step(CLONE_NEWPID);
	step(CLONE_NEWTIME);
	/* No file of a namespace: refused. */
	setns(0, CLONE_NEWUTS);
	if (!setns(uts, CLONE_NEWUTS))
		snapshot("ns");
	return 0;
}
