#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lays the contracts over a copy of a checkout of 2anki.net, checks it, and compares what the
# `forbidden` rule finds with the violations in dependency-cruiser's JSON.
# Usage: run.sh ASHLAR CHECKOUT CRUISE.json
set -eu
here=$(cd "$(dirname "$0")" && pwd)
ashlar=$(realpath "$1") checkout=$(realpath "$2") cruise=$(realpath "$3")
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$checkout/src" "$checkout/package.json" "$checkout/tsconfig.json" "$copy"
cp -r "$here/contracts/." "$copy"
cd "$copy"
"$ashlar" check --format json >findings.json || [ $? -eq 1 ]
"$ashlar" refs --format json >refs.jsonl
node "$here/compare.mjs" findings.json refs.jsonl "$cruise"
