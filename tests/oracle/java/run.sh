#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: tests/oracle/java/run.sh [--imports-only] TREE...
# Compares `ashlar refs` with javac over each tree. JAVA_HOME says which JDK (its version must
# be as new as the sources); ASHLAR says which binary. Trees come as sources from Maven Central:
#   mvn org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get -Dtransitive=false \
#     -Dartifact=org.springframework:spring-core:6.1.14:jar:sources
# unpacked to spring-core/src/main/java, and so on for its siblings; or as src.zip of a JDK.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
ashlar=${ASHLAR:-$here/../../../build/src/cli/ashlar}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
option=
if [ "$1" = --imports-only ]; then option=$1; shift; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
for tree in "$@"; do
	echo "# tests/oracle/java/run.sh $option $(basename "$tree")"
	echo "# $("$java" -version 2>&1 | sed -n 2p); $(find "$tree" -name '*.java' | wc -l) files"
	(cd "$tree" && "$ashlar" refs --format json) >"$work/ashlar.jsonl" || true
	"$java" -Xmx4g \
		"$here/Oracle.java" "$tree" $option >"$work/javac.tsv"
	python3 "$here/compare.py" "$work/javac.tsv" "$work/ashlar.jsonl" \
		--differences "${DIFFERENCES:-20}" || status=1
done
exit $status
