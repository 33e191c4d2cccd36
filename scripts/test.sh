#!/bin/sh
# scripts/test.sh: what `make test` does, which is everything.
#
#   1. the release, as it is installed
#   2. cargo test of the whole workspace: what needs no namespaces
#   3. inside tests/ns/enter: the tests marked #[ignore = "needs tests/ns/enter"], over a real sshd and a real Postfix
#   4. the packages, as they are to be (scripts/check-packages)
#   5. scripts/check-booted: what needs a real systemd, booted in a container: the units, and the packages on a host of their own
#
# Nothing is skipped in silence: a machine that cannot do the third part makes the run fail.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "make test needs root, for namespaces with users and servers of their own: sudo make test" >&2; exit 1; }

section() { printf '\n==== %s ====\n' "$1"; }

# A test may stand aside only for a reason that is met elsewhere: in the third part here, in the test whose child it is, or, where
# it takes minutes, in .ci/run.
if stray=$(git grep -nE '#\[ignore' -- '*.rs' | grep -vE '"(needs tests/ns/enter|a child of the tests here, not a test|the child of the test above|[a-z]+ minutes: the same, 10,000 times)"'); then
    printf 'tests that nothing here would run:\n%s\n' "$stray" >&2
    exit 1
fi

section "what is missing on this machine"
scripts/requirements
scripts/python-tools
echo "servers that others wrote: $(scripts/npm-tools)"

section "the release"
make --no-print-directory build

section "tests that need no namespaces"
cargo test --workspace --locked

section "tests in namespaces: real sshd, real Postfix, both daemons"
cargo test -p e2e --locked --no-run
# Six at a time: they wait for servers more than they work. Every test of e2e that is marked for the namespaces, and only those: the others have just run.
tests/ns/enter --mail --product cargo test -p e2e --locked --offline --tests -- --ignored --test-threads 6

section "the packages"
scripts/packages --before > /dev/null
scripts/packages > /dev/null
scripts/check-packages

section "on a booted systemd"
scripts/check-booted
