#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The completions in the three shells that they are for, and the man page in groff.
# Usage: tests/shell/test_completions.sh ASHLAR
set -u
ashlar=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ln -s "$ashlar" "$folder/ashlar"
export PATH=$folder:$PATH HOME=$folder
passed=0 failed=0

expect() { # what, expected words, found words
	if [ "$2" = "$3" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAIL %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3"
	fi
}

mkdir -p "$folder/shop/src/billing" && cd "$folder/shop" && git init -q
echo 'module: billing' >src/billing/module.yaml

# bash, as readline asks
source <(ashlar completion bash)
compopt() { :; }
complete_words() {
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	_ashlar
	echo "${COMPREPLY[*]}"
}
expect "bash: verbs" "check completion" "$(complete_words ashlar c | sed 's/ $//')"
expect "bash: formats" "sarif" "$(complete_words ashlar check --format sa)"
expect "bash: formats of another verb" "html" "$(complete_words ashlar graph -f h)"
expect "bash: flags" "--unresolved" "$(complete_words ashlar refs --un)"
expect "bash: rules" "cycle" "$(complete_words ashlar explain cy)"
expect "bash: modules" "billing" "$(complete_words ashlar why bil)"
expect "bash: shells" "zsh" "$(complete_words ashlar completion z)"

# zsh: the script is sound, and defines its function
expect "zsh: syntax" "" "$(ashlar completion zsh >"$folder/_ashlar" && zsh -n "$folder/_ashlar" 2>&1)"
expect "zsh: function" "_ashlar: function" \
	"$(zsh -fc 'autoload -U compinit; compinit -u; source <(ashlar completion zsh); whence -w _ashlar' 2>&1)"
expect "zsh: rules" "cycle" "$(zsh -fc 'autoload -U compinit; compinit -u; source <(ashlar completion zsh); _ashlar_rules' | grep cycle)"

# fish can be asked directly
ashlar completion fish >"$folder/ashlar.fish"
ask() { fish --no-config -c "source $folder/ashlar.fish; complete -C '$1'" 2>&1 | cut -f1 | sort | tr '\n' ' ' | sed 's/ $//'; }
expect "fish: verbs" "check completion" "$(ask 'ashlar c')"
expect "fish: formats" "sarif" "$(ask 'ashlar check --format sa')"
expect "fish: rules" "cycle" "$(ask 'ashlar explain cy')"
expect "fish: shells" "zsh" "$(ask 'ashlar completion z')"

expect "man page: groff has nothing to say" "" "$(ashlar help --man | groff -man -Tutf8 -ww 2>&1 >/dev/null)"
expect "man page: shows the verbs" "1" "$(ashlar help --man | groff -man -Tutf8 2>/dev/null | sed 's/.\x08//g; s/\x1b\[[0-9;]*m//g' | grep -c 'ashlar affected')"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
