#include "runtime/effects.h"

#include <nlohmann/json.hpp>

#include "kube/reply.h"

namespace berth::runtime {

Effects::Effects(kube::Transport& transport, size_t in_flight_limit)
    : transport_(transport),
      in_flight_limit_(in_flight_limit),
      self_(std::make_shared<Effects*>(this)) {}

Effects::~Effects() = default;

void Effects::send(kube::Request request, Answer answer) {
  Write write{std::move(request), std::move(answer)};
  if (in_flight_ < in_flight_limit_) {
    start(std::move(write));
  } else {
    waiting_.push_back(std::move(write));
  }
}

void Effects::start(Write write) {
  ++in_flight_;
  transport_.send(write.request,
                  [weak = std::weak_ptr(self_), request = write.request,
                   answer = std::move(write.answer)](Result<kube::Response> response) {
                    const auto self = weak.lock();
                    if (!self) return;
                    Effects& me = **self;
                    --me.in_flight_;
                    if (!me.waiting_.empty()) {
                      Write next = std::move(me.waiting_.front());
                      me.waiting_.pop_front();
                      me.start(std::move(next));
                    }
                    answer(kube::parse_reply(request, std::move(response)));
                  });
}

}  // namespace berth::runtime
