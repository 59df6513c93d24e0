#include "translate/policies.h"

#include <gtest/gtest.h>

#include "sched/policy/terms.h"

namespace berth::translate {
namespace {

TEST(Policies, EveryTermOfTheApiHasItsTermOfTheCore) {
  struct Case {
    api::PlacementTerm term;
    std::string want;
  };
  const std::vector<Case> cases = {
      {{.node_label = api::NodeLabelTerm{"zone", api::Operator::NotIn, {"eu", "us"}}},
       "zone not in eu, us"},
      {{.node_label = api::NodeLabelTerm{"zone", api::Operator::Exists, {}}}, "has zone"},
      {{.classes = {"nvidia-h200"}}, "class in nvidia-h200"},
      {{.pools = {"spot", "own"}}, "berth.dev/pool in own, spot"},
      {{.regions = {"eu"}}, "berth.dev/region in eu"},
      {{.max_micro_usd_per_device_hour = 2'000'000}, "at most 2000000 micro-USD per device-hour"},
      {{.interruptible = true}, "berth.dev/interruptible in true"},
      {{.interruptible = false}, "berth.dev/interruptible not in true"},
      {{.domain = api::DomainTerm{"zone", api::Spread::Spread}}, "spread over zone"},
      {{.domain = api::DomainTerm{"zone", api::Spread::Same}}, "in one domain of zone"},
      {{.affinity = api::AffinityTerm{{{"app", "cache"}}, {"zone", api::Spread::Same}}},
       "with work with app=cache by zone"},
      {{.affinity = api::AffinityTerm{{{"app", "cache"}}, {"zone", api::Spread::Spread}}},
       "away from work with app=cache by zone"},
      {{.affinity =
            api::AffinityTerm{{{"app", "cache"}}, {"zone", api::Spread::Spread}, {"tenant"}}},
       "away from work with app=cache,the same tenant by zone"},
      {{.affinity = api::AffinityTerm{{}, {"zone", api::Spread::Same}, {"tenant"}}},
       "with work with the same tenant by zone"},
      {{.affinity = api::AffinityTerm{{}, {"zone", api::Spread::Spread}}},
       "away from other work by zone"},
  };
  for (const Case& one : cases) {
    api::PlacementPolicy policy;
    policy.spec.require = {one.term};
    EXPECT_EQ(sched::text_of(policy_of(policy).require), one.want);
  }
}

TEST(Policies, KeepWhomTheyAreAboutTheirPriorityAndTheirMode) {
  api::PlacementPolicy policy;
  policy.meta.name = "eu";
  policy.spec.priority = 7;
  policy.spec.match = {.namespaces = {"vision"},
                       .tiers = {"Spot"},
                       .labels = {{"data", "eu"}},
                       .classes = {"nvidia-h200"},
                       .min_devices = 8};
  policy.spec.prefer = {{{.pools = {"own"}}, 30}};
  const sched::PlacementPolicy made = policy_of(policy);
  EXPECT_EQ(made.name, "eu");
  EXPECT_EQ(made.priority, 7);
  EXPECT_TRUE(made.is_shadow) << "as the API defaults it";
  EXPECT_EQ(made.match, (sched::WorkMatch{.namespaces = {"vision"},
                                          .tiers = {"Spot"},
                                          .labels = {{"data", "eu"}},
                                          .classes = {"nvidia-h200"},
                                          .min_devices = 8}));
  ASSERT_EQ(made.prefer.size(), 1U);
  EXPECT_EQ(made.prefer[0].weight, 30);
  policy.spec.mode = api::PolicyMode::Enforce;
  EXPECT_FALSE(policy_of(policy).is_shadow);
}

}  // namespace
}  // namespace berth::translate
