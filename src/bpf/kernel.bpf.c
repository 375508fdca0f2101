// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What becomes part of the kernel, or arranges it: modules, BPF, kprobes, control groups. */
#include "lib/event.h"

/* The file of the module that the call in progress loads, where it gave one. */
static __always_inline void put_module_path(struct scratch *s, __u32 index)
{
	struct task_struct *task = current_task();
	struct returned_call call = {};
	struct file *file;

	if (TASK_READ(task, flags) & PF_KTHREAD ||
	    !returned_call(task_regs(task), BPF_CORE_READ(task_regs(task), orig_ax), 0, &call) ||
	    call.event != EVENT_FINIT_MODULE)
		return;
	file = file_of_fd(call.args[0]);
	if (file)
		put_path(s->slot, index, FIELD_ADDRESS(file, f_path));
}

/* name: address of a string in the kernel. */
static __always_inline int on_module(__u16 event, __u64 name, __u64 taints, bool loads)
{
	struct scratch *s = event_begin(event, loads ? 3 : 2, (struct hook){});

	if (!s)
		return 0;
	put_value(s, 1, taints);
	put_kernel_str(s->slot, 0, name);
	if (loads)
		put_module_path(s, 2);
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

/* This form has the name only. */
SEC("tp/module/module_free")
int module_free__tp(struct trace_event_raw_module_free *ctx)
{
	struct scratch *s = event_begin(EVENT_MODULE_FREE, 2, (struct hook){});

	if (!s)
		return 0;
	put_kernel_str(s->slot, 0, data_loc(ctx, ctx->__data_loc_name));
	put_unknown(s, 1);
	return event_end(s);
}

/* At its beginning, since a module whose start fails is gone at the end. */
static __always_inline int on_do_init_module(struct hook hook, struct module *mod)
{
	return on_module(EVENT_DO_INIT_MODULE, FIELD_ADDRESS(mod, name), BPF_CORE_READ(mod, taints),
			 true);
}

HOOK_ENTRY(do_init_module, do_init_module, (struct module * mod), (mod))

/* path: address of a string in the kernel. task: who is moved, if anyone is. */
static __always_inline int on_cgroup(__u16 event, __u64 id, __u64 path, int hierarchy, int pid)
{
	bool moves = event == EVENT_CGROUP_ATTACH_TASK;
	struct scratch *s = event_begin(event, moves ? 4 : 3, (struct hook){});

	if (!s)
		return 0;
	put_value(s, 0, id);
	put_kernel_str(s->slot, 1, path);
	put_value(s, 2, hierarchy);
	if (moves)
		put_value(s, 3, pid);
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
	struct scratch *s = event_begin(EVENT_SECURITY_BPF, 1, hook);

	if (!s)
		return 0;
	put_value(s, 0, cmd);
	return event_end(s);
}

HOOK_ENTRY(security_bpf, security_bpf, (int cmd), (cmd))

static __always_inline int on_security_bpf_map(struct hook hook, struct bpf_map *map)
{
	struct scratch *s = event_begin(EVENT_SECURITY_BPF_MAP, 3, hook);

	if (!s)
		return 0;
	put_value(s, 0, BPF_CORE_READ(map, id));
	put_kernel_str(s->slot, 1, FIELD_ADDRESS(map, name));
	put_value(s, 2, BPF_CORE_READ(map, map_type));
	return event_end(s);
}

HOOK(security_bpf_map, security_bpf_map, (struct bpf_map * map, fmode_t mode), (map))

static __always_inline void put_prog(struct scratch *s, __u32 index, struct bpf_prog *prog)
{
	struct bpf_prog_aux *aux = BPF_CORE_READ(prog, aux);

	put_value(s, index, BPF_CORE_READ(aux, id));
	put_kernel_str(s->slot, index + 1, FIELD_ADDRESS(aux, name));
	put_value(s, index + 2, BPF_CORE_READ(prog, type));
}

static __always_inline int on_security_bpf_prog(struct hook hook, struct bpf_prog *prog)
{
	struct scratch *s = event_begin(EVENT_SECURITY_BPF_PROG, 3, hook);

	if (!s)
		return 0;
	put_prog(s, 0, prog);
	return event_end(s);
}

HOOK(security_bpf_prog, security_bpf_prog, (struct bpf_prog * prog), (prog))

/*
 * The link behind the fd that bpf(2) returns. After the call, since compilers
 * put the functions that finish a link into their callers.
 */
static __always_inline int after_bpf_attach(const struct returned_call *call)
{
	struct bpf_link *link;
	struct bpf_prog *prog;
	struct scratch *s;
	struct file *file;

	if (call->event != EVENT_BPF || call->ret < 0 ||
	    (call->args[0] != BPF_LINK_CREATE && call->args[0] != BPF_RAW_TRACEPOINT_OPEN))
		return 0;
	file = file_of_fd(call->ret);
	if (!file)
		return 0;
	link = BPF_CORE_READ(file, private_data);
	prog = BPF_CORE_READ(link, prog);
	/* Another thread may have put another file there. */
	if (!prog || BPF_CORE_READ(prog, aux, prog) != prog)
		return 0;
	s = event_begin(EVENT_BPF_ATTACH, 5, (struct hook){ .ret = call->ret, .returned = true });
	if (!s)
		return 0;
	put_prog(s, 0, prog);
	put_value(s, 3, BPF_CORE_READ(link, id));
	put_value(s, 4, BPF_CORE_READ(link, type));
	return event_end(s);
}

AFTER_CALL(bpf_attach)

static __always_inline int on_kprobe_attach(struct hook hook, struct kprobe *probe)
{
	struct scratch *s = event_begin(EVENT_KPROBE_ATTACH, 3, hook);
	__u64 symbol;

	if (!s)
		return 0;
	symbol = (__u64)BPF_CORE_READ(probe, symbol_name);
	if (symbol)
		put_kernel_str(s->slot, 0, symbol);
	put_value(s, 1, BPF_CORE_READ(probe, offset));
	put_value(s, 2, (__u64)BPF_CORE_READ(probe, addr));
	return event_end(s);
}

HOOK(kprobe_attach, register_kprobe, (struct kprobe * probe), (probe))
