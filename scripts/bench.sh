#!/bin/sh
# scripts/bench.sh: what `make bench` does: prints what a login costs, beside pam_permit and google-authenticator in the same
# run. Only figures of one run compare, and only on a machine that does nothing else.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "make bench needs root, for namespaces with users and servers of their own: sudo make bench" >&2; exit 1; }
scripts/requirements libpam-google-authenticator
make --no-print-directory build
mkdir -p target/bench
${CC:-cc} -O2 -Wall -Wextra -Wno-format-truncation -Wno-stringop-truncation -o target/bench/pambench tests/bench/pambench.c -lpam
cargo build --quiet --locked -p e2e --bin figures
exec tests/ns/enter --mail --product target/debug/figures "$PWD/target/bench"
