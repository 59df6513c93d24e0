#include "router/proxy/exchange.h"

#include <algorithm>
#include <utility>

#include "router/naming.h"
#include "router/proxy/grpc_pool.h"
#include "router/proxy/rest_pool.h"
#include "router/variant_choice.h"

namespace berth::router {
namespace {

constexpr Micros kLongestPause{500'000};

Names names_of(const Call& call) {
  const bool is_rest = call.protocol == Protocol::Rest;
  return {.path = is_rest ? std::string_view(call.target) : std::string_view(),
          .header = find_field(call.fields, kEndpointHeader),
          .host = call.host,
          .message = is_rest ? std::string_view() : std::string_view(*call.body)};
}

Outcome judge(Protocol protocol, int code) {
  return is_failure(protocol, code) ? Outcome::Failed : Outcome::Answered;
}

}  // namespace

Exchange::Exchange(Loop& loop, Call call, Client& client)
    : loop_(loop), call_(std::move(call)), client_(&client), timer_(loop.io) {
  ++loop_.shared.exchanges;
}

Exchange::~Exchange() {
  if (state_) abandon();
  --loop_.shared.exchanges;
}

void Exchange::start() {
  const Routes& routes = *loop_.routes();
  const auto endpoint = find_endpoint(routes.table, names_of(call_));
  if (!endpoint.ok()) return refuse(Refusal::NoEndpoint, endpoint.error().message);
  endpoint_ = (*endpoint)->name;
  state_ = routes.states.find(endpoint_)->second;
  {
    const std::lock_guard lock(state_->mutex);
    state_->load.add(1, call_.begun);
    state_->budget.count_request(call_.begun);
  }
  deadline_ = call_.deadline;
  send();
}

Exchange::Choice Exchange::choose(Moment now) {
  const auto found = loop_.routes()->table.endpoints.find(endpoint_);
  if (found == loop_.routes()->table.endpoints.end()) return {.replica = {}, .is_known = false};
  const Endpoint& endpoint = found->second;
  const std::lock_guard lock(state_->mutex);
  const Presence presence = state_->balancer.presence();
  variant_ = choose_variant(
      endpoint, presence, [this](std::string_view name) { return find_field(call_.fields, name); },
      loop_.draw());
  return {.replica = state_->balancer.pick(variant_, now, avoided_)};
}

void Exchange::send() {
  const Moment now = Loop::now();
  auto [replica, is_known] = choose(now);
  if (!is_known) return refuse(Refusal::NoEndpoint, "the endpoint has been deleted");
  if (replica) return send_to(std::move(*replica), now);
  wait_for_replica(now);
}

void Exchange::send_to(Replica replica, Moment now) {
  leave_line();
  if (!deadline_) {
    const auto& endpoints = loop_.routes()->table.endpoints;
    deadline_ = now + endpoints.find(endpoint_)->second.timeout;
  }
  ++sends_;
  replica_ = replica.id;
  arm(*deadline_);
  attempt_ = call_.protocol == Protocol::Rest
                 ? loop_.rest->send(replica, call_, *deadline_, shared_from_this())
                 : loop_.grpc->send(replica, call_, *deadline_, shared_from_this());
}

// In line until the table changes, or a little while where a replica is listed and cannot be
// reached.
void Exchange::wait_for_replica(Moment now) {
  const Endpoint& endpoint = loop_.routes()->table.endpoints.find(endpoint_)->second;
  if (!is_held_) {
    const std::lock_guard lock(state_->mutex);
    if (state_->load.held() < endpoint.held_max) {
      is_held_ = true;
      state_->load.hold(1);
    } else {
      ++state_->numbers.refused;
    }
  }
  if (!is_held_) {
    return refuse(Refusal::Crowded, "no replica is ready, and " +
                                        std::to_string(endpoint.held_max) +
                                        " requests wait for one already");
  }
  if (!held_until_) held_until_ = now + loop_.shared.limits.hold_timeout;
  if (!std::exchange(is_in_line_, true)) loop_.hold(endpoint_, shared_from_this());
  arm(std::min({*held_until_, deadline_.value_or(Moment::max()), again_at_}));
}

void Exchange::on_routes() {
  is_in_line_ = false;
  if (state_ && is_held_) send();
}

void Exchange::leave_line() {
  again_at_ = Moment::max();
  if (!std::exchange(is_held_, false)) return;
  const std::lock_guard lock(state_->mutex);
  state_->load.hold(-1);
}

void Exchange::arm(Moment when) {
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (!error && self && self->state_) self->on_timer();
  });
}

void Exchange::on_timer() {
  const Moment now = Loop::now();
  const bool is_late = deadline_ && now >= *deadline_;
  if (is_late && attempt_) {
    attempt_->cancel();
    // A client that gives little time says nothing about the replica.
    settle(call_.deadline ? Outcome::GivenUp : Outcome::Failed, now);
  }
  if (is_late) return refuse(Refusal::Late, "no answer in time");
  if (!is_held_) return;
  if (held_until_ && now >= *held_until_) {
    return refuse(Refusal::NoReplica, "no replica has become ready");
  }
  again_at_ = Moment::max();
  send();
}

void Exchange::resume() {
  if (attempt_) attempt_->resume();
}

void Exchange::settle(Outcome outcome, Moment now) {
  attempt_.reset();
  const std::lock_guard lock(state_->mutex);
  if (state_->balancer.finish(std::exchange(replica_, {}), outcome, now)) {
    ++state_->numbers.ejections;
  }
}

void Exchange::on_part(Part part) {
  if (!state_) return;
  const bool is_grpc = call_.protocol == Protocol::Grpc;
  if (part.head) {
    has_begun_ = true;
    code_ = is_grpc ? grpc_code(part.head->fields).value_or(2) : part.head->status;
    if (variant_ == Variant::Stable) mirror_ = Mirror::draw(loop_, call_, endpoint_, state_);
  }
  if (part.is_last && is_grpc) code_ = grpc_code(part.trailers).value_or(code_);
  if (mirror_) mirror_->keep(part);
  if (!part.is_last) return client_->send(std::move(part));
  // First, because a client may be done with it, and with us, as soon as it has the last part.
  const auto self = shared_from_this();
  Client& client = *client_;
  settle(judge(call_.protocol, code_), Loop::now());
  finish(code_);
  client.send(std::move(part));
  if (const auto mirror = std::exchange(mirror_, nullptr)) mirror->send(code_);
}

bool Exchange::may_retry(Moment now) {
  if (sends_ >= kSendsMost) return false;
  const std::lock_guard lock(state_->mutex);
  if (!state_->budget.take(now)) return false;
  ++state_->numbers.retries;
  return true;
}

void Exchange::on_broken(Broken how, std::string_view why) {
  if (!state_) return;
  const Moment now = Loop::now();
  const auto self = shared_from_this();
  avoided_.push_back(replica_);
  settle(Outcome::Failed, now);
  if (how == Broken::NotSent) return send_elsewhere(now);
  if (how == Broken::NoAnswer && may_retry(now)) return send();
  refuse(Refusal::ReplicaGone, "the replica did not answer: " + std::string(why));
}

// No replica has seen it.
void Exchange::send_elsewhere(Moment now) {
  --sends_;
  size_t replicas = 0;
  {
    const std::lock_guard lock(state_->mutex);
    replicas = state_->balancer.size(variant_);
  }
  if (avoided_.size() < replicas) return send();
  avoided_.clear();
  if (!call_.deadline) deadline_.reset();  // it waits as for the first one
  again_at_ = now + std::exchange(pause_, std::min(2 * pause_, kLongestPause));
  wait_for_replica(now);
}

void Exchange::refuse(Refusal why, std::string_view line) {
  const auto self = shared_from_this();
  Client& client = *client_;
  const bool is_cut = has_begun_;
  finish(code_of(why, call_.protocol));
  if (is_cut) return client.cut();
  client.refuse(why, line);
}

void Exchange::abandon() {
  client_ = nullptr;
  if (!state_) return;
  if (attempt_) {
    attempt_->cancel();
    settle(Outcome::GivenUp, Loop::now());
  }
  finish(kClientGone);
}

void Exchange::finish(int code) {
  client_ = nullptr;
  timer_.cancel();
  if (!state_) return;
  leave_line();
  const Moment now = Loop::now();
  const auto state = std::exchange(state_, nullptr);
  const std::lock_guard lock(state->mutex);
  state->load.add(-1, now);
  state->numbers.count(variant_, call_.protocol, code, now - call_.begun);
}

}  // namespace berth::router
