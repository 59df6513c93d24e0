#include "host/signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace berth::host {

namespace {

// A signal handler can only reach what has static storage.
// NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<bool> stop_requested{false};
std::atomic<int> stop_wake_fd{-1};
// NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

// Only what POSIX calls async-signal-safe.
extern "C" void on_stop(int) {
  const int saved = errno;
  stop_requested = true;
  if (const int fd = stop_wake_fd; fd >= 0) {
    const uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
  }
  errno = saved;
}

void set_handler(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  for (const int signal : {SIGTERM, SIGINT}) sigaction(signal, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals(int wake_fd) {
  stop_requested = false;
  stop_wake_fd = wake_fd;
  std::signal(SIGPIPE, SIG_IGN);
  set_handler(on_stop, static_cast<int>(SA_RESETHAND));  // the second one finds the default
}

StopSignals::~StopSignals() {
  set_handler(SIG_DFL, 0);
  stop_wake_fd = -1;
}

bool StopSignals::requested() const { return stop_requested; }

}  // namespace berth::host
