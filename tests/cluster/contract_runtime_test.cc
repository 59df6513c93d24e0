#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/election.h"
#include "runtime/informer.h"
#include "runtime/ownership.h"
#include "runtime/recorder.h"
#include "tests/cluster/contract.h"

// The pieces of src/runtime, which are tested in every detail beside their code, hold against a
// real server too.
namespace berth::cluster {
namespace {

using kube::create;
using testing::ElementsAre;
using testing::SizeIs;

struct Widget {
  ObjectMeta meta;
  int count = 0;
};

Result<Widget> decode_widget(Json&& object) {
  Widget widget;
  widget.meta = BERTH_TRY(runtime::identity_of(object));
  widget.count = object["spec"].value("count", 0);
  return widget;
}

class Runtime : public Contract {
 protected:
  runtime::ElectionRules election_rules(const std::string& identity) const {
    return {.name_space = ns(),
            .lease_name = "leader",
            .identity = identity,
            .lease = std::chrono::seconds(4),
            .renew_deadline = std::chrono::seconds(3),
            .retry = Millis{500}};
  }
  bool leads(runtime::Elector& elector) {
    elector.tick();
    return elector.election().leads(server().clock().monotonic());
  }
};

INSTANTIATE_TEST_SUITE_P(Fake, Runtime, testing::Values(ServerChoice{"fake", start_fake}));
INSTANTIATE_TEST_SUITE_P(Real, Runtime, testing::Values(ServerChoice{"real", start_real}));

TEST_P(Runtime, AnInformerFollowsACollection) {
  runtime::Store<Widget> store;
  NoLog log;
  runtime::Informer<Widget> informer(server().transport(), {kWidgets, {.name_space = ns()}},
                                     decode_widget, store, log);
  const auto holds = [&](const std::function<bool()>& what) {
    return eventually([&] {
      informer.tick(server().clock().monotonic());
      return what();
    });
  };
  must(create(kWidgets, widget("a", 1)));
  must(create(kWidgets, widget("b", 2)));
  informer.start();
  ASSERT_TRUE(holds([&] { return informer.synced() && store.size() == 2; }));
  must(kube::patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 7}}}}));
  must(kube::remove(kWidgets, ns(), "b"));
  EXPECT_TRUE(holds([&] { return store.size() == 1 && store.all().begin()->count == 7; }));
}

TEST_P(Runtime, LeadershipPassesOnWhenItIsReleased) {
  runtime::Elector a(server().transport(), server().clock(), election_rules("a"));
  ASSERT_TRUE(eventually([&] { return leads(a); }));
  EXPECT_EQ(a.election().epoch(), 1);
  runtime::Elector b(server().transport(), server().clock(), election_rules("b"));
  EXPECT_TRUE(eventually([&] { return !leads(b) && b.election().holder() == "a"; }));
  a.election().release();
  ASSERT_TRUE(eventually([&] { return !leads(a) && a.election().over(); }));
  ASSERT_TRUE(eventually([&] { return leads(b); }));
  EXPECT_EQ(b.election().epoch(), 2);
}

TEST_P(Runtime, LeadershipPassesOnWhenItIsNotRenewed) {
  runtime::Elector a(server().transport(), server().clock(), election_rules("a"));
  ASSERT_TRUE(eventually([&] { return leads(a); }));
  runtime::Elector b(server().transport(), server().clock(), election_rules("b"));
  bool both = false;
  ASSERT_TRUE(eventually([&] {
    const bool b_leads = leads(b);
    both = both || (b_leads && a.election().leads(server().clock().monotonic()));
    return b_leads;
  }));
  EXPECT_FALSE(both);
}

TEST_P(Runtime, EventsAreWrittenInSeries) {
  NoLog log;
  runtime::Recorder recorder(
      server().transport(), server().clock(),
      {.controller = "berth.dev/operator", .instance = "pod-0", .series_interval = Millis{500}},
      log);
  const Json about = must(create(kWidgets, widget("a")));
  const runtime::Event event{{kube::api_version(kWidgets), "Widget", ns(), "a", uid_of(about)},
                             runtime::EventType::Warning,
                             "OverQuota",
                             "Admit",
                             "wants 8, quota leaves 3"};
  for (int i = 0; i < 3; ++i) recorder.record(event);
  const auto stored = [&] {
    recorder.tick();
    return must(kube::list(kube::kEvents, {.select = {.name_space = ns()}}))["items"];
  };
  ASSERT_TRUE(eventually([&] { return !stored().empty(); }));
  recorder.record(event);
  ASSERT_TRUE(
      eventually([&] { return stored()[0].value(Json::json_pointer("/series/count"), 0) == 4; }));
  EXPECT_THAT(stored(), SizeIs(1));
  EXPECT_EQ(recorder.dropped(), 0);
}

TEST_P(Runtime, FinalizersArePutOnAndTakenOff) {
  const auto meta = [&] {
    const Json object = get(kWidgets, "a");
    ObjectMeta now = *runtime::identity_of(object);
    now.finalizers = object["metadata"].value("finalizers", std::vector<std::string>());
    return now;
  };
  const auto patch = [&](const std::optional<Json>& operations) {
    return kube::patch_json(kWidgets, ns(), "a", *operations);
  };
  must(create(kWidgets, widget("a")));
  const ObjectMeta before = meta();
  must(patch(runtime::add_finalizer(before, "berth.dev/release")));
  must(patch(runtime::add_finalizer(meta(), "other.dev/x")));
  EXPECT_THAT(meta().finalizers, ElementsAre("berth.dev/release", "other.dev/x"));
  EXPECT_EQ(refusal(patch(runtime::add_finalizer(before, "late.dev/y"))), Code::Invalid);
  must(kube::remove(kWidgets, ns(), "a"));
  must(patch(runtime::remove_finalizer(meta(), "berth.dev/release")));
  must(patch(runtime::remove_finalizer(meta(), "other.dev/x")));
  EXPECT_FALSE(exists(kWidgets, "a"));
}

}  // namespace
}  // namespace berth::cluster
