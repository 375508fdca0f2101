// creds: changes its credentials step by step, and logs after each what /proc/self/status shows:
// creds SETUID-COPY
//
//   cred  uid suid euid fsuid  gid sgid egid fsgid  inh prm eff bnd amb  securebits  user-namespace
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static char ids[256];

/* In a namespace without a mapping, the kernel shows no ids; they stay what they were. */
static void snapshot(int keep_ids)
{
	unsigned r, e, s, f, uid[4] = {}, gid[4] = {};
	unsigned long long caps[5] = {};
	char line[256], ns[64] = "";
	FILE *status = fopen("/proc/self/status", "r");

	while (fgets(line, sizeof(line), status)) {
		if (sscanf(line, "Uid: %u %u %u %u", &r, &e, &s, &f) == 4)
			uid[0] = r, uid[1] = s, uid[2] = e, uid[3] = f;
		if (sscanf(line, "Gid: %u %u %u %u", &r, &e, &s, &f) == 4)
			gid[0] = r, gid[1] = s, gid[2] = e, gid[3] = f;
		sscanf(line, "CapInh: %llx", &caps[0]);
		sscanf(line, "CapPrm: %llx", &caps[1]);
		sscanf(line, "CapEff: %llx", &caps[2]);
		sscanf(line, "CapBnd: %llx", &caps[3]);
		sscanf(line, "CapAmb: %llx", &caps[4]);
	}
	fclose(status);
	if (!keep_ids)
		sprintf(ids, "%u\t%u\t%u\t%u\t%u\t%u\t%u\t%u", uid[0], uid[1], uid[2], uid[3],
			gid[0], gid[1], gid[2], gid[3]);
	if (readlink("/proc/self/ns/user", ns, sizeof(ns) - 1) < 0)
		exit(1);
	printf("cred\t%s\t%llu\t%llu\t%llu\t%llu\t%llu\t%d\t%s\n", ids, caps[0], caps[1], caps[2],
	       caps[3], caps[4], prctl(PR_GET_SECUREBITS), ns);
	fflush(stdout);
}

static void set_caps(unsigned long long effective, unsigned long long permitted,
		     unsigned long long inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ effective, permitted, inheritable },
		{ effective >> 32, permitted >> 32, inheritable >> 32 },
	};

	syscall(SYS_capset, &header, data);
}

#define BIT(cap) (1ULL << (cap))

int main(int argc, char **argv)
{
	if (argc < 2) {
		/* The copy, after its exec. */
		snapshot(0);
		syscall(SYS_setresuid, 1002, 1002, 1002);
		snapshot(0);
		/* Refused: nothing changes. */
		syscall(SYS_setuid, 0);
		snapshot(0);
		if (unshare(CLONE_NEWUSER))
			printf("skip\n");
		else
			snapshot(1);
		return 0;
	}
	snapshot(0);
	prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT, 0, 0, 0);
	snapshot(0);
	prctl(PR_SET_SECUREBITS, 1 << 4, 0, 0, 0); /* SECBIT_KEEP_CAPS */
	snapshot(0);
	syscall(SYS_setresgid, 1101, 1102, 1103);
	snapshot(0);
	setfsgid(1101);
	snapshot(0);
	/* Setting the same again is no change. */
	setfsgid(1101);
	snapshot(0);
	syscall(SYS_setresuid, 1001, -1, -1);
	snapshot(0);
	setfsuid(1001);
	snapshot(0);
	set_caps(BIT(CAP_SETUID) | BIT(CAP_CHOWN) | BIT(CAP_BPF),
		 BIT(CAP_SETUID) | BIT(CAP_CHOWN) | BIT(CAP_BPF), BIT(CAP_CHOWN) | BIT(CAP_BPF));
	snapshot(0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0);
	snapshot(0);
	syscall(SYS_setresuid, 1001, 1002, 1003);
	snapshot(0);
	execl(argv[1], "creds", NULL);
	return 1;
}
