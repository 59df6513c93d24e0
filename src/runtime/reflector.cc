#include "runtime/reflector.h"

#include <string>
#include <utility>
#include <variant>

#include "kube/reply.h"

namespace berth::runtime {

Reflector::Reflector(kube::Transport& transport, kube::WatchTarget target, kube::WatchRules rules,
                     Sink sink, Log& log)
    : transport_(transport),
      what_(target.resource.plural),
      watch_(std::move(target), std::move(rules)),
      sink_(std::move(sink)),
      log_(log),
      self_(std::make_shared<Reflector*>(this)) {}

Reflector::~Reflector() { stop(); }

void Reflector::start() {
  running_ = true;
  if (!self_) self_ = std::make_shared<Reflector*>(this);
}

void Reflector::stop() {
  running_ = false;
  self_.reset();
  if (stream_) transport_.close(*std::exchange(stream_, std::nullopt));
}

Monotonic Reflector::tick(Monotonic now) {
  if (!running_) return Monotonic::max();
  kube::Watch::Action action = watch_.next(now);
  if (auto* ask = std::get_if<kube::Watch::List>(&action)) {
    list(std::move(ask->request));
  } else if (auto* start = std::get_if<kube::Watch::Open>(&action)) {
    open(std::move(start->request));
  } else {
    return std::get<kube::Watch::Wait>(action).until;
  }
  return Monotonic::max();
}

void Reflector::list(kube::Request request) {
  transport_.send(request, [weak = std::weak_ptr(self_), request](Result<kube::Response> response) {
    const auto self = weak.lock();
    if (!self) return;
    Reflector& me = **self;
    Result<Json> page = kube::parse_reply(request, std::move(response));
    if (!page) me.log_.warn("list failed", {{"error", page.error().message}});
    me.watch_.listed(std::move(page), me.deltas_);
    me.hand_on();
  });
}

void Reflector::open(kube::Request request) {
  stream_ = transport_.open(std::move(request),
                            {.on_line = [this](std::string_view line) { on_line(line); },
                             .on_end = [this](Status ended) { on_end(ended); }});
}

void Reflector::on_line(std::string_view line) {
  const int failures = watch_.failures();
  const bool more = watch_.line(line, deltas_);
  if (watch_.failures() > failures) log_.warn("watch broken off", {{"resource", what_}});
  if (!more && stream_) transport_.close(*std::exchange(stream_, std::nullopt));
  hand_on();
}

void Reflector::on_end(const Status& status) {
  stream_.reset();
  if (!status) log_.warn("watch ended", {{"resource", what_}, {"error", status.error().message}});
  watch_.ended(status);
}

void Reflector::hand_on() {
  for (kube::Delta& delta : std::exchange(deltas_, {})) sink_(std::move(delta));
}

}  // namespace berth::runtime
