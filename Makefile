# Cargo does the building; this gives its results a place (dist/) and a name (make help).
PREFIX ?= /usr/local
CARGO ?= cargo
ARGS ?=

target := $(or $(CARGO_TARGET_DIR),target)
locked := $(if $(CI),--locked)
sudo := $(if $(filter-out 0,$(shell id -u)),sudo)

.DEFAULT_GOAL := all
.PHONY: all bpf build run setup test bench install lint fmt clean help
# Steps such as setup and build have an order.
.NOTPARALLEL:

all: build ## build both (the default)

# build.rs compiles src/bpf into its OUT_DIR. Cargo tells where that is, also when there was nothing to do.
bpf: ## build the BPF object: dist/tracee.bpf.o
	@mkdir -p dist
	@messages=$$($(CARGO) build --release $(locked) --lib --message-format=json-render-diagnostics) || exit; \
		out=$$(printf '%s\n' "$$messages" | \
		sed -n '/"reason":"build-script-executed"/{/[/#]tracee[@#]/s/.*"out_dir":"\([^"]*\)".*/\1/p}'); \
		install -m 644 "$$out/tracee.bpf.o" dist/tracee.bpf.o

build: bpf ## build the program, too: dist/tracee
	$(CARGO) build --release $(locked) --bin tracee
	@mkdir -p dist
	@install -m 755 $(target)/release/tracee dist/tracee

run: setup build ## build and start it, as in: make run ARGS='--trace process:all'
	$(sudo) dist/tracee $(ARGS)

setup: ## install what building needs and this system lacks
	@script/setup.sh build

test: ## lint, unit tests, end-to-end tests here and on four other kernels
	@script/setup.sh test
	@tests/run.sh

bench: ## compare with other tracers
	@script/setup.sh bench
	@ONLY=progs tests/run.sh
	$(CARGO) bench $(locked) --bench tracers

# What is built is installed as it is, so that root need not build.
install: ## install dist/ under $(DESTDIR)$(PREFIX)
	@[ -x dist/tracee ] && [ -s dist/tracee.bpf.o ] || { echo "dist/ is not complete; run: make" >&2; exit 1; }
	install -D -m 755 dist/tracee "$(DESTDIR)$(PREFIX)/bin/tracee"
	install -D -m 644 dist/tracee.bpf.o "$(DESTDIR)$(PREFIX)/lib/tracee/tracee.bpf.o"

lint: ## check format and style only
	@script/setup.sh test
	@ONLY=lint tests/run.sh

fmt: ## format Rust and C
	$(CARGO) fmt
	@find src/bpf tests -name '*.[ch]' ! -name vmlinux.h -exec clang-format -i {} +

clean: ## remove all that was built, the other kernels too
	rm -rf dist
	$(CARGO) clean

help: ## show this
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10
