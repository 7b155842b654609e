#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds src/message/ against Python's protobuf (from PyPI) over random messages of
# tests/message/every.proto, and keeps the summary in tests/oracle/message/runs/.
# Usage: tests/oracle/message/run.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/../../.."
here=tests/oracle/message
work=${ASHLAR_ORACLE_WORK:-${TMPDIR:-/tmp}/ashlar-oracle-message}
translate=${TRANSLATE:-build/tests/message/translate_message}
rounds=${1:-20000}
mkdir -p "$work" $here/runs
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install protobuf==4.21.12
command="compare.py --rounds $rounds --seed 1"
echo "\$ $command   # protobuf 4.21.12 from PyPI" >$here/runs/python.txt
status=0
# shellcheck disable=SC2086
"$work/venv/bin/python" $here/$command --translate "$translate" >"$work/said" || status=$?
tee -a $here/runs/python.txt <"$work/said"
exit $status
