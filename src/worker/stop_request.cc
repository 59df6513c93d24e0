#include "worker/stop_request.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace berth::worker {

StopRequest::StopRequest() : event_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
StopRequest::~StopRequest() { ::close(event_fd_); }

void StopRequest::request() noexcept {
  const int saved = errno;  // the interrupted code may be about to read it
  requested_.store(true, std::memory_order_relaxed);
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_fd_, &one, sizeof one);
  errno = saved;
}

void StopRequest::wait_for(Millis at_most) const {
  if (at_most <= Millis{0} || requested()) return;
  pollfd event{.fd = event_fd_, .events = POLLIN, .revents = 0};
  ::poll(&event, 1, static_cast<int>(at_most.count()));
}

}  // namespace berth::worker
