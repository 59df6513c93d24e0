#include "router/proxy/mirror.h"

#include <boost/asio/post.hpp>
#include <charconv>
#include <utility>

#include "router/proxy/grpc_pool.h"
#include "router/proxy/rest_pool.h"

namespace berth::router {
namespace {

constexpr std::string_view kJsonLength = "Inference-Header-Content-Length";

std::optional<size_t> json_length(const Fields& fields) {
  const std::string_view text = find_field(fields, kJsonLength);
  size_t length = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), length);
  return end.ec == std::errc() ? std::optional(length) : std::nullopt;
}

}  // namespace

bool is_inference(const Call& call) {
  if (call.protocol == Protocol::Grpc) return call.target.ends_with("/ModelInfer");
  const std::string_view target = call.target;
  return call.method == "POST" && target.substr(0, target.find('?')).ends_with("/infer");
}

MirroredAnswers::MirroredAnswers(Shared& all, Protocol spoken, std::shared_ptr<EndpointState> of)
    : shared(all),
      protocol(spoken),
      state(std::move(of)),
      room(all.mirrored_bytes, all.limits.mirrored_bytes_max) {
  ++shared.mirrors;
}

MirroredAnswers::~MirroredAnswers() {
  --shared.mirrors;
  const std::lock_guard lock(state->mutex);
  state->numbers.count_shadow(outcome);
}

std::shared_ptr<Mirror> Mirror::draw(Loop& loop, const Call& call, const std::string& endpoint,
                                     const std::shared_ptr<EndpointState>& state) {
  const auto& endpoints = loop.routes()->table.endpoints;
  const auto found = endpoints.find(endpoint);
  if (found == endpoints.end() || !is_inference(call)) return nullptr;
  if (loop.draw() % 100 >= static_cast<uint64_t>(found->second.mirror_percent)) return nullptr;
  auto answers = std::make_shared<MirroredAnswers>(loop.shared, call.protocol, state);
  const bool has_place = loop.shared.mirrors <= loop.shared.limits.mirrors_max;
  if (!has_place || !answers->room.take(call.body->size())) return nullptr;
  return std::make_shared<Mirror>(loop, call, endpoint, std::move(answers));
}

Mirror::Mirror(Loop& loop, Call call, std::string endpoint,
               std::shared_ptr<MirroredAnswers> answers)
    : loop_(loop),
      call_(std::move(call)),
      endpoint_(std::move(endpoint)),
      answers_(std::move(answers)),
      timer_(loop.io) {}

void Mirror::keep(const Part& part) {
  if (answers_) take(part, answers_->given);
}

void Mirror::take(const Part& part, WholeAnswer& answer) {
  if (part.head) answer.json_bytes = json_length(part.head->fields);
  if (!answers_->room.take(part.body.size())) {
    answers_.reset();
    return;
  }
  answer.body.append(part.body);
}

void Mirror::send(int code) {
  const auto& endpoints = loop_.routes()->table.endpoints;
  const auto endpoint = endpoints.find(endpoint_);
  if (!answers_ || endpoint == endpoints.end() || is_failure(call_.protocol, code)) return;
  answers_->given.code = code;
  const Moment now = Loop::now();
  std::optional<Replica> replica;
  {
    const std::lock_guard lock(answers_->state->mutex);
    replica = answers_->state->balancer.pick(Variant::Candidate, now);
  }
  if (!replica) return;
  replica_ = replica->id;
  state_ = answers_->state;
  const Moment deadline = now + endpoint->second.timeout;
  arm(deadline);
  loop_.mirrors.insert(shared_from_this());
  attempt_ = call_.protocol == Protocol::Rest
                 ? loop_.rest->send(*replica, call_, deadline, shared_from_this())
                 : loop_.grpc->send(*replica, call_, deadline, shared_from_this());
}

void Mirror::arm(Moment deadline) {
  timer_.expires_at(deadline);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (error || !self || !self->attempt_) return;
    self->attempt_->cancel();
    self->end(Outcome::Failed);
  });
}

void Mirror::on_part(Part part) {
  const bool is_grpc = call_.protocol == Protocol::Grpc;
  int& code = answers_->shadow.code;
  if (part.head) code = is_grpc ? grpc_code(part.head->fields).value_or(2) : part.head->status;
  if (part.is_last && is_grpc) code = grpc_code(part.trailers).value_or(code);
  const bool is_failed = is_failure(call_.protocol, code);
  take(part, answers_->shadow);
  if (!answers_) return drop();
  if (!part.is_last) return attempt_->resume();
  boost::asio::post(loop_.shared.aside, [answers = std::move(answers_)] {
    answers->outcome = compare(answers->protocol, answers->given, answers->shadow);
  });
  end(is_failed ? Outcome::Failed : Outcome::Answered);
}

void Mirror::on_broken(Broken, std::string_view) { end(Outcome::Failed); }

void Mirror::drop() {
  if (attempt_) attempt_->cancel();
  end(Outcome::GivenUp);
}

void Mirror::end(Outcome outcome) {
  const auto self = shared_from_this();
  if (answers_ && outcome == Outcome::Failed) answers_->outcome = ShadowOutcome::Failed;
  answers_.reset();
  attempt_.reset();
  timer_.cancel();
  loop_.mirrors.erase(self);
  const std::lock_guard lock(state_->mutex);
  if (state_->balancer.finish(replica_, outcome, Loop::now())) ++state_->numbers.ejections;
}

}  // namespace berth::router
