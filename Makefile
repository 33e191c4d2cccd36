# The commands of this repository. README.md says which two a newcomer needs.

PRODUCT = -p configd -p courier -p ctl -p pam_2fa

.PHONY: all build demo test test-vm bench packages lint fmt clean
all: build

build: ## the release: the daemons, the command, the module
	cargo build --release --locked $(PRODUCT)

demo: ## a login over ssh with a code by email, before your eyes (root)
	@INTERACTIVE='$(INTERACTIVE)' scripts/demo.sh

test: ## everything (root: the login tests make namespaces)
	@scripts/test.sh

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
