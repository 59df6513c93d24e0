#pragma once
#include <curl/curl.h>

#include <functional>

#include "base/clock.h"

namespace berth::kube {

// One libcurl multi handle, which is one pool of connections, driven by epoll: work is done for the
// sockets that are ready and not for all that are open. The owner waits on fd() and calls run().
class CurlLoop {
 public:
  CurlLoop();
  ~CurlLoop();
  CurlLoop(const CurlLoop&) = delete;
  CurlLoop& operator=(const CurlLoop&) = delete;

  void add(CURL* easy);
  void remove(CURL* easy);
  size_t size() const { return size_; }

  // Readable when there is work; is_due() says that there is some already.
  int fd() const { return epoll_; }
  bool is_due() const { return due_now_; }

  // Does what is ready, without waiting, and tells which transfers have ended.
  void run(const std::function<void(CURL*, CURLcode)>& ended);

  // Any transfer of this pool received something since the owner of this flag last looked, and when
  // it last did: kept by the owner, who has the clock.
  bool heard = false;
  Monotonic last_heard{};
  Monotonic asked_since{};  // the first exchange after that, kept likewise

 private:
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long wait_ms, void* self);
  void watch(curl_socket_t socket, int what, bool is_known);
  void act(curl_socket_t socket, int events);

  CURLM* multi_;
  int epoll_;
  int timer_;  // a timerfd: libcurl's own timers run in real time whatever our Clock says
  bool due_now_ = false;
  size_t size_ = 0;
};

}  // namespace berth::kube
