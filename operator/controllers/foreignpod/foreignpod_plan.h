#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sched/core/pass.h"
#include "translate/pod.h"

// What to do about foreign pods that are admitted together: a pure function. The order is what
// makes a crash harmless: first every member carries the plan, then each is pinned and let go.
namespace berth::control {

// One gated pod and what is known of its place.
struct GatedPod {
  const translate::Pod* pod = nullptr;
  std::optional<std::string> granted;  // decided and charged, not yet on the pod
  std::string planned;                 // what its plan annotation says
  bool node_exists = true;             // the planned one
};

// One pod that was let go and is not where it should be yet.
struct LatePod {
  const translate::Pod* pod = nullptr;
  Millis waited{};
};

struct ForeignFacts {
  std::vector<GatedPod> gated;
  std::vector<LatePod> late;        // pinned, and not bound or rejected
  bool any_let_go = false;          // a member is pinned and ungated already
  bool is_group = false;            // of more than one: what becomes of one depends on the others
  bool is_settled = true;           // what another leader did to the members was seen
  bool plans_are_ours = true;       // so that another leader's taking back is refused
  std::optional<sched::Hold> hold;  // why those without a plan do not get one
  Millis start_timeout{};
};

struct ForeignPlan {
  struct Annotate {
    const translate::Pod* pod = nullptr;
    std::string node;
    bool operator==(const Annotate&) const = default;
  };
  std::vector<Annotate> annotate;               // write the plan
  std::vector<const translate::Pod*> strip;     // take the plan back
  std::vector<Annotate> let_go;                 // pin and ungate
  std::vector<const translate::Pod*> evict;     // its controller makes another
  std::vector<const translate::Pod*> complain;  // nobody would make another: tell
  std::optional<Millis> again_in;
};

ForeignPlan decide(const ForeignFacts& facts);

}  // namespace berth::control
