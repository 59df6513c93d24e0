#include "host/cpu_time.h"

#include <ctime>

namespace berth::host {

std::chrono::nanoseconds cpu_time() {
  timespec spent{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent) != 0) return std::chrono::nanoseconds{0};
  return std::chrono::seconds(spent.tv_sec) + std::chrono::nanoseconds(spent.tv_nsec);
}

}  // namespace berth::host
