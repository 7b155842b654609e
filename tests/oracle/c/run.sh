#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares the includes of C and C++ trees with clang. Needs clang, and for the targets
# libclang (pip install libclang) and a compile_commands.json in the tree or its build folder.
# Usage: tests/oracle/c/run.sh TREE...
set -eu
top=$(cd "$(dirname "$0")/../../.." && pwd)
program=${ASHLAR:-$top/build/src/cli/ashlar}
for tree; do
	echo "== $tree"
	set --
	for commands in "$tree/compile_commands.json" "$tree/build/compile_commands.json"; do
		[ -f "$commands" ] && set -- --commands "$commands"
	done
	python3 "$top/tests/oracle/c/oracle.py" --ashlar "$program" "$@" "$tree"
done
