#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A plug-in that keeps what protoc asks: `record.sh PROTOC OUT ARGUMENTS...` runs protoc with itself.
if [ $# -eq 0 ]; then
	cat >"$RECORD_TO"
	exit 0
fi
protoc=$1 RECORD_TO=$2
shift 2
export RECORD_TO
exec "$protoc" --plugin=protoc-gen-record="$0" --record_out=. "$@"
