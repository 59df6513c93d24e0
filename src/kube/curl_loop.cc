#include "kube/curl_loop.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>

namespace berth::kube {

namespace {

// Fewer than the 100 streams that an API server allows on a connection, so that libcurl opens a
// second one before it has to wait for the first.
constexpr long kStreamsPerConnection = 90;

}  // namespace

CurlLoop::CurlLoop()
    : multi_(curl_multi_init()),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  curl_multi_setopt(multi_, CURLMOPT_MAX_CONCURRENT_STREAMS, kStreamsPerConnection);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  epoll_event event{.events = EPOLLIN, .data = {.fd = timer_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event);
}

CurlLoop::~CurlLoop() {
  curl_multi_cleanup(multi_);  // first: it closes connections and says so through on_socket
  ::close(timer_);
  ::close(epoll_);
}

void CurlLoop::add(CURL* easy) {
  curl_multi_add_handle(multi_, easy);
  ++size_;
}

void CurlLoop::remove(CURL* easy) {
  curl_multi_remove_handle(multi_, easy);
  --size_;
}

void CurlLoop::run(const std::function<void(CURL*, CURLcode)>& ended) {
  if (due_now_) {
    due_now_ = false;
    act(CURL_SOCKET_TIMEOUT, 0);
  }
  std::array<epoll_event, 32> events{};
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events.at(static_cast<size_t>(i));
    if (event.data.fd == timer_) {
      uint64_t expirations = 0;
      [[maybe_unused]] const auto got = ::read(timer_, &expirations, sizeof expirations);
      act(CURL_SOCKET_TIMEOUT, 0);
      continue;
    }
    const bool in = (event.events & (EPOLLIN | EPOLLHUP)) != 0;
    const bool out = (event.events & EPOLLOUT) != 0;
    const bool failed = (event.events & EPOLLERR) != 0;
    act(event.data.fd, (in ? CURL_CSELECT_IN : 0) | (out ? CURL_CSELECT_OUT : 0) |
                           (failed ? CURL_CSELECT_ERR : 0));
  }
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left))
    if (message->msg == CURLMSG_DONE) ended(message->easy_handle, message->data.result);
}

void CurlLoop::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, socket, events, &running);
}

int CurlLoop::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
  static_cast<CurlLoop*>(self)->watch(socket, what, known != nullptr);
  return 0;
}

void CurlLoop::watch(curl_socket_t socket, int what, bool is_known) {
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll_, EPOLL_CTL_DEL, socket, nullptr);
    return;
  }
  epoll_event event{.events = 0, .data = {.fd = socket}};
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  epoll_ctl(epoll_, is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
  curl_multi_assign(multi_, socket, this);  // comes back as `known`
}

int CurlLoop::on_timer(CURLM*, long wait_ms, void* self) {
  auto& loop = *static_cast<CurlLoop*>(self);
  loop.due_now_ = wait_ms == 0;
  itimerspec when{};  // zero disarms
  if (wait_ms > 0)
    when.it_value = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1'000'000};
  timerfd_settime(loop.timer_, 0, &when, nullptr);
  return 0;
}

}  // namespace berth::kube
