# The commands of this repository. README.md says which two a newcomer needs.

PRODUCT = -p configd -p courier -p ctl -p pam_2fa

.PHONY: all build demo test test-vm bench packages reproducible lint fmt clean
all: build

# Where crates lie on the machine that builds is nobody's business, and two machines make the same bytes.
CARGO_HOME ?= $(HOME)/.cargo
REMAP = --config "build.rustflags=['--remap-path-prefix=$(CARGO_HOME)=/cargo']"

build: ## the release: the daemons, the command, the module
	cargo build --release --locked $(REMAP) $(PRODUCT)

demo: ## a login over ssh with a code by email, before your eyes (root)
	@INTERACTIVE='$(INTERACTIVE)' scripts/demo.sh

test: ## everything (root: the login tests make namespaces)
	@scripts/test.sh

reproducible: build ## the release once more, elsewhere: the same bytes
	@scripts/check-reproducible

packages: build ## target/packages: deb, rpm, SBOM
	@scripts/packages

test-vm: ## what a container cannot show, in virtual machines (root): needs the release
	@scripts/test-vm

bench: ## what a login costs (root)
	@scripts/bench.sh

lint: ## what CI checks beside the tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	scripts/check-dependencies
	scripts/check-promises

fmt:
	cargo fmt --all

clean:
	cargo clean
