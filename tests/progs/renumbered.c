// renumbered FOLDER: calls that return under another number than they were entered by, or seem to.
// Each by a process of its own, for which a line is printed: NAME PID. Its file to execute is made
// in FOLDER.
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHMOD32 15

static const char *self, *folder;
/* At an address that 32-bit calls can use. */
static char low[] = "/renumbered/chmod";

/* Lets seccomp answer this call of that architecture with success. */
static void pretend(unsigned arch, unsigned nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		_exit(1);
}

static void do_nothing(int number)
{
}

/* A sigreturn has the number of a 32-bit chmod. */
static void after_sigreturn(void)
{
	int result;

	signal(SIGUSR1, do_nothing);
	pretend(AUDIT_ARCH_I386, CHMOD32);
	raise(SIGUSR1);
	asm volatile("int $0x80" : "=a"(result) : "a"(CHMOD32), "b"(low), "c"(04777) : "memory");
}

static void fork_as_zero(void)
{
	pretend(AUDIT_ARCH_X86_64, SYS_fork);
	syscall(SYS_fork);
}

static void exec_as_zero(void)
{
	pretend(AUDIT_ARCH_X86_64, SYS_execve);
	syscall(SYS_execve, "/renumbered/exec", NULL, NULL);
}

/* A program that cannot be mapped when the old one is gone already. */
static void exec_that_fails_late(void)
{
	Elf64_Ehdr head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC,
			    .e_machine = EM_X86_64,
			    .e_version = EV_CURRENT,
			    .e_entry = 0x10001000,
			    .e_phoff = sizeof(head),
			    .e_ehsize = sizeof(head),
			    .e_phentsize = sizeof(Elf64_Phdr),
			    .e_phnum = 2 };
	Elf64_Phdr parts[] = {
		{ PT_LOAD, PF_R | PF_W | PF_X, 0, 0x10000000, 0x10000000, 0x900, 0x1100, 0x1000 },
		{ PT_LOAD, PF_R | PF_X, 0x1000, 0x7ffffffff000, 0x7ffffffff000, 0x1000, 0x20000,
		  0x1000 },
	};
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/late", folder);
	fd = open(path, O_WRONLY | O_CREAT, 0755);
	if (write(fd, &head, sizeof(head)) != sizeof(head) ||
	    write(fd, parts, sizeof(parts)) != sizeof(parts) || ftruncate(fd, 0x3000))
		_exit(1);
	close(fd);
	syscall(SYS_execveat, AT_FDCWD, path, (char *[]){ path, NULL }, NULL, 0);
}

static void traced_exec(void)
{
	close(0);
	open("/etc/passwd", O_RDONLY);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	pretend(AUDIT_ARCH_X86_64, SYS_openat);
	execl(self, self, "open", NULL);
}

/* A process that runs body() and then prints a line. */
static pid_t child(const char *name, void (*body)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		body();
		_exit(0);
	}
	printf("%s %d\n", name, pid);
	return pid;
}

static void renumber(pid_t pid, long nr)
{
	struct user_regs_struct regs;

	ptrace(PTRACE_GETREGS, pid, 0, &regs);
	regs.orig_rax = nr;
	ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

static void exec_renumbered(const char *name, long nr)
{
	pid_t pid = child(name, traced_exec);

	waitpid(pid, NULL, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXEC);
	ptrace(PTRACE_CONT, pid, 0, 0);
	waitpid(pid, NULL, 0);
	renumber(pid, nr);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	waitpid(pid, NULL, 0);
}

static int ready[2], go[2];

static void waits_in_vfork(void)
{
	char byte = 0;
	pid_t pid = vfork();

	if (!pid) {
		if (write(ready[1], &byte, 1) != 1 || read(go[0], &byte, 1) != 1)
			_exit(1);
		_exit(0);
	}
	waitpid(-1, NULL, 0);
}

/* A parent that waits for its child gets a tracer meanwhile. */
static void vfork_renumbered(const char *name, long nr)
{
	char byte = 0;
	pid_t pid;

	if (pipe(ready) || pipe(go))
		exit(1);
	pid = child(name, waits_in_vfork);
	if (read(ready[0], &byte, 1) != 1 ||
	    ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEVFORKDONE) || write(go[1], &byte, 1) != 1)
		exit(1);
	waitpid(pid, NULL, 0);
	renumber(pid, nr);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "open"))
		return syscall(SYS_openat, AT_FDCWD, "/renumbered/open", O_RDONLY, 0);
	self = argv[0];
	folder = argv[1];
	waitpid(child("sigreturn", after_sigreturn), NULL, 0);
	waitpid(child("fork", fork_as_zero), NULL, 0);
	waitpid(child("exec", exec_as_zero), NULL, 0);
	waitpid(child("late", exec_that_fails_late), NULL, 0);
	exec_renumbered("no-number", -1);
	exec_renumbered("as-setpgid", SYS_setpgid);
	vfork_renumbered("vfork", -1);
	vfork_renumbered("vfork-as-kill", SYS_kill);
	return 0;
}
