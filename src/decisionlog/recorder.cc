#include "decisionlog/recorder.h"

#include <tuple>
#include <utility>

namespace berth::decisionlog {
namespace {

bool is_same(const sched::Ask& a, const sched::Ask& b) {
  const auto tied = [](const sched::Ask& ask) {
    const auto& [id, name, quota, priority, created, alternatives, rooms, only, avoid, near, tier,
                 preemptible, promised, slack, expected, ran, max_runtime, least_workers, runs_with,
                 startup, grace, preemptions_left, reservation, shape, name_space, labels,
                 locations, unserved] = ask;
    return std::tie(id, name, quota, priority, created, alternatives, rooms, only, avoid, near,
                    tier, preemptible, promised, slack, expected, ran, max_runtime, least_workers,
                    runs_with, startup, grace, preemptions_left, reservation, shape, name_space,
                    labels, locations, unserved);
  };
  return tied(a) == tied(b);
}

}  // namespace

std::string Recorder::pass(int64_t number, const std::vector<const sched::Ask*>& asks, Instant now,
                           const std::vector<sched::Decision>& decisions) {
  pass_ = number;
  RawRecord record{.pass = number, .now = now, .saw = {}, .decided = {}};
  for (size_t kind = 0; kind < kKinds; ++kind) {
    for (const std::string& key : changed_[kind]) {
      const auto known = known_[kind].find(key);
      if (known == known_[kind].end()) {
        record.saw.changes[kind].gone.push_back(key);
      } else {
        record.saw.changes[kind].set.push_back({known->second});
      }
    }
    changed_[kind].clear();
  }
  see(asks);
  Change<RawJson>& asked = record.saw.changes[index_of<sched::Ask>()];
  for (const std::string& text : new_asks_) asked.set.push_back({text});
  asked.gone = std::move(gone_asks_);
  record.decided = decided(decisions, holds_);
  return body_of(record);
}

void Recorder::see(const std::vector<const sched::Ask*>& asks) {
  new_asks_.clear();
  gone_asks_.clear();
  for (const sched::Ask* ask : asks) {
    const auto [at, is_new] = asks_.try_emplace(ask->id.uid, Asked{});
    at->second.pass = pass_;
    if (!is_new && is_same(at->second.ask, *ask)) continue;
    at->second.ask = *ask;
    new_asks_.push_back(json_of(*ask));
  }
  if (asks_.size() == asks.size()) return;
  for (auto at = asks_.begin(); at != asks_.end();) {
    if (at->second.pass == pass_) {
      ++at;
    } else {
      gone_asks_.push_back(at->first);
      at = asks_.erase(at);
    }
  }
}

void Recorder::begin_anew() {
  for (size_t kind = 0; kind < kKinds; ++kind) {
    changed_[kind].clear();
    for (const auto& [key, text] : known_[kind]) changed_[kind].insert(key);
  }
  asks_.clear();
  holds_ = {};
}

}  // namespace berth::decisionlog
