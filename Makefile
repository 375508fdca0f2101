# Cargo does the building; this file puts the results into dist/ and names the steps (make help).
# With DOCKER=1 the targets bpf, build, all, static and pages run in a container that has all tools.
PREFIX ?= /usr/local
CARGO ?= cargo
ENGINE ?= docker
ARGS ?=

target := $(or $(CARGO_TARGET_DIR),target)
locked := $(if $(CI),--locked)
sudo := $(if $(filter-out 0,$(shell id -u)),sudo)
arch := x86_64
triple := $(arch)-unknown-linux-gnu
version := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
# What writes the pages needs crates with more features: where it is built, too, all is compiled with these, and once.
also := $(if $(filter pages release deb rpm,$(MAKECMDGOALS)),--example pages)
# For tracee --version.
export TRACEE_COMMIT ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null)
# Packed relocations save half a megabyte in a position-independent binary of this size. Paths of
# this machine are left out, so that other machines build the same bytes; so are symbols, before the
# linker makes the build id of them.
static_flags := -C target-feature=+crt-static -C strip=symbols -C link-arg=-Wl,-z,pack-relative-relocs \
	--remap-path-prefix=$(CURDIR)=. --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=cargo

.DEFAULT_GOAL := all
.PHONY: all bpf build run setup test test-quick test-long hooks torture bench bench-compare static release pages docs deb rpm image ship-test install lint fmt clean help
# Steps such as setup and build have an order.
.NOTPARALLEL:

ifdef DOCKER

all bpf build static pages: ## with DOCKER=1: the same in a container, for machines with nothing but an engine
	$(ENGINE) build $(BUILD_ARGS) --target builder --tag tracee-builder .
	$(ENGINE) run --rm --user "$$(id -u):$$(id -g)" --volume "$(CURDIR):/src" --workdir /src \
		--env CARGO_HOME=/cargo --env CARGO_TARGET_DIR=/src/target/docker --env TRACEE_COMMIT="$(TRACEE_COMMIT)" \
		$(RUN_ARGS) tracee-builder make $@

else

all: build ## build both (the default)

# build.rs compiles src/bpf into its OUT_DIR. Cargo prints where that is, also when there was
# nothing to do.
bpf: ## build the BPF object: dist/tracee.bpf.o
	@mkdir -p dist
	@messages=$$($(CARGO) build --release $(locked) --lib $(also) --message-format=json-render-diagnostics) || exit; \
		out=$$(printf '%s\n' "$$messages" | \
		sed -n '/"reason":"build-script-executed"/{/[/#]tracee[@#]/s/.*"out_dir":"\([^"]*\)".*/\1/p}'); \
		install -m 644 "$$out/tracee.bpf.o" dist/tracee.bpf.o

build: bpf ## build the program, too: dist/tracee
	$(CARGO) build --release $(locked) --bin tracee $(also)
	@mkdir -p dist
	@install -m 755 $(target)/release/tracee dist/tracee

# Optimized as a whole, it is a sixth smaller, and takes twice as long.
static: ## build one binary for every distribution: dist/static/tracee
	@script/setup.sh static
	CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 RUSTFLAGS="$(static_flags)" $(CARGO) build --release $(locked) --features vendored --target $(triple) --bin tracee
	@install -D -m 755 $(target)/$(triple)/release/tracee dist/static/tracee

pages: ## write the man page and the completions of shells: dist/pages/
	$(CARGO) run --quiet --release $(locked) --example pages -- dist/pages
	@gzip -9 -n -c dist/pages/tracee.8 >dist/pages/tracee.8.gz

endif

run: setup build ## build and start it, as in: make run ARGS='--trace process:all'
	$(sudo) dist/tracee $(ARGS)

setup: ## install what building needs and this system lacks
	@script/setup.sh build

test: ## lint, unit tests, end-to-end tests here and on four other kernels; 20 minutes on two processors
	@script/setup.sh test
	@tests/run.sh

test-quick: ## what finds most mistakes in 3 minutes: style, unit tests, one end-to-end test of each file
	@script/setup.sh test
	@ONLY=style,unit,e2e QUICK=1 tests/run.sh

test-long: ## the same as test, but each kernel runs all that it can change
	@script/setup.sh test
	@LONG=1 tests/run.sh

torture: ## the fire drill: floods, kills, full disks, hostile neighbours; 20 minutes, as root
	@script/setup.sh test
	@ONLY=fuzz,torture FUZZ_SECONDS=$${FUZZ_SECONDS:-600} tests/run.sh

bench: ## compare with other tracers
	@script/setup.sh bench
	@ONLY=progs tests/run.sh
	$(CARGO) bench $(locked) --bench tracers

bench-compare: ## two results of bench side by side: A=FILE B=FILE
	$(if $(and $(A),$(B)),,$(error two results are missing: make bench-compare A=bench/FILE B=bench/FILE))
	@$(CARGO) bench --quiet $(locked) --bench tracers -- compare "$(abspath $(A))" "$(abspath $(B))"

docs: ## write docs/events.md and docs/fields.md from the catalogue
	$(CARGO) run --quiet --profile test-run $(locked) --example pages -- $(target)/pages
	@install -m 644 $(target)/pages/events.md $(target)/pages/fields.md docs/

release: static bpf pages ## pack the static binary, man page and completions: dist/tracee-VERSION-linux-ARCH.tar.gz
	@script/release.sh tracee-$(version)-linux-$(arch)

deb: all pages ## build dist/tracee_VERSION_ARCH.deb
	@script/setup.sh deb
	@script/package.sh deb

rpm: all pages ## build dist/tracee-VERSION.ARCH.rpm
	@script/setup.sh rpm
	@script/package.sh rpm

image: ## build the images tracee:full and tracee:slim
	$(ENGINE) build $(BUILD_ARGS) --build-arg VERSION=$(version) --build-arg COMMIT=$(TRACEE_COMMIT) --tag tracee:full .
	$(ENGINE) build $(BUILD_ARGS) --build-arg VERSION=$(version) --build-arg COMMIT=$(TRACEE_COMMIT) --tag tracee:slim \
		--file Dockerfile.slim .

ship-test: ## build and try all that is shipped: tarball twice, packages in fresh roots, images; takes long
	@script/setup.sh ship
	@tests/ship.sh

# Installs what has been built, so that root need not build, which would leave root's files in a user's target/.
install: ## install dist/ under $(DESTDIR)$(PREFIX): program, BPF object, man page and completions
	@[ -x dist/tracee ] && [ -s dist/tracee.bpf.o ] || { echo "dist/ is not complete; run: make" >&2; exit 1; }
	@[ -s dist/pages/tracee.8 ] || \
		if [ "$$(id -u)" = "$$(stat -c %u .)" ]; then $(MAKE) --no-print-directory pages; \
		else echo "the man page and completions are not built; run, as the owner of $(CURDIR): make pages" >&2; exit 1; fi
	install -D -m 755 dist/tracee "$(DESTDIR)$(PREFIX)/bin/tracee"
	install -D -m 644 dist/tracee.bpf.o "$(DESTDIR)$(PREFIX)/lib/tracee/tracee.bpf.o"
	install -D -m 644 dist/pages/tracee.8 "$(DESTDIR)$(PREFIX)/share/man/man8/tracee.8"
	install -D -m 644 dist/pages/tracee.bash "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/tracee"
	install -D -m 644 dist/pages/_tracee "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tracee"
	install -D -m 644 dist/pages/tracee.fish "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tracee.fish"

lint: ## check format and style only
	@script/setup.sh test
	@ONLY=lint tests/run.sh

hooks: ## have git format and lint what is committed
	git config core.hooksPath script/hooks

fmt: ## format Rust and C
	$(CARGO) fmt
	@find src/bpf tests -name '*.[ch]' ! -name vmlinux.h -exec clang-format -i {} +

clean: ## remove all that was built, the other kernels too
	rm -rf dist
	$(CARGO) clean

help: ## show this
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12
