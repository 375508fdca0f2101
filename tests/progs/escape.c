// escape FOLDER: a process in a jail of its own gets out; logs what others can check of each step, in its order
//
//   commit_creds tid uid euid cap_effective       (as /proc/self/status has them)
//   switch_task_ns tid mnt                        (as /proc/self/ns has it)
//   security_sb_mount tid path type
//   security_inode_mknod tid path rdev            (as the kernel numbers devices: major << 20 | minor)
//   security_file_open tid path inode
//   ptrace_attach tid pid
//   process_vm_access tid pid write
//   security_bpf tid cmd
//
// The jail: mount, uts, ipc and net namespaces, a root of its own, no privileges but those of a
// saved uid.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *folder;
static char memory[6];

#define MUST(call)                                \
	do {                                      \
		if ((call) < 0) {                 \
			perror("escape: " #call); \
			exit(1);                  \
		}                                 \
	} while (0)

static void namespaces(void)
{
	char link[64] = "";

	MUST(readlink("/proc/self/ns/mnt", link, sizeof(link) - 1));
	printf("switch_task_ns\t%d\t%s\n", gettid(), link);
}

static void in_jail(void)
{
	char root[256], path[300];

	snprintf(root, sizeof(root), "%s/root", folder);
	MUST(unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET));
	namespaces();
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	MUST(mkdir(root, 0755));
	MUST(mount("jail", root, "tmpfs", 0, NULL));
	MUST(chroot(root));
	MUST(chdir("/"));
	MUST(mkdir("/proc", 0755));
	snprintf(path, sizeof(path), "%s/proc", root);
	MUST(mount("proc", "/proc", "proc", 0, NULL));
	printf("security_sb_mount\t%d\t%s\tproc\n", gettid(), path);
}

static void creds(void)
{
	unsigned uid, euid;
	unsigned long long effective;
	char line[256];
	FILE *status;

	status = fopen("/proc/self/status", "r");
	while (status && fgets(line, sizeof(line), status)) {
		sscanf(line, "Uid: %u %u", &uid, &euid);
		sscanf(line, "CapEff: %llx", &effective);
	}
	fclose(status);
	printf("commit_creds\t%d\t%u\t%u\t%llu\n", gettid(), uid, euid, effective);
}

/* The disk of the host by its numbers. */
static void disk(void)
{
	if (mknod("/disk", S_IFBLK | 0600, makedev(8, 0)))
		return;
	printf("security_inode_mknod\t%d\t%s/root/disk\t%u\n", gettid(), folder, 8 << 20);
}

static void out(int host)
{
	char path[64];
	int ns;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", host);
	MUST(ns = open(path, O_RDONLY));
	MUST(setns(ns, CLONE_NEWNS));
	namespaces();
}

static void steal(void)
{
	char path[300];
	struct stat stat;

	snprintf(path, sizeof(path), "%s/secret", folder);
	MUST(open(path, O_RDONLY));
	MUST(lstat(path, &stat));
	printf("security_file_open\t%d\t%s\t%lu\n", gettid(), path, stat.st_ino);
}

static void inject(int victim)
{
	struct iovec local = { "owned", 6 }, remote = { memory, 6 };

	MUST(ptrace(PTRACE_ATTACH, victim, 0, 0));
	printf("ptrace_attach\t%d\t%d\n", gettid(), victim);
	waitpid(victim, NULL, __WALL);
	MUST(process_vm_writev(victim, &local, 1, &remote, 1, 0));
	printf("process_vm_access\t%d\t%d\ttrue\n", gettid(), victim);
	ptrace(PTRACE_DETACH, victim, 0, 0);
}

static void programs(void)
{
	union bpf_attr attr = {};

	syscall(SYS_bpf, BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr));
	printf("security_bpf\t%d\t%d\n", gettid(), BPF_PROG_GET_NEXT_ID);
}

int main(int argc, char **argv)
{
	int host = getpid(), victim, jailed, status;

	setbuf(stdout, NULL);
	folder = argv[1];
	victim = fork();
	if (victim == 0) {
		for (;;)
			pause();
	}
	jailed = fork();
	if (jailed == 0) {
		in_jail();
		MUST(setresuid(1000, 1000, 0));
		creds();
		MUST(setresuid(0, 0, 0));
		creds();
		disk();
		out(host);
		steal();
		inject(victim);
		programs();
		exit(0);
	}
	waitpid(jailed, &status, 0);
	kill(victim, SIGKILL);
	waitpid(victim, NULL, 0);
	return status != 0;
}
