#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares the Go imports of trees with go/parser, and of the module at each tree's root with go
# list. Without a tree: of kubernetes, from the Go proxy. Usage: tests/oracle/go/run.sh [TREE...]
set -eu
top=$(cd "$(dirname "$0")/../../.." && pwd)
program=${ASHLAR:-$top/build/src/cli/ashlar}
if [ $# -eq 0 ]; then
	work=$(mktemp -d)
	trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
	from=$(cd "$work" && go mod download -json k8s.io/kubernetes@v1.31.0 | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
	cp -r "$from" "$work/kubernetes"
	chmod -R u+w "$work"
	cd "$top/tests/oracle/go" && go run . -ashlar "$program" "$work/kubernetes"
	exit
fi
for tree; do
	tree=$(cd "$tree" && pwd)
	echo "== $tree"
	(cd "$top/tests/oracle/go" && go run . -ashlar "$program" -list . "$tree")
done
