#include "operator/controllers/placementpolicy/placementpolicy_plan.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

const Instant kNow = Instant{Millis{1'800'000'000'000}};

// A policy and what was seen of it: Seen().nodes(3).plan()
struct Seen {
  api::PlacementPolicy policy;
  std::string requires_text = "zone in eu";
  int64_t on_nodes = 1;
  int64_t matched = 0;
  int64_t would_change = 0;
  std::vector<sched::PolicyConflict> conflicts;

  Seen() {
    policy.meta.name = "eu";
    policy.meta.generation = 1;
    policy.spec.mode = api::PolicyMode::Enforce;
  }
  Seen& nodes(int64_t count) {
    on_nodes = count;
    return *this;
  }
  Seen& only_prefers() {
    requires_text.clear();
    return nodes(0);
  }
  Seen& counts(int64_t work, int64_t changes) {
    matched = work;
    would_change = changes;
    return *this;
  }
  Seen& shadow() {
    policy.spec.mode = api::PolicyMode::Shadow;
    return *this;
  }
  Seen& conflict(const std::string& winner, const std::string& loser) {
    conflicts.push_back({winner, loser, "no node meets both"});
    return *this;
  }
  PolicyPlan plan() const {
    return decide({policy, requires_text, on_nodes, matched, would_change, conflicts, kNow});
  }
  Seen& store() {
    policy.status = plan().status;
    return *this;
  }
  std::string said(std::string_view type) const {
    const PolicyPlan made = plan();
    const api::Condition* found = api::find_condition(made.status.conditions, type);
    if (found == nullptr) return "absent";
    return (found->is_true() ? "True " : "False ") + found->reason + ": " + found->message;
  }
};

TEST(PolicyPlan, SaysWhetherItCanBeMet) {
  EXPECT_EQ(Seen().nodes(3).said("Ready"), "True Enforced: 3 nodes can meet it");
  EXPECT_EQ(Seen().nodes(0).said("Ready"), "False NoNode: no node meets it: zone in eu");
  EXPECT_EQ(Seen().only_prefers().said("Ready"), "True Enforced: prefers");
  EXPECT_EQ(Seen().shadow().said("Ready"),
            "True Shadow: 1 node can meet it; it only reports what it would change");
}

TEST(PolicyPlan, TellsAConflictOnBothSides) {
  EXPECT_EQ(Seen().said("Conflicting"), "absent");
  EXPECT_EQ(Seen().conflict("eu", "us").said("Conflicting"),
            "True Overrules: wins over us: no node meets both");
  EXPECT_EQ(Seen().conflict("us", "eu").conflict("uk", "eu").said("Conflicting"),
            "True Overruled: us wins over it: no node meets both; and 1 more");
}

TEST(PolicyPlan, AConflictThatIsOverIsTakenBack) {
  Seen seen;
  seen.conflict("us", "eu").store().conflicts.clear();
  EXPECT_EQ(seen.said("Conflicting"), "False NoConflict: can be met beside all others");
}

TEST(PolicyPlan, ChangesNothingWhenNothingChanged) {
  EXPECT_FALSE(Seen().counts(3, 1).store().plan().is_changed);
}

TEST(PolicyPlan, CountsAreWhatWasSeen) {
  Seen seen;
  seen.store().counts(7, 2);
  EXPECT_TRUE(seen.plan().is_changed);
  EXPECT_EQ(seen.plan().status.matched, 7);
  EXPECT_EQ(seen.plan().status.would_change, 2);
  EXPECT_EQ(seen.plan().status.observed_generation, 1);
}

}  // namespace
}  // namespace berth::control
