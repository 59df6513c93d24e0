#include "tests/simulation/promises.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "api/codec.h"
#include "kube/resource.h"
#include "tests/simulation/checker.h"
#include "translate/read_json.h"

namespace berth::simulation {
namespace {

using std::chrono::seconds;
using translate::array_at;
using translate::integer_at;
using translate::object_at;
using translate::text_at;

constexpr int64_t kNodeDevices = 4;       // of every node while all of it is there
constexpr Millis kSettled = seconds(15);  // by when all have heard of a change

std::string name_in(const Json& object) { return text_at(object_at(object, "metadata"), "name"); }
std::string uid_in(const Json& object) { return text_at(object_at(object, "metadata"), "uid"); }

bool holds(const std::vector<api::Condition>& conditions, std::string_view type,
           std::string_view reason) {
  const api::Condition* found = api::find_condition(conditions, type);
  return found != nullptr && found->is_true() && found->reason == reason;
}

bool is_published(const api::PlacementPolicy& policy) {
  return policy.status.observed_generation == policy.meta.generation &&
         holds(policy.status.conditions, "Ready", "Enforced");
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

bool meets(const std::map<std::string, std::string>& labels, const api::NodeLabelTerm& term) {
  const auto at = labels.find(term.key);
  const bool is_listed = at != labels.end() && contains(term.values, at->second);
  switch (term.op) {
    case api::Operator::In: return is_listed;
    case api::Operator::NotIn: return !is_listed;
    case api::Operator::Exists: return at != labels.end();
    case api::Operator::DoesNotExist: return at == labels.end();
  }
  return true;
}

}  // namespace

void Promises::changed(const std::string& collection, const kube::fake::Change& change) {
  latest_ = std::max(latest_, clock_.now());
  const Json& object = change.after->object();
  if (collection == "berth.dev/gpujobs") {
    return job_changed(uid_in(object), change.deleted ? nullptr : &object);
  }
  if (collection == "berth.dev/reservations") return reservation_changed(object, change.deleted);
  if (collection == "berth.dev/placementpolicies") return policy_changed(object, change.deleted);
  if (collection == "berth.dev/slatiers") return tier_changed(object, change.deleted);
  if (collection == "berth.dev/quotas") return quota_changed(object, change.deleted);
  if (collection == "/nodes") return node_changed(object, change.deleted);
  // Pods that Berth did not place are planned around.
  const bool is_foreign = array_at(object_at(object, "metadata"), "ownerReferences").empty();
  if (collection == "/pods" && is_foreign) bookings_changed_ = clock_.monotonic();
}

void Promises::start_over(const kube::fake::FakeServer& server) {
  const auto broke = std::exchange(broke_, [](const auto&, const auto&) {});
  jobs_.clear();
  reservations_.clear();
  policies_.clear();
  tiers_.clear();
  quotas_.clear();
  for (const Json* one : server.list(kube::kNodes)) node_changed(*one, false);
  for (const Json* one : server.list(kube::kQuotas)) quota_changed(*one, false);
  for (const Json* one : server.list(kube::kSlaTiers)) tier_changed(*one, false);
  for (const Json* one : server.list(kube::kPlacementPolicies)) policy_changed(*one, false);
  for (const Json* one : server.list(kube::kReservations)) reservation_changed(*one, false);
  for (const Json* one : server.list(kube::kGpuJobs)) job_changed(uid_in(*one), one);
  leader_changed();
  broke_ = broke;
}

// ---- what there is ----

void Promises::job_changed(const std::string& uid, const Json* object) {
  if (object == nullptr) {
    jobs_.erase(uid);
    return;
  }
  const auto [at, is_new] = jobs_.try_emplace(uid);
  Job& job = at->second;
  const Job before = job;
  const Json& spec = object_at(*object, "spec");
  const Json& status = object_at(*object, "status");
  const Json& placement = object_at(status, "placement");
  job.name = {text_at(object_at(*object, "metadata"), "namespace"), name_in(*object)};
  job.tier = text_at(spec, "tier");
  job.reservation = text_at(spec, "reservation");
  job.gives_way.reset();
  if (spec.contains("replica"))
    job.gives_way = object_at(spec, "replica").value("preemptible", false);
  if (is_new || job.gives_way != before.gives_way) job.terms_since = clock_.monotonic();
  job.attempt = integer_at(placement, "attempt");
  job.holds.clear();
  for (const Json& worker : array_at(placement, "workers")) {
    job.holds[text_at(worker, "node")] += integer_at(worker, "count");
  }
  const Json& attempts = array_at(status, "attempts");
  job.ends = attempts.empty() ? 0 : integer_at(attempts.back(), "attempt");
  // A gang that changes its size has its next place before it gives back the one that it has.
  const bool is_cleared = before.attempt != 0 && job.attempt == 0;
  const bool is_decided = !object_at(status, "nominated").empty();
  if (is_new || (is_cleared && !is_decided)) job.asks_since = clock_.monotonic();
  if (job.ends > before.ends) {
    job.gave_way_to = gave_way_to(*object);
    check_gave_way(before, job.gave_way_to);
  }
  if (job.attempt != 0 && job.attempt != before.attempt) check_placed(job);
}

void Promises::reservation_changed(const Json& object, bool is_gone) {
  if (is_gone) {
    reservations_.erase(uid_in(object));
    bookings_changed_ = clock_.monotonic();
    return;
  }
  const auto decoded = api::from_json<api::Reservation>(object);
  if (!decoded) return;
  const auto [at, is_new] = reservations_.try_emplace(decoded->meta.uid);
  Booked& booked = at->second;
  if (is_new || booked.object.spec != decoded->spec) bookings_changed_ = clock_.monotonic();
  const bool is_same = booked.object.status.observed_generation == decoded->meta.generation &&
                       booked.object.status.next_start == decoded->status.next_start;
  booked.object = *decoded;
  const Name name{decoded->meta.name_space, decoded->meta.name};
  const Instant start = decoded->spec.start.value_or(Instant::min());
  earliest_[name] = std::min(earliest_.try_emplace(name, start).first->second, start);
  const auto before = std::exchange(booked.claims, {});
  const bool is_honoured = decoded->status.observed_generation == decoded->meta.generation &&
                           holds(decoded->status.conditions, "Ready", "Booked");
  if (!is_honoured) return;
  for (const api::ReservedNode& node : decoded->status.nodes) {
    const auto was = before.find(node.node);
    const bool is_kept = is_same && was != before.end() && was->second.devices >= node.count;
    booked.claims[node.node] = {node.count, is_kept ? was->second.since : clock_.monotonic()};
  }
}

void Promises::policy_changed(const Json& object, bool is_gone) {
  if (is_gone) {
    policies_.erase(name_in(object));
    policies_changed_ = clock_.monotonic();
    return;
  }
  const auto decoded = api::from_json<api::PlacementPolicy>(object);
  if (!decoded) return;
  const auto [at, is_new] = policies_.try_emplace(decoded->meta.name);
  auto& known = at->second;
  if (is_new || known.object.spec != decoded->spec) policies_changed_ = clock_.monotonic();
  if (is_new || is_published(known.object) != is_published(*decoded)) {
    known.since = clock_.monotonic();
  }
  known.object = *decoded;
}

void Promises::tier_changed(const Json& object, bool is_gone) {
  const auto decoded = api::from_json<api::SlaTier>(object);
  if (!decoded) return;
  auto& known = tiers_[decoded->meta.name];
  if (is_gone || known.object.meta.uid != decoded->meta.uid || known.object.spec != decoded->spec) {
    known.since = tiers_changed_ = clock_.monotonic();
  }
  known.object = *decoded;
  if (is_gone) tiers_.erase(decoded->meta.name);
}

void Promises::quota_changed(const Json& object, bool is_gone) {
  const auto decoded = api::from_json<api::Quota>(object);
  if (!decoded) return;
  for (const std::string& name_space : decoded->spec.namespaces) {
    auto& known = quotas_[name_space];
    if (known.object.meta.uid != decoded->meta.uid || known.object.spec != decoded->spec) {
      known.since = bookings_changed_ = clock_.monotonic();
    }
    known.object = *decoded;
    if (is_gone) quotas_.erase(name_space);
  }
}

void Promises::node_changed(const Json& object, bool is_gone) {
  bookings_changed_ = clock_.monotonic();
  std::map<std::string, std::string>& labels = node_labels_[name_in(object)];
  labels.clear();
  if (is_gone) {
    node_labels_.erase(name_in(object));
    return;
  }
  for (const auto& [key, value] : object_at(object_at(object, "metadata"), "labels").items()) {
    if (value.is_string()) labels[key] = value.get<std::string>();
  }
}

// ---- what has to hold ----

bool Promises::has_known(const Job& job, Monotonic since) const {
  return std::max(since, leader_changed_) + kSettled < job.asks_since;
}

void Promises::check_placed(const Job& job) const {
  check_policy(job);
  check_tier(job);
  check_firm(job);
  check_victims(job);
  if (job.reservation.empty()) {
    check_claims(job);
  } else {
    check_user(job);
  }
}

// The first of those that may be about the job, in the order in which they win: nothing overrules
// it. Nothing where it is not sure to be about the job.
const Promises::Known<api::PlacementPolicy>* Promises::first_policy(const Job& job) const {
  const Known<api::PlacementPolicy>* first = nullptr;
  for (const auto& [name, known] : policies_) {
    const api::PlacementPolicySpec& spec = known.object.spec;
    const auto& match = spec.match;
    const bool is_other =
        (!match.namespaces.empty() && !contains(match.namespaces, job.name.first)) ||
        (!match.tiers.empty() && !job.tier.empty() && !contains(match.tiers, job.tier));
    if (is_other || spec.mode == api::PolicyMode::Shadow) continue;
    if (first == nullptr || spec.priority > first->object.spec.priority) first = &known;
  }
  if (first == nullptr) return nullptr;
  const auto& match = first->object.spec.match;
  const bool is_sure = match.labels.empty() && match.classes.empty() && !match.min_devices &&
                       (match.tiers.empty() || !job.tier.empty());
  return is_sure ? first : nullptr;
}

void Promises::check_policy(const Job& job) const {
  const auto* policy = first_policy(job);
  if (policy == nullptr || !is_published(policy->object)) return;
  if (!has_known(job, std::max(policy->since, policies_changed_))) return;
  for (const api::PlacementTerm& term : policy->object.spec.require) {
    if (!term.node_label) continue;
    for (const auto& [node, devices] : job.holds) {
      const auto labels = node_labels_.find(node);
      if (labels == node_labels_.end() || meets(labels->second, *term.node_label)) continue;
      broke_("policy_required", "job " + job.name.first + "/" + job.name.second + " is on " + node +
                                    ", against " + policy->object.meta.name);
    }
  }
}

bool Promises::is_firm(const Job& job) const {
  if (job.gives_way) return !*job.gives_way;
  const auto tier = tiers_.find(job.tier);
  return tier != tiers_.end() && !tier->second.object.spec.preemptible;
}

void Promises::check_tier(const Job& job) const {
  const auto quota = quotas_.find(job.name.first);
  if (job.tier.empty() || quota == quotas_.end()) return;
  if (!has_known(job, std::max(quota->second.since, tiers_changed_))) return;
  const auto& offered = quota->second.object.spec.tiers;
  if (!tiers_.contains(job.tier) || (!offered.empty() && !contains(offered, job.tier))) {
    broke_("tier_offered", "job " + job.name.first + "/" + job.name.second + " is of tier " +
                               job.tier + ", which it may not ask for");
  }
}

// What never gives way could not give back what it borrowed.
void Promises::check_firm(const Job& job) const {
  const auto quota = quotas_.find(job.name.first);
  if (!is_firm(job) || quota == quotas_.end()) return;
  if (!has_known(job, std::max(quota->second.since, tiers_changed_))) return;
  if (job.terms_since > job.asks_since) return;
  int64_t firm = 0;
  for (const auto& [uid, other] : jobs_) {
    if (other.name.first != job.name.first || !is_firm(other)) continue;
    if (&other != &job && other.gives_way && !has_known(job, other.terms_since)) continue;
    for (const auto& [node, devices] : other.holds) firm += devices;
  }
  const int64_t guaranteed = quota->second.object.spec.limits.front().guaranteed;
  if (firm <= guaranteed) return;
  broke_("firm_within_guarantee", "job " + job.name.first + "/" + job.name.second + " makes it " +
                                      std::to_string(firm) + " of " + std::to_string(guaranteed) +
                                      " that never give way");
}

void Promises::check_gave_way(const Job& job, const std::string& to) const {
  if (to.empty() || !is_firm(job) || !has_known(job, tiers_changed_)) return;
  if (job.gives_way && clock_.monotonic() < job.terms_since + kSettled) return;
  broke_("firm_stays", "job " + job.name.first + "/" + job.name.second + " of tier " + job.tier +
                           " gives way to " + to);
}

// Those who give way to it have to be gone from its nodes, unless there is room for both.
void Promises::check_victims(const Job& job) const {
  std::map<std::string, int64_t> held;
  std::set<std::string> left;  // by whom, with their end stored and their pods perhaps not gone
  for (const auto& [uid, other] : jobs_) {
    const bool leaves = other.gave_way_to == job.name.first + "/" + job.name.second &&
                        other.attempt != 0 && other.attempt == other.ends;
    for (const auto& [node, devices] : other.holds) {
      held[node] += devices;
      if (leaves) left.insert(node);
    }
  }
  for (const std::string& node : left) {
    if (!job.holds.contains(node) || held[node] <= kNodeDevices) continue;
    broke_("victims_gone", "job " + job.name.first + "/" + job.name.second + " is placed on " +
                               node + " beside those who give way to it");
  }
}

// ---- reservations ----

void Promises::check_user(const Job& job) const {
  const auto known = earliest_.find({job.name.first, job.reservation});
  if (known == earliest_.end() || known->second > latest_) {
    broke_("reservation_honoured", "job " + job.name.first + "/" + job.name.second +
                                       " is placed before " + job.reservation + " starts");
  }
}

// Of work that was placed when the claim was known.
int64_t Promises::held_by_others(const std::string& node, const Claim& claim,
                                 bool only_firm) const {
  int64_t devices = 0;
  for (const auto& [uid, job] : jobs_) {
    const auto here = job.holds.find(node);
    if (here == job.holds.end() || !job.reservation.empty()) continue;
    if (only_firm && !is_firm(job)) continue;
    if (has_known(job, claim.since)) devices += here->second;
  }
  return devices;
}

// Devices that are kept for the users of a Reservation are not given to work that would still have
// them when it starts, or would not give them back when a user comes.
void Promises::check_claims(const Job& job) const {
  if (!has_known(job, std::max(bookings_changed_, tiers_changed_))) return;
  for (const auto& [uid, booked] : reservations_) {
    const auto& until = booked.object.status.next_end;
    if (!until || *until <= latest_) continue;
    const bool may_be_used = booked.object.spec.allow_backfill;
    if (may_be_used && !is_firm(job)) continue;
    for (const auto& [node, devices] : job.holds) {
      const auto claim = booked.claims.find(node);
      if (claim == booked.claims.end() || !has_known(job, claim->second.since)) continue;
      const int64_t others = held_by_others(node, claim->second, may_be_used);
      if (others + claim->second.devices <= kNodeDevices) continue;
      broke_("reservation_honoured", "job " + job.name.first + "/" + job.name.second + " has " +
                                         std::to_string(devices) + " devices of " + node +
                                         ", of which " + booked.object.meta.name + " has " +
                                         std::to_string(claim->second.devices));
    }
  }
}

}  // namespace berth::simulation
