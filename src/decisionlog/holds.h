#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "decisionlog/fields.h"
#include "sched/decision.h"

namespace berth::decisionlog {

// Why work is held. Work that is alike shares one, so that new numbers in a message that thousands
// of workloads have are written once.
struct HoldText {
  int64_t number = 0;  // by which workloads name it
  sched::Reason reason = sched::Reason::NoCapacity;
  std::string message;
  Instant starts = Instant::max();
};

// What is new about held work since the pass before.
struct HoldChange {
  std::vector<HoldText> texts;
  std::map<sched::WorkloadId, int64_t> of;  // by number
  // Was held and no more is, without another decision: it is not asked for any more, or left alone.
  std::vector<sched::WorkloadId> left;

  bool empty() const { return texts.empty() && of.empty() && left.empty(); }
  void clear() { *this = {}; }
};

// Which work is held and why, as of one pass.
class Holds {
 public:
  // Goes on to these decisions and says what is new about them. The same decisions after the same
  // ones before give the same numbers. Cost: O(held x log held).
  HoldChange next(const std::vector<sched::Decision>& decisions);
  // Goes on by what next() said. `decided` is who was decided on otherwise. Errors: Invalid, where
  // a text is missing.
  Status apply(const HoldChange& change, const std::vector<sched::WorkloadId>& decided);
  const std::map<sched::WorkloadId, int64_t>& held() const { return of_; }
  size_t size() const { return of_.size(); }
  // REQUIRES: it is held.
  sched::Hold hold(const sched::WorkloadId& id) const;

 private:
  using Text = std::tuple<sched::Reason, std::string, Instant>;
  struct Group {
    Text text;
    std::vector<const sched::Hold*> members;
    int64_t number = -1;
  };
  std::vector<Group> groups_of(const std::vector<sched::Decision>& decisions) const;
  void number(std::vector<Group>& groups) const;

  std::map<int64_t, Text> texts_;
  std::map<sched::WorkloadId, int64_t> of_;
};

void describe(auto& v, Of<HoldText> auto& text) {
  auto& [number, reason, message, starts] = text;
  v("number", number);
  v("reason", reason);
  v("message", message);
  v("starts", starts);
}
void describe(auto& v, Of<HoldChange> auto& change) {
  auto& [texts, of, left] = change;
  v("texts", texts);
  v("of", of);
  v("left", left);
}

}  // namespace berth::decisionlog
