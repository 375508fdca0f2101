// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Changes of the kernel itself: modules, BPF, kprobes, control groups. */
#include "lib/event.h"
#include "lib/socket.h"

/* The file of the module that the call in progress loads, if it names one. */
static __always_inline void put_module_path(struct scratch *s, __u32 index)
{
	struct task_struct *task = current_task();
	struct returned_call call = {};
	struct file *file;

	if (TASK_READ(task, flags) & PF_KTHREAD ||
	    !returned_call(BPF_CORE_READ(task_regs(task), orig_ax), 0, &call) ||
	    call.event != EVENT_FINIT_MODULE)
		return;
	file = file_of_fd(call.args[0]);
	if (file)
		put_path(s->slot, index, FIELD_ADDRESS(file, f_path));
}

SAME_ARGS(DO_INIT_MODULE, MODULE_LOAD, NAME, TAINTS, PATHNAME);
SAME_ARGS(MODULE_FREE, MODULE_LOAD, NAME, TAINTS);

/* name: address of a string in the kernel. */
static __always_inline int on_module(__u16 event, __u64 name, __u64 taints, bool loads)
{
	struct scratch *s = event_begin_with(event, loads ? NARGS_MODULE_LOAD : NARGS_MODULE_FREE,
					     (struct hook){});

	if (!s)
		return 0;
	put_value(s, ARG_MODULE_LOAD_TAINTS, taints);
	put_kernel_str(s->slot, ARG_MODULE_LOAD_NAME, name);
	if (loads)
		put_module_path(s, ARG_MODULE_LOAD_PATHNAME);
	return event_end(s);
}

SEC("tp_btf/module_load")
int BPF_PROG(module_load__tp_btf, struct module *mod)
{
	return on_module(EVENT_MODULE_LOAD, FIELD_ADDRESS(mod, name), BPF_CORE_READ(mod, taints),
			 true);
}

SEC("tp/module/module_load")
int module_load__tp(struct trace_event_raw_module_load *ctx)
{
	return on_module(EVENT_MODULE_LOAD, data_loc(ctx, ctx->__data_loc_name), ctx->taints, true);
}

SEC("tp_btf/module_free")
int BPF_PROG(module_free__tp_btf, struct module *mod)
{
	return on_module(EVENT_MODULE_FREE, FIELD_ADDRESS(mod, name), BPF_CORE_READ(mod, taints),
			 false);
}

/* This form has only the name. */
SEC("tp/module/module_free")
int module_free__tp(struct trace_event_raw_module_free *ctx)
{
	struct scratch *s = event_begin(MODULE_FREE, (struct hook){});

	if (!s)
		return 0;
	put_kernel_str(s->slot, ARG_MODULE_FREE_NAME, data_loc(ctx, ctx->__data_loc_name));
	put_unknown(s, ARG_MODULE_FREE_TAINTS);
	return event_end(s);
}

/* At its beginning, since a module whose start fails is gone at the end. */
static __always_inline int on_do_init_module(struct hook hook, struct module *mod)
{
	return on_module(EVENT_DO_INIT_MODULE, FIELD_ADDRESS(mod, name), BPF_CORE_READ(mod, taints),
			 true);
}

HOOK_ENTRY(do_init_module, do_init_module, (struct module * mod), (mod))

SAME_ARGS(CGROUP_MKDIR, CGROUP_ATTACH_TASK, CGROUP_ID, PATH, HIERARCHY);
SAME_ARGS(CGROUP_RMDIR, CGROUP_ATTACH_TASK, CGROUP_ID, PATH, HIERARCHY);

/* path: address of a string in the kernel. pid: the moved process, if any. */
static __always_inline int on_cgroup(__u16 event, __u64 id, __u64 path, int hierarchy, int pid)
{
	bool moves = event == EVENT_CGROUP_ATTACH_TASK;
	struct scratch *s = event_begin_with(
		event, moves ? NARGS_CGROUP_ATTACH_TASK : NARGS_CGROUP_MKDIR, (struct hook){});

	if (!s)
		return 0;
	put_value(s, ARG_CGROUP_ATTACH_TASK_CGROUP_ID, id);
	put_kernel_str(s->slot, ARG_CGROUP_ATTACH_TASK_PATH, path);
	put_value(s, ARG_CGROUP_ATTACH_TASK_HIERARCHY, hierarchy);
	if (moves)
		put_value(s, ARG_CGROUP_ATTACH_TASK_PID, pid);
	return event_end(s);
}

#define CGROUP_ID(cgrp) BPF_CORE_READ(cgrp, kn, id)
#define CGROUP_HIERARCHY(cgrp) BPF_CORE_READ(cgrp, root, hierarchy_id)

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_mkdir__tp_btf, struct cgroup *cgrp, const char *path)
{
	return on_cgroup(EVENT_CGROUP_MKDIR, CGROUP_ID(cgrp), plain_address(path),
			 CGROUP_HIERARCHY(cgrp), 0);
}

SEC("tp/cgroup/cgroup_mkdir")
int cgroup_mkdir__tp(struct trace_event_raw_cgroup *ctx)
{
	return on_cgroup(EVENT_CGROUP_MKDIR, ctx->id, data_loc(ctx, ctx->__data_loc_path),
			 ctx->root, 0);
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_rmdir__tp_btf, struct cgroup *cgrp, const char *path)
{
	return on_cgroup(EVENT_CGROUP_RMDIR, CGROUP_ID(cgrp), plain_address(path),
			 CGROUP_HIERARCHY(cgrp), 0);
}

SEC("tp/cgroup/cgroup_rmdir")
int cgroup_rmdir__tp(struct trace_event_raw_cgroup *ctx)
{
	return on_cgroup(EVENT_CGROUP_RMDIR, ctx->id, data_loc(ctx, ctx->__data_loc_path),
			 ctx->root, 0);
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(cgroup_attach_task__tp_btf, struct cgroup *cgrp, const char *path,
	     struct task_struct *task, bool threadgroup)
{
	return on_cgroup(EVENT_CGROUP_ATTACH_TASK, CGROUP_ID(cgrp), plain_address(path),
			 CGROUP_HIERARCHY(cgrp), BPF_CORE_READ(task, pid));
}

SEC("tp/cgroup/cgroup_attach_task")
int cgroup_attach_task__tp(struct trace_event_raw_cgroup_migrate *ctx)
{
	return on_cgroup(EVENT_CGROUP_ATTACH_TASK, ctx->dst_id,
			 data_loc(ctx, ctx->__data_loc_dst_path), ctx->dst_root, ctx->pid);
}

/* At its beginning: kernels differ in how many arguments there are before the return value. */
static __always_inline int on_security_bpf(struct hook hook, int cmd)
{
	struct scratch *s = event_begin(SECURITY_BPF, hook);

	if (!s)
		return 0;
	put_value(s, ARG_SECURITY_BPF_CMD, cmd);
	return event_end(s);
}

HOOK_ENTRY(security_bpf, security_bpf, (int cmd), (cmd))

static __always_inline int on_security_bpf_map(struct hook hook, struct bpf_map *map)
{
	struct scratch *s = event_begin(SECURITY_BPF_MAP, hook);

	if (!s)
		return 0;
	put_value(s, ARG_SECURITY_BPF_MAP_MAP_ID, BPF_CORE_READ(map, id));
	put_kernel_str(s->slot, ARG_SECURITY_BPF_MAP_MAP_NAME, FIELD_ADDRESS(map, name));
	put_value(s, ARG_SECURITY_BPF_MAP_MAP_TYPE, BPF_CORE_READ(map, map_type));
	return event_end(s);
}

HOOK(security_bpf_map, security_bpf_map, (struct bpf_map * map, fmode_t mode), (map))

/* A program's attributes, at these positions. */
static __always_inline void put_prog(struct scratch *s, __u32 id, __u32 name, __u32 type,
				     struct bpf_prog *prog)
{
	struct bpf_prog_aux *aux = BPF_CORE_READ(prog, aux);

	put_value(s, id, BPF_CORE_READ(aux, id));
	put_kernel_str(s->slot, name, FIELD_ADDRESS(aux, name));
	put_value(s, type, BPF_CORE_READ(prog, type));
}

static __always_inline int on_security_bpf_prog(struct hook hook, struct bpf_prog *prog)
{
	struct scratch *s = event_begin(SECURITY_BPF_PROG, hook);

	if (!s)
		return 0;
	put_prog(s, ARG_SECURITY_BPF_PROG_PROG_ID, ARG_SECURITY_BPF_PROG_PROG_NAME,
		 ARG_SECURITY_BPF_PROG_PROG_TYPE, prog);
	return event_end(s);
}

HOOK(security_bpf_prog, security_bpf_prog, (struct bpf_prog * prog), (prog))

/*
 * linux/perf_event.h, linux/if_tun.h, linux/ppp-ioctl.h; those of 32-bit programs have other sizes
 */
#define PERF_EVENT_IOC_SET_BPF 0x40042408
#define TUNATTACHFILTER 0x401054d5
#define PPPIOCSPASS 0x40107447
#define PPPIOCSPASS_32 0x40087447
#define PPPIOCSACTIVE 0x40107446
#define PPPIOCSACTIVE_32 0x40087446
#define TUNSETSTEERINGEBPF 0x800454e0
#define TUNSETFILTEREBPF 0x800454e1

#define SOL_SOCKET 1
#define SO_ATTACH_FILTER 26
#define SO_ATTACH_BPF 50
#define SO_ATTACH_REUSEPORT_CBPF 51
#define SO_ATTACH_REUSEPORT_EBPF 52
#define SOL_PACKET 263
#define PACKET_FANOUT_DATA 22

#define WAY_LEN 28

/* What a call attached, and how. */
struct attached {
	const char *way;
	struct bpf_prog *prog; /* NULL: not known */
	struct bpf_link *link; /* NULL: none */
};

static __always_inline struct bpf_prog *prog_if_one(struct bpf_prog *prog)
{
	/* Another thread may have opened another file as this fd. */
	return prog && BPF_CORE_READ(prog, aux, prog) == prog ? prog : NULL;
}

static __always_inline void *private_of_fd(__u32 fd)
{
	struct file *file = file_of_fd(fd);

	return file ? BPF_CORE_READ(file, private_data) : NULL;
}

/* The number at an address of user memory; an fd that no process has if it cannot be read. */
static __always_inline __u32 user_fd(__u64 addr)
{
	__u32 fd = -1;

	bpf_probe_read_user(&fd, sizeof(fd), (void *)addr);
	return fd;
}

static __always_inline void take_link(struct attached *to, const char *way, __u32 fd)
{
	struct bpf_link *link = private_of_fd(fd);

	to->way = way;
	to->prog = prog_if_one(BPF_CORE_READ(link, prog));
	if (to->prog)
		to->link = link;
}

static __always_inline void attached_by_bpf(const struct returned_call *call, struct attached *to)
{
	__u64 attr = call->args[1];
	struct bpf_map *map;

	switch ((__u32)call->args[0]) {
	case BPF_LINK_CREATE:
		take_link(to, "BPF_LINK_CREATE", call->ret);
		break;
	case BPF_RAW_TRACEPOINT_OPEN:
		take_link(to, "BPF_RAW_TRACEPOINT_OPEN", call->ret);
		break;
	case BPF_LINK_UPDATE:
		take_link(to, "BPF_LINK_UPDATE",
			  user_fd(attr + offsetof(union bpf_attr, link_update.link_fd)));
		break;
	case BPF_PROG_ATTACH:
		to->way = "BPF_PROG_ATTACH";
		to->prog = prog_if_one(
			private_of_fd(user_fd(attr + offsetof(union bpf_attr, attach_bpf_fd))));
		break;
	case BPF_MAP_UPDATE_ELEM:
		/* For this kind of map, an update attaches its programs. */
		map = private_of_fd(user_fd(attr + offsetof(union bpf_attr, map_fd)));
		if (BPF_CORE_READ(map, map_type) == BPF_MAP_TYPE_STRUCT_OPS)
			to->way = "BPF_MAP_UPDATE_ELEM";
		break;
	}
}

/* Whether the anonymous inode behind an fd has such a name. */
static __always_inline bool is_perf_event(__u32 fd)
{
	static const char expected[8] = "[perf_ev";
	struct file *file = file_of_fd(fd);
	__u64 name = 0;

	if (file)
		bpf_probe_read_kernel(&name, sizeof(name),
				      BPF_CORE_READ(file, f_path.dentry, d_name.name));
	return name == *(const __u64 *)expected;
}

static __always_inline void attached_by_ioctl(const struct returned_call *call, struct attached *to)
{
	__u32 fd = call->args[2];
	struct sock *sk;

	switch ((__u32)call->args[1]) {
	case PERF_EVENT_IOC_SET_BPF:
		if (!is_perf_event(call->args[0]))
			return;
		to->way = "PERF_EVENT_IOC_SET_BPF";
		break;
	case TUNSETSTEERINGEBPF:
		to->way = "TUNSETSTEERINGEBPF";
		fd = user_fd(call->args[2]);
		break;
	case TUNSETFILTEREBPF:
		to->way = "TUNSETFILTEREBPF";
		fd = user_fd(call->args[2]);
		break;
	case TUNATTACHFILTER:
		to->way = "TUNATTACHFILTER";
		/* An open tun device begins with its socket. */
		sk = private_of_fd(call->args[0]);
		to->prog = prog_if_one(BPF_CORE_READ(sk, sk_filter, prog));
		return;
	case PPPIOCSPASS:
	case PPPIOCSPASS_32:
		to->way = "PPPIOCSPASS";
		return;
	case PPPIOCSACTIVE:
	case PPPIOCSACTIVE_32:
		to->way = "PPPIOCSACTIVE";
		return;
	default:
		return;
	}
	to->prog = prog_if_one(private_of_fd(fd));
}

static __always_inline void attached_to_socket(const struct returned_call *call,
					       struct attached *to)
{
	struct socket *socket = socket_of_fd(call->args[0]);
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct bpf_prog *filter = BPF_CORE_READ(sk, sk_filter, prog);
	struct bpf_prog *chooser = BPF_CORE_READ(sk, sk_reuseport_cb, prog);

	if ((__u32)call->args[1] == SOL_PACKET) {
		if ((__u32)call->args[2] == PACKET_FANOUT_DATA) {
			to->way = "PACKET_FANOUT_DATA";
			to->prog = prog_if_one(private_of_fd(user_fd(call->args[3])));
		}
		return;
	}
	if ((__u32)call->args[1] != SOL_SOCKET)
		return;
	switch ((__u32)call->args[2]) {
	case SO_ATTACH_FILTER:
		to->way = "SO_ATTACH_FILTER";
		to->prog = prog_if_one(filter);
		break;
	case SO_ATTACH_BPF:
		to->way = "SO_ATTACH_BPF";
		to->prog = prog_if_one(filter);
		break;
	case SO_ATTACH_REUSEPORT_CBPF:
		to->way = "SO_ATTACH_REUSEPORT_CBPF";
		to->prog = prog_if_one(chooser);
		break;
	case SO_ATTACH_REUSEPORT_EBPF:
		to->way = "SO_ATTACH_REUSEPORT_EBPF";
		to->prog = prog_if_one(chooser);
		break;
	}
}

/*
 * After the call, since compilers inline the functions that finish an attachment. That something
 * was attached is certain; where only the call's memory names the program, it is the one named
 * there now.
 */
static __always_inline int after_bpf_attach(const struct returned_call *call)
{
	struct attached attached = {};
	struct bpf_link *link;
	struct scratch *s;

	if (call->ret < 0)
		return 0;
	if (call->event == EVENT_BPF)
		attached_by_bpf(call, &attached);
	else if (call->event == EVENT_IOCTL)
		attached_by_ioctl(call, &attached);
	else if (is_call(call, EVENT_SETSOCKOPT, EVENT_BPF_ATTACH))
		attached_to_socket(call, &attached);
	if (!attached.way)
		return 0;
	s = event_begin(BPF_ATTACH, (struct hook){ .ret = call->ret, .returned = true });
	if (!s)
		return 0;
	if (attached.prog) {
		put_prog(s, ARG_BPF_ATTACH_PROG_ID, ARG_BPF_ATTACH_PROG_NAME,
			 ARG_BPF_ATTACH_PROG_TYPE, attached.prog);
	} else {
		for (int i = ARG_BPF_ATTACH_PROG_ID; i <= ARG_BPF_ATTACH_PROG_TYPE; i++) {
			put_value(s, i, 0);
			put_unknown(s, i);
		}
	}
	/* No link: 0, and a type of 0. */
	link = attached.link;
	put_value(s, ARG_BPF_ATTACH_LINK_ID, link ? BPF_CORE_READ(link, id) : 0);
	put_value(s, ARG_BPF_ATTACH_LINK_TYPE, link ? BPF_CORE_READ(link, type) : 0);
	put_kept_str(s, ARG_BPF_ATTACH_WAY, attached.way, WAY_LEN, false);
	return event_end(s);
}

AFTER_CALL(bpf_attach)

static __always_inline int on_kprobe_attach(struct hook hook, struct kprobe *probe)
{
	struct scratch *s = event_begin(KPROBE_ATTACH, hook);
	__u64 symbol;

	if (!s)
		return 0;
	symbol = (__u64)BPF_CORE_READ(probe, symbol_name);
	if (symbol)
		put_kernel_str(s->slot, ARG_KPROBE_ATTACH_SYMBOL, symbol);
	put_value(s, ARG_KPROBE_ATTACH_OFFSET, BPF_CORE_READ(probe, offset));
	put_value(s, ARG_KPROBE_ATTACH_ADDR, (__u64)BPF_CORE_READ(probe, addr));
	return event_end(s);
}

HOOK(kprobe_attach, register_kprobe, (struct kprobe * probe), (probe))
