#!/usr/bin/env bash
# Fails on a script that its interpreter or shellcheck would refuse: check_scripts.sh [ROOT].
set -uo pipefail
root=$(cd "${1:-.}" && pwd)
hack=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
status=0

fail() {
  echo "$1"
  status=1
}

while IFS= read -r -d '' file; do
  name=${file#"$root"/}
  read -r first <"$file" 2>/dev/null || first=""
  case $first in
    '#!'*bash* | '#!/bin/sh'*)
      bash -n "$file" || fail "$name:1: bash does not accept it"
      shellcheck --format=gcc --severity=style "$file" | sed "s|^$root/||" | (! grep .) || status=1
      ;;
    '#!'*python*) ;;
    '#!'*) fail "$name:1: neither bash nor python: ${first}" ;;
  esac
  if [[ $first == '#!'* && ! -x $file ]]; then fail "$name:1: has #! and is not executable"; fi
  if [[ $first != '#!'* && -x $file ]]; then fail "$name:1: is executable and has no #!"; fi
  if [[ $name == *.py || $first == '#!'*python* ]]; then
    python3 - "$file" <<'PYTHON' 2>&1 | tail -1 | sed "s|^|$name:1: |" | (! grep .) || status=1
import ast, sys
ast.parse(open(sys.argv[1], encoding="utf-8").read())
PYTHON
  fi
done < <(cd "$hack" && python3 -c 'import sys, source_tree
for path in source_tree.files(sys.argv[1]):
    if source_tree.read(path) is not None:
        print(path, end="\0")' "$root")
exit $status
