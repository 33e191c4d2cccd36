#!/bin/sh
# scripts/demo.sh: what `make demo` does. Builds the release, then performs a login with a code by email before the reader's
# eyes, on a host that exists only for as long as the demo runs (tests/ns/enter). INTERACTIVE=1: the reader logs in instead.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "make demo needs root, for a private set of namespaces with users and servers of its own: sudo make demo" >&2; exit 1; }
command -v cargo > /dev/null || { echo "make demo needs Rust (cargo): see https://rustup.rs; under sudo, its folder must be in PATH" >&2; exit 1; }

scripts/requirements
echo "building the release (a few minutes the first time)"
make --no-print-directory build
cargo build --quiet --locked -p e2e --no-default-features --bin demo

how=
[ "${INTERACTIVE:-}" = 1 ] && how=--interactive
exec tests/ns/enter --mail --product target/debug/demo $how
