#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sched/core/steering.h"

namespace berth::sched {

// A placement that a shadow policy would have changed.
struct Divergence {
  std::string policy;
  std::string work;  // "namespace/name"
  std::string text;  // "on n3, which ...", for people
  bool operator==(const Divergence&) const = default;
};

// What a pass saw beside its decisions.
struct PassNotes {
  std::vector<Divergence> divergences;
  // Work that a policy was not applied to: (policy, the higher one) and one example.
  std::map<std::pair<std::string, std::string>, std::string> overruled;
};

// Compares what a pass decides with what it would have decided if a shadow policy were enforced,
// for the first kMostCompared placements. Changes nothing.
class Shadow {
 public:
  static constexpr size_t kMostCompared = 64;

  Shadow(World& world, Steering& steering, PassNotes* notes)
      : world_(world), steering_(steering), notes_(notes) {}

  // The work starts there; its spots are taken already, and Steering has not been told yet.
  void compare(const Ask& ask, const Alternative& wants, const std::vector<Spot>& spots);
  // Notes what was overruled for work that is looked at.
  void note_overruled(const Ask& ask, const Alternative& wants);

 private:
  // Empty: it would have been the same.
  std::string difference(size_t shadow, const Ask& ask, const Alternative& wants,
                         const std::vector<Spot>& spots);
  std::string forbidden(const PlacementPolicy& policy, const Rules& rules, const Ask& ask,
                        const std::vector<Spot>& spots);
  std::string better(const Rules& rules, const std::vector<Spot>& spots);

  World& world_;
  Steering& steering_;
  PassNotes* notes_;  // nothing: nobody wants to know
  size_t compared_ = 0;
};

}  // namespace berth::sched
