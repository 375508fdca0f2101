// links: makes a map, a program and a link of BPF; prints the id and the name that the kernel gives each.
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static int bpf(int cmd, union bpf_attr *attr)
{
	int result = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	if (result < 0) {
		perror("bpf");
		exit(3);
	}
	return result;
}

static void info(int fd, void *to, unsigned int len)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = fd;
	attr.info.info_len = len;
	attr.info.info = (unsigned long)to;
	bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
}

int main(void)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_map_info map = {};
	struct bpf_prog_info prog = {};
	struct bpf_link_info link = {};
	/* Before 5.11 the kernel counts maps and programs as locked memory. */
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	union bpf_attr attr;
	int fd;

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 1;
	strcpy(attr.map_name, "test_map");
	info(bpf(BPF_MAP_CREATE, &attr), &map, sizeof(map));
	printf("map %u %u %s\n", map.id, map.type, map.name);

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insn_cnt = 2;
	attr.insns = (unsigned long)code;
	attr.license = (unsigned long)"GPL";
	strcpy(attr.prog_name, "test_prog");
	fd = bpf(BPF_PROG_LOAD, &attr);
	info(fd, &prog, sizeof(prog));
	printf("prog %u %u %s\n", prog.id, prog.type, prog.name);

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (unsigned long)"sched_process_free";
	attr.raw_tracepoint.prog_fd = fd;
	fd = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	info(fd, &link, sizeof(link));
	printf("link %u %u %d\n", link.id, link.type, fd);
	return 0;
}
