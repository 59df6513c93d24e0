#!/usr/bin/env bash
# Fails if a pure archive or object needs more from outside than memory and strings:
#   hack/check_pure.sh FILE...
# A clock, randomness, the environment, files, sockets, threads, throwing and hash-ordered maps
# all show up as undefined symbols. Meant for Release without sanitizers.
set -euo pipefail

# What the core may need: memory, std::string, ordered containers, the throw helpers of the
# standard library and the unwinder that cleans up after them, and other pure code of Berth.
allowed='^(operator (new|delete)|std::nothrow$'
allowed+='|(mem(cpy|cmp|move|set|chr)|strlen|abort)(@|$)'
allowed+='|_Unwind_Resume|__gxx_personality_v0|__stack_chk_fail'
allowed+='|__cxa_(begin_catch|end_catch|rethrow|throw_bad_array_new_length|pure_virtual|guard_)'
allowed+='|std::_Rb_tree_|std::__throw_|std::__cxx11::basic_string|std::terminate'
allowed+='|(vtable|typeinfo) for (__cxxabiv1|berth)::'
allowed+='|berth::(Log|Error|api|sched|translate|control)::|berth::[a-z_]+[(<\[])'

status=0
for file in "$@"; do
  needs=$(nm --undefined-only --demangle "$file" 2>/dev/null | sed -n 's/^ *[Uw] //p' | sort -u)
  while read -r symbol; do
    [[ -z $symbol ]] && continue
    echo "${file##*/}: not pure, it needs $symbol"
    status=1
  done < <(grep -Ev "$allowed" <<<"$needs" || true)
done
exit $status
