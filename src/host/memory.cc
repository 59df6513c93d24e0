#include "host/memory.h"

#include <sys/resource.h>

namespace berth::host {

int64_t resident_bytes() {
  rusage used{};
  if (getrusage(RUSAGE_SELF, &used) != 0) return 0;
  return int64_t{used.ru_maxrss} * 1'024;  // Linux counts KiB
}

}  // namespace berth::host
