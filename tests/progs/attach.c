// attach CGROUP: attaches programs of BPF by each way that this kernel has; as a 32-bit program, too: m32
//
// Prints `WAY PROGRAM TYPE NAME LINK TYPE`, as the kernel numbers them. Makes a cgroup below that one, and removes it.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int must(int result, const char *what)
{
	if (result >= 0)
		return result;
	perror(what);
	exit(3);
}

static int load(unsigned int type, unsigned int attach_type, const char *name)
{
	/* For a socket's filter: the whole packet; for a cgroup's: it may pass. */
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	const char *license = "GPL";
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach_type;
	attr.insn_cnt = 2;
	attr.insns = (uintptr_t)code;
	attr.license = (uintptr_t)license;
	strncpy(attr.prog_name, name, BPF_OBJ_NAME_LEN - 1);
	return must(bpf(BPF_PROG_LOAD, &attr), name);
}

static void info(int fd, void *to, unsigned int len)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = fd;
	attr.info.info_len = len;
	attr.info.info = (uintptr_t)to;
	must(bpf(BPF_OBJ_GET_INFO_BY_FD, &attr), "info");
}

/* prog: what was attached; link: by which link, or -1. */
static void say(const char *way, int result, int prog, int link)
{
	struct bpf_prog_info of_prog = {};
	struct bpf_link_info of_link = {};

	if (result < 0) {
		printf("lacks %s: %s\n", way, strerror(errno));
		return;
	}
	info(prog, &of_prog, sizeof(of_prog));
	if (link >= 0)
		info(link, &of_link, sizeof(of_link));
	printf("%s %u %u %s %u %u\n", way, of_prog.id, of_prog.type, of_prog.name, of_link.id,
	       of_link.type);
}

static void to_cgroup(const char *above)
{
	int prog, other, at, link;
	union bpf_attr attr;
	char path[4096];

	snprintf(path, sizeof(path), "%s/tracee-attach-%d", above, getpid());
	must(mkdir(path, 0700), path);
	at = must(open(path, O_RDONLY | O_DIRECTORY), path);
	prog = load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, "to_cgroup");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = at;
	attr.attach_bpf_fd = prog;
	attr.attach_type = BPF_CGROUP_INET_EGRESS;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	say("BPF_PROG_ATTACH", bpf(BPF_PROG_ATTACH, &attr), prog, -1);

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = prog;
	attr.link_create.target_fd = at;
	attr.link_create.attach_type = BPF_CGROUP_INET_EGRESS;
	link = bpf(BPF_LINK_CREATE, &attr);
	say("BPF_LINK_CREATE", link, prog, link);
	rmdir(path);
	if (link < 0)
		return;
	other = load(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, "instead");
	memset(&attr, 0, sizeof(attr));
	attr.link_update.link_fd = link;
	attr.link_update.new_prog_fd = other;
	say("BPF_LINK_UPDATE", bpf(BPF_LINK_UPDATE, &attr), other, link);
}

static void to_sockmap(void)
{
	int prog = load(BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_VERDICT, "to_sockmap"), map;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_SOCKMAP;
	attr.key_size = 4;
	attr.value_size = 4;
	attr.max_entries = 1;
	map = bpf(BPF_MAP_CREATE, &attr);
	if (map < 0) {
		say("BPF_MAP_TYPE_SOCKMAP", map, -1, -1);
		return;
	}
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = map;
	attr.attach_bpf_fd = prog;
	attr.attach_type = BPF_SK_SKB_STREAM_VERDICT;
	say("BPF_PROG_ATTACH", bpf(BPF_PROG_ATTACH, &attr), prog, -1);
}

static void to_tracepoint(void)
{
	int prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, "to_tracepoint"), link;
	const char *tracepoint = "sched_process_free";
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (uintptr_t)tracepoint;
	attr.raw_tracepoint.prog_fd = prog;
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	say("BPF_RAW_TRACEPOINT_OPEN", link, prog, link);
}

static void to_perf_event(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_CPU_CLOCK,
					.sample_period = 1000000000,
					.disabled = 1 };
	int prog = load(BPF_PROG_TYPE_PERF_EVENT, 0, "to_perf_event");
	int fd = must(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0), "perf_event_open");

	say("PERF_EVENT_IOC_SET_BPF", ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog), prog, -1);
}

static int bound_socket(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket"), one = 1;

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), "SO_REUSEPORT");
	must(bind(fd, (struct sockaddr *)&at, sizeof(at)), "bind");
	return fd;
}

/* 32-bit programs may do it by socketcall(2), too. */
static int set_option(int fd, int option, const void *value, unsigned int len)
{
#ifdef __i386__
	unsigned long args[] = { fd, SOL_SOCKET, option, (uintptr_t)value, len };

	return syscall(SYS_socketcall, 14, args);
#else
	return setsockopt(fd, SOL_SOCKET, option, value, len);
#endif
}

static void to_socket(void)
{
	struct sock_filter code[] = { { BPF_RET | BPF_K, 0, 0, -1U } };
	struct sock_fprog classic = { 1, code };
	int prog = load(BPF_PROG_TYPE_SOCKET_FILTER, 0, "to_socket"), fd = bound_socket();

	say("SO_ATTACH_BPF", set_option(fd, SO_ATTACH_BPF, &prog, sizeof(prog)), prog, -1);
	say("SO_ATTACH_REUSEPORT_EBPF",
	    set_option(fd, SO_ATTACH_REUSEPORT_EBPF, &prog, sizeof(prog)), prog, -1);
	/* For these the kernel shows nothing more. */
	fd = bound_socket();
	must(set_option(fd, SO_ATTACH_FILTER, &classic, sizeof(classic)), "classic");
	printf("SO_ATTACH_FILTER 0 0 - 0 0\n");
	must(set_option(fd, SO_ATTACH_REUSEPORT_CBPF, &classic, sizeof(classic)), "classic");
	printf("SO_ATTACH_REUSEPORT_CBPF 0 0 - 0 0\n");
}

static void to_fanout(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ALL),
				  .sll_ifindex = if_nametoindex("lo") };
	int fd = socket(AF_PACKET, SOCK_RAW, 0), fanout = PACKET_FANOUT_EBPF << 16 | 4711, prog;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &fanout, sizeof(fanout))) {
		say("PACKET_FANOUT_DATA", -1, -1, -1);
		return;
	}
	prog = load(BPF_PROG_TYPE_SOCKET_FILTER, 0, "to_fanout");
	say("PACKET_FANOUT_DATA",
	    setsockopt(fd, SOL_PACKET, PACKET_FANOUT_DATA, &prog, sizeof(prog)), prog, -1);
}

static void to_tun(void)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_MULTI_QUEUE };
	int fd = open("/dev/net/tun", O_RDWR), prog;

	if (fd < 0 || ioctl(fd, TUNSETIFF, &request)) {
		say("TUNSETFILTEREBPF", -1, -1, -1);
		return;
	}
	prog = load(BPF_PROG_TYPE_SOCKET_FILTER, 0, "to_tun");
	say("TUNSETSTEERINGEBPF", ioctl(fd, TUNSETSTEERINGEBPF, &prog), prog, -1);
	say("TUNSETFILTEREBPF", ioctl(fd, TUNSETFILTEREBPF, &prog), prog, -1);
}

/* Detached again, which no event reports. */
static void to_tap(void)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	struct sock_filter code[] = { { BPF_RET | BPF_K, 0, 0, -1U } };
	struct sock_fprog classic = { 1, code };
	int fd = open("/dev/net/tun", O_RDWR);

	/* The kernel knows only the number of 64-bit programs. */
	if (sizeof(void *) == 4 || fd < 0 || ioctl(fd, TUNSETIFF, &request)) {
		say("TUNATTACHFILTER", -1, -1, -1);
		return;
	}
	must(ioctl(fd, TUNATTACHFILTER, &classic), "TUNATTACHFILTER");
	printf("TUNATTACHFILTER 0 0 - 0 0\n");
	must(ioctl(fd, TUNDETACHFILTER, &classic), "TUNDETACHFILTER");
}

int main(int argc, char **argv)
{
	/* Before 5.11 the kernel counts maps and programs as locked memory. */
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (argc < 2)
		return 2;
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
	to_cgroup(argv[1]);
	to_sockmap();
	to_tracepoint();
	to_perf_event();
	to_socket();
	to_fanout();
	to_tun();
	to_tap();
	return 0;
}
