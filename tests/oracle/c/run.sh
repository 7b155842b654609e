#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compares the includes of C and C++ trees with clang. Needs clang, and for the targets
# libclang (pip install libclang) and a compile_commands.json in the tree or its build folder;
# then also what Ashlar guesses without that with where the compiler (cc) goes.
# Without a TREE it takes ffmpeg, which bench/trees brings. Usage: tests/oracle/c/run.sh [TREE...]
set -eu
top=$(cd "$(dirname "$0")/../../.." && pwd)
if [ $# -eq 0 ]; then
	"$top/bench/trees" ffmpeg
	set -- "$top/build/trees/ffmpeg"
fi
program=${ASHLAR:-$top/build/src/cli/ashlar}
for tree; do
	echo "== $tree"
	set --
	for commands in "$tree/compile_commands.json" "$tree/build/compile_commands.json"; do
		[ -f "$commands" ] && set -- --units 250 --commands "$commands"
	done
	python3 "$top/tests/oracle/c/oracle.py" --ashlar "$program" "$@" "$tree"
	[ $# -eq 0 ] || python3 "$top/tests/oracle/c/layout.py" --ashlar "$program" "$@" "$tree"
done
