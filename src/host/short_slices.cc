#include "host/short_slices.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace berth::host {
namespace {

constexpr uint64_t kShortestNs = 100'000;  // the kernel's own least

// As the kernel lays it out; glibc of Debian 12 has no declaration.
struct SchedulingAttributes {
  uint32_t size = sizeof(SchedulingAttributes);
  uint32_t policy = SCHED_OTHER;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0;
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};

}  // namespace

bool prefer_short_slices() {
  SchedulingAttributes wanted{};
  // With its niceness as it is: this would set it, too.
  if (syscall(SYS_sched_getattr, 0, &wanted, sizeof wanted, 0) != 0) return false;
  if (wanted.policy != SCHED_OTHER) return false;
  wanted.size = sizeof wanted;
  wanted.flags = 0;
  wanted.runtime_ns = kShortestNs;
  return syscall(SYS_sched_setattr, 0, &wanted, 0) == 0;
}

}  // namespace berth::host
