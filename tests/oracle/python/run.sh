#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds `ashlar refs` against Python's ast, importlib and grimp, and keeps the summaries in
# tests/oracle/python/runs/. Usage: tests/oracle/python/run.sh [TREE...]
# Without trees: Django and sympy from PyPI, and the library of the Python that runs this.
# For a tree of your own: the list of references only, and the modules found from its root.
set -eu
cd "$(dirname "$0")/../../.."
here=tests/oracle/python
work=${ASHLAR_ORACLE_WORK:-${TMPDIR:-/tmp}/ashlar-oracle-python}
ashlar=${ASHLAR:-build/src/cli/ashlar}
mkdir -p "$work" $here/runs

# keep NAME COMMAND...: runs the command, shows and keeps what it says.
keep() {
	kept=$here/runs/$1.txt
	shift
	echo "\$ $*" | sed "s|$work/||g" >>"$kept"
	"$@" >"$work/said" || echo "differences" >>"$work/said"
	sed "s|$work/||g" "$work/said" | tee -a "$kept"
}

# package NAME VERSION FOLDER...: a source package from PyPI, with all three comparisons.
package() {
	name=$1 version=$2
	shift 2
	tree=$work/$name-$version
	if [ ! -d "$tree" ]; then
		"$work/venv/bin/pip" -q download --no-deps --no-binary :all: -d "$work" "$name==$version"
		mkdir "$tree"
		tar xzf "$work"/*"${name#?}-$version.tar.gz" -C "$tree" --strip-components=1
	fi
	echo "# $name $version from PyPI" >"$here/runs/$name.txt"
	keep "$name" "$work/venv/bin/python" $here/scan_oracle.py --ashlar "$ashlar" "$tree"
	keep "$name" "$work/venv/bin/python" $here/spec_oracle.py --ashlar "$ashlar" --root . "$tree"
	keep "$name" "$work/venv/bin/python" $here/edges_oracle.py --ashlar "$ashlar" "$tree" "$@"
}

own_library() {
	library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
	[ -d "$work/library" ] || cp -r "$library" "$work/library"
	echo "# the library of $(python3 --version), with its tests and what is installed beside it" \
		>$here/runs/library.txt
	keep library python3 $here/scan_oracle.py --ashlar "$ashlar" "$work/library"
}

if [ $# -gt 0 ]; then
	for tree; do
		name=$(basename "$(realpath "$tree")")
		echo "# $name" >"$here/runs/$name.txt"
		keep "$name" python3 $here/scan_oracle.py --ashlar "$ashlar" "$tree"
		keep "$name" python3 $here/spec_oracle.py --ashlar "$ashlar" --root . "$tree"
	done
	exit
fi
[ -d "$work/venv" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install grimp==3.19
package Django 5.1 django
package sympy 1.14.0 sympy
own_library
tail -n 1 $here/runs/*.txt
