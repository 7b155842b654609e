#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds `ashlar refs` against the parsers of the languages (references.mjs) and TypeScript's
# module resolution (resolution.mjs), and keeps what they said under runs/. Needs node, npm and
# a registry. Without trees it takes some from the registry that bring their sources.
#
#     tests/oracle/javascript/run.sh [TREE...]      FOLDER=... keeps the downloads
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=${ASHLAR:-$here/../../../build/src/cli/ashlar}
folder=${FOLDER:-$(mktemp -d)}
mkdir -p "$folder" "$here/runs"
[ -d "$here/node_modules" ] || (cd "$here" && npm install --no-save --no-audit --no-fund >/dev/null)

fetch() { # PACKAGE@VERSION
	name=$(echo "$1" | tr '/@' '__')
	[ -d "$folder/$name" ] && return
	(cd "$folder" && npm pack --silent "$1" >packed && mkdir "$name" && tar xzf "$(tail -1 packed)" -C "$name")
}

run() { # TREE
	name=$(basename "$1")
	{
		echo "# references.mjs and resolution.mjs over $name, $(date -u +%Y-%m-%d), node $(node --version)"
		node "$here/references.mjs" "$program" "$1" --list 200 || true
		node "$here/resolution.mjs" "$program" "$1" --list 0 || true
	} >"$here/runs/$name.txt"
	sed -n "/ files (\|resolved alike/s/^/$name: /p" "$here/runs/$name.txt"
}

if [ $# -eq 0 ]; then
	for package in rxjs@7.8.2 three@0.180.0 antd@5.27.0 @mui/material@7.3.0 date-fns@4.1.0 \
		typescript@5.9.3 core-js@3.45.0; do
		fetch "$package"
		set -- "$@" "$folder/$(echo "$package" | tr '/@' '__')"
	done
fi
for tree in "$@"; do run "$tree"; done
