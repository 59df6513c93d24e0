#include "runtime/election.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "json/time.h"
#include "kube/reply.h"
#include "kube/request.h"

namespace berth::runtime {
namespace {

const Json& spec_of(const Json& lease) {
  static const Json empty = Json::object();
  const auto found = lease.find("spec");
  return found != lease.end() && found->is_object() ? *found : empty;
}

int64_t number_at(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

std::string holder_of(const Json& lease) {
  const Json& spec = spec_of(lease);
  const auto found = spec.find("holderIdentity");
  return found != spec.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::optional<kube::Request> Election::tick(const Clock& clock) {
  const Monotonic now = clock.monotonic();
  if (state_ == State::Leading && !leads(now)) {
    end("not renewed within " + std::to_string(rules_.renew_deadline.count()) + " ms");
  }
  if (over() || asked_ != Ask::Nothing) return std::nullopt;
  if (releasing_) {
    if (state_ == State::Following) end("never held");
    return over() ? std::nullopt : std::optional(ask(Ask::GiveUp, clock));
  }
  if (now < try_at_) return std::nullopt;
  return ask(next_, clock);
}

Monotonic Election::next_tick() const {
  if (over()) return Monotonic::max();
  const Monotonic deadline =
      state_ == State::Leading ? renewed_at_ + rules_.renew_deadline : Monotonic::max();
  if (asked_ != Ask::Nothing) return deadline;
  return releasing_ ? Monotonic::min() : std::min(try_at_, deadline);
}

bool Election::leads(Monotonic now) const {
  return state_ == State::Leading && now < renewed_at_ + rules_.renew_deadline;
}

void Election::release() { releasing_ = true; }

void Election::answered(const Result<Json>& reply, const Clock& clock) {
  const Monotonic now = clock.monotonic();
  const Ask asked = std::exchange(asked_, Ask::Nothing);
  if (over()) return;
  if (asked == Ask::GiveUp) return end("given up");
  if (!reply) return refused(asked, reply.error(), now);
  observe(*reply, now);
  if (asked == Ask::Read) return seen(now);
  state_ = State::Leading;
  // Counted from when it was asked for: others count from when they see it, which is later.
  renewed_at_ = asked_at_;
  if (asked != Ask::Renew) epoch_ = number_at(spec_of(*reply), "leaseTransitions");
  try_again(Ask::Renew, asked_at_ + rules_.retry);
}

// What a fresh look at the Lease means.
void Election::seen(Monotonic now) {
  const bool ours = holder_ == rules_.identity;
  if (state_ == State::Leading) {
    if (!ours) return end(holder_.empty() ? "held by nobody" : "held by " + holder_);
    return try_again(Ask::Renew, now);
  }
  // Ours without leading: a process before this one in the same pod, which is dead, or our own
  // write whose reply was lost.
  if (ours || holder_.empty() || now >= changed_at_ + holder_lease_) {
    return try_again(Ask::Take, now);
  }
  // At once when it runs out, or up to a whole interval of retries were added to it.
  try_again(Ask::Read, std::min(retry_at(now), changed_at_ + holder_lease_));
}

// A refusal. Except where the server says so, the write may have happened, so the Lease is looked
// at before anything is believed.
void Election::refused(Ask asked, const Error& error, Monotonic now) {
  if (error.code == Code::NotFound) return try_again(Ask::Create, now);
  const bool lost_race = error.code == Code::Conflict || error.code == Code::AlreadyExists;
  if (state_ == State::Leading) {
    if (lost_race) return try_again(Ask::Read, now);
    return try_again(asked, now + std::max(rules_.retry, error.retry_after.value_or(Millis{0})));
  }
  try_again(Ask::Read, retry_at(now));
}

void Election::end(std::string why) {
  state_ = State::Over;
  why_over_ = std::move(why);
}

void Election::try_again(Ask what, Monotonic at) {
  next_ = what;
  try_at_ = at;
}

// Followers spread their tries over a fifth of the interval.
Monotonic Election::retry_at(Monotonic now) {
  const kube::Backoff even{.first = rules_.retry / 5, .most = rules_.retry / 5};
  return now + rules_.retry + even.delay(1, rules_.seed + tries_++);
}

void Election::observe(const Json& lease, Monotonic now) {
  const bool changed = lease_.empty() || spec_of(Json::parse(lease_)) != spec_of(lease);
  lease_ = lease.dump();
  holder_ = holder_of(lease);
  holder_lease_ = std::chrono::seconds(number_at(spec_of(lease), "leaseDurationSeconds"));
  if (changed) changed_at_ = now;
}

kube::Request Election::ask(Ask what, const Clock& clock) {
  asked_ = what;
  asked_at_ = clock.monotonic();
  kube::Request request =
      what == Ask::Read     ? kube::get(kube::kLeases, rules_.name_space, rules_.lease_name)
      : what == Ask::Create ? kube::create(kube::kLeases, lease_to_write(what, clock.now()))
                            : kube::replace(kube::kLeases, lease_to_write(what, clock.now()));
  request.timeout = rules_.renew_deadline / 2;  // leaves time for a second try
  return request;
}

Json Election::lease_to_write(Ask what, Instant now) const {
  Json lease = {{"apiVersion", kube::api_version(kube::kLeases)},
                {"kind", std::string(kube::kLeases.kind)},
                {"metadata", {{"name", rules_.lease_name}, {"namespace", rules_.name_space}}},
                {"spec", Json::object()}};
  if (what != Ask::Create) lease = Json::parse(lease_);
  Json& spec = lease["spec"];
  spec["renewTime"] = format_micro_time(now);
  if (what == Ask::GiveUp) {
    spec.erase("holderIdentity");
    spec["leaseDurationSeconds"] = 1;
    return lease;
  }
  spec["leaseDurationSeconds"] = std::chrono::ceil<std::chrono::seconds>(rules_.lease).count();
  if (what == Ask::Renew) return lease;
  spec["holderIdentity"] = rules_.identity;
  spec["acquireTime"] = format_micro_time(now);
  // A Lease that was deleted must not start the epochs again.
  spec["leaseTransitions"] = std::max(epoch_, number_at(spec, "leaseTransitions")) + 1;
  return lease;
}

Elector::Elector(kube::Transport& transport, const Clock& clock, ElectionRules rules)
    : transport_(transport),
      clock_(clock),
      election_(std::move(rules)),
      self_(std::make_shared<Elector*>(this)) {}

Elector::~Elector() = default;

Monotonic Elector::tick() {
  if (auto request = election_.tick(clock_)) {
    transport_.send(*request, [weak = std::weak_ptr(self_),
                               request = *request](Result<kube::Response> response) {
      if (const auto self = weak.lock()) {
        Elector& me = **self;
        me.election_.answered(kube::parse_reply(request, std::move(response)), me.clock_);
      }
    });
  }
  return election_.next_tick();
}

}  // namespace berth::runtime
