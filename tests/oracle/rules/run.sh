#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds the rules against import-linter over Django, SymPy and random trees, against tach over
# PennyLane, and against the circles that dependency-cruiser finds in 2anki.net, and keeps what was
# said under runs/. Needs python3, pip and a registry.
#
#     tests/oracle/rules/run.sh [FOLDER [NAME...]]     FOLDER keeps the downloads for the next time
#
# PennyLane's tach.toml is not in its package: clone github.com/PennyLaneAI/pennylane to
# FOLDER/pennylane first, and github.com/2anki/2anki.net to FOLDER/2anki.net; without them those
# parts are left out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
folder=${1:-$(mktemp -d)}
[ $# -eq 0 ] || shift
only=$*
program=${ASHLAR:-$top/build/src/cli/ashlar}
mkdir -p "$folder" "$here/runs"
[ -d "$folder/venv" ] || python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q import-linter==2.12 tach==0.35.3

fetch() { # NAME VERSION
	[ -d "$folder/$1-$2" ] && return
	"$folder/venv/bin/pip" download -q --no-deps --no-binary :all: --no-build-isolation \
		-d "$folder" "$1==$2" || true
	for archive in "$folder"/*"$2".tar.gz; do tar xzf "$archive" -C "$folder"; done
}

run() { # NAME SCRIPT ARGUMENTS
	name=$1
	script=$2
	shift 2
	case " ${only:-$name} " in *" $name "*) ;; *) return 0 ;; esac
	{
		echo "# $script $*"
		echo "# $("$program" --version | head -1), $("$folder/venv/bin/pip" list 2>/dev/null |
			grep -E '^(grimp|import-linter|tach) ' | tr -s ' ' | paste -sd,)"
		(cd "$folder" && venv/bin/python "$here/$script" --program "$program" "$@") || true
	} >"$here/runs/$name.txt"
	tail -1 "$here/runs/$name.txt" | sed "s/^/$name: /"
}

fetch Django 5.1
fetch sympy 1.14.0
run random compare.py --random 150 --seed 7
run django compare.py --package django --rounds 25 Django-5.1
run sympy compare.py --package sympy --rounds 10 sympy-1.14.0
[ ! -d "$folder/pennylane" ] || run pennylane compare_tach.py --tach venv/bin/tach pennylane
[ ! -d "$folder/2anki.net" ] || run circles circles.py 2anki.net
