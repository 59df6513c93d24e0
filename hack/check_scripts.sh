#!/usr/bin/env bash
# Fails on a script that its interpreter or shellcheck would refuse: check_scripts.sh [ROOT].
set -uo pipefail
root=$(cd "${1:-.}" && pwd)
hack=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$root" || exit 1
shells=() pythons=() status=0

fail() {
  echo "$1"
  status=1
}

# Sorts a file into the lists; says so when its mode and its first line disagree.
classify() {
  local name=$1 first
  read -r first <"$name" 2>/dev/null || first=""
  case $first in
    '#!'*bash* | '#!/bin/sh'*) shells+=("$name") ;;
    '#!'*python*) pythons+=("$name") ;;
    '#!'*) fail "$name:1: neither bash nor python: $first" ;;
    *) [[ $name != *.py ]] || pythons+=("$name") ;;
  esac
  if [[ $first == '#!'* && ! -x $name ]]; then fail "$name:1: has #! and is not executable"; fi
  if [[ $first != '#!'* && -x $name ]]; then fail "$name:1: is executable and has no #!"; fi
}

while IFS= read -r -d '' name; do classify "$name"; done < <(
  python3 - "$hack" <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import source_tree
for path in source_tree.files("."):
    if b"\0" not in path.read_bytes()[:4096]:
        print(path.relative_to(path.cwd()), end="\0")
PYTHON
)

for name in "${shells[@]}"; do
  bash -n "$name" 2>/dev/null || fail "$name:1: bash does not accept it"
done
if [[ ${#shells[@]} -gt 0 ]]; then
  shellcheck --format=gcc --severity=style "${shells[@]}" || status=1
fi
python3 - "${pythons[@]}" <<'PYTHON' || status=1
import ast
import sys
failed = False
for name in sys.argv[1:]:
    try:
        ast.parse(open(name, encoding="utf-8").read())
    except SyntaxError as error:
        print(f"{name}:{error.lineno}: python does not accept it: {error.msg}")
        failed = True
sys.exit(failed)
PYTHON
exit $status
