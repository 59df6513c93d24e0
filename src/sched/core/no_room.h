#pragma once
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "sched/core/trial.h"

namespace berth::sched {

// Gangs that found no place in a pass. In a pass room only gets less, but where others give way, so
// that gangs like them are not tried again: ten thousand held workloads are of a hundred forms.
class NoRoom {
 public:
  // As Trial::place. `is_shared`: what bounds the gang is the same list, at the same address, for
  // all work that is bounded so.
  std::optional<std::vector<Spot>> place(Trial& trial, const Gang& gang, bool is_shared,
                                         Beside* beside = nullptr) {
    if (!is_shared) return trial.place(gang, beside);
    const Form form{gang.workers, gang.near ? gang.near->levels : std::vector<std::string>{},
                    gang.near && gang.near->required,
                    gang.allowed ? std::optional(gang.allowed->data()) : std::nullopt};
    if (forms_.contains(form)) return std::nullopt;
    auto spots = trial.place(gang, beside);
    if (!spots) forms_.insert(form);
    return spots;
  }
  void forget() { forms_.clear(); }

 private:
  // What policies add to a gang goes with the list of nodes that they allow.
  using Form = std::tuple<std::vector<ShapeId>, std::vector<std::string>, bool,
                          std::optional<const NodeIndex*>>;
  std::set<Form> forms_;
};

}  // namespace berth::sched
