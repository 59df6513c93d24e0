#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "base/result.h"
#include "json/json_fwd.h"
#include "kube/transport.h"

namespace berth::runtime {

// Sends writes that were decided as values, at most `in_flight_limit` at once and in the order
// given, and hands back each decoded reply. Who decided keeps its key in flight until all its
// writes are answered, so it never decides on half of them.
class Effects {
 public:
  using Answer = std::function<void(Result<Json>)>;

  explicit Effects(kube::Transport& transport, size_t in_flight_limit = 64);
  ~Effects();
  Effects(const Effects&) = delete;
  Effects& operator=(const Effects&) = delete;

  // `answer` is called exactly once, from the loop that drives the transport, unless the Effects
  // is gone by then.
  void send(kube::Request request, Answer answer);
  size_t pending() const { return waiting_.size() + in_flight_; }

 private:
  struct Write {
    kube::Request request;
    Answer answer;
  };
  void start(Write write);

  kube::Transport& transport_;
  size_t in_flight_limit_;
  size_t in_flight_ = 0;
  std::deque<Write> waiting_;
  std::shared_ptr<Effects*> self_;  // replies outlive us; they hold a weak pointer to this
};

}  // namespace berth::runtime
