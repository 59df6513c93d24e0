#!/usr/bin/env bash
# Fails if a pure archive or object needs more from outside than memory and strings:
#   hack/check_pure.sh FILE...
# A clock, randomness, the environment, files, sockets, threads and hash-ordered maps all show up as
# undefined symbols. Meant for Release without sanitizers.
set -euo pipefail

# What the core may need: memory, std::string, ordered containers, constants that are destroyed at
# exit, what std::variant brings along (it throws from a header when it is misused), and the
# compiler's own division of 128-bit integers and counting of bits. A value that copies share
# (base/labels.h) asks whether there are threads to count them for.
allowed='^(operator (new|delete)|std::nothrow$'
allowed+='|(mem(cpy|cmp|move|set|chr)|strlen|abort)(@|$)'
allowed+='|__u?(div|mod|divmod)ti[34](@|$)|__popcountdi2(@|$)|__libc_single_threaded(@|$)'
allowed+='|_Unwind_Resume|__gxx_personality_v0|__stack_chk_fail|__dso_handle'
allowed+='|__cxa_(begin_catch|end_catch|rethrow|throw|throw_bad_array_new_length|pure_virtual)(@|$)'
allowed+='|__cxa_(allocate_exception|free_exception|guard_[a-z]+|atexit)(@|$)'
allowed+='|std::_Rb_tree_|std::__throw_|std::__cxx11::basic_string|std::terminate'
allowed+='|std::exception::|typeinfo for std::exception$'
# Other pure code of ours. Of runtime only what reads metadata.
allowed+='|(vtable|typeinfo) for (__cxxabiv1|berth)::'
allowed+='|berth::(Error|api|sched|scaling|slo|translate|control|extender)::'
allowed+='|berth::[a-z_0-9]+[(<\[]'
allowed+='|berth::runtime::has_finalizer\()'

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
