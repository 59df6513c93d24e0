#include "runtime/informer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "kube/request.h"

// An informer over the server in memory, through everything that can happen to its watch.
namespace berth::runtime {
namespace {

using kube::fake::FakeServer;
using kube::fake::FakeTransport;
using kube::fake::Fault;
using kube::fake::LineFate;
using testing::ElementsAre;

struct Pod {
  ObjectMeta meta;
  std::string node;
};

Result<Pod> decode_pod(Json&& object) {
  if (object["metadata"].value("annotations", Json::object()).contains("bad")) {
    return Error{Code::Invalid, "a bad pod"};
  }
  Pod pod;
  pod.meta = BERTH_TRY(identity_of(object));
  pod.node = object.value(Json::json_pointer("/spec/nodeName"), "");
  return pod;
}

bool is_watch(const kube::Request& request) {
  return request.query.find("watch=true") != std::string::npos;
}

class InformerTest : public testing::Test {
 protected:
  InformerTest() { informer_.start(); }

  void run(Millis time = Millis{0}) {
    for (int i = 0; i < 20; ++i) {
      clock_.advance(time / 20);
      informer_.tick(clock_.monotonic());
      transport_.poll();
    }
  }
  void create(const std::string& name) {
    server_.handle(
        kube::create(kube::kPods, {{"metadata", {{"name", name}, {"namespace", "default"}}},
                                   {"spec", {{"containers", Json::array()}}}}));
  }
  void remove(const std::string& name) {
    server_.handle(kube::remove(kube::kPods, "default", name, {.grace_seconds = 0}));
  }
  std::vector<std::string> names() {
    std::vector<std::string> names;
    for (const Pod& pod : store_.all()) names.push_back(pod.meta.name);
    return names;
  }

  ManualClock clock_;
  FakeServer server_{clock_};
  FakeTransport transport_{server_, clock_};
  NoLog log_;
  Store<Pod> store_;
  Informer<Pod> informer_{transport_, {kube::kPods, {}}, decode_pod, store_,
                          log_,       {.page_limit = 2}};
};

TEST_F(InformerTest, FollowsTheCollection) {
  create("a");
  EXPECT_FALSE(informer_.synced());
  run();
  EXPECT_TRUE(informer_.synced());
  create("b");
  remove("a");
  run();
  EXPECT_THAT(names(), ElementsAre("b"));
}

TEST_F(InformerTest, ListsInPagesFromAServerWithoutStreamingLists) {
  server_.serve_streaming_lists(false);
  for (const char* name : {"a", "b", "c", "d", "e"}) create(name);
  run();
  EXPECT_TRUE(informer_.synced());
  EXPECT_THAT(names(), ElementsAre("a", "b", "c", "d", "e"));
  create("f");
  run();
  EXPECT_EQ(names().size(), 6u);
}

TEST_F(InformerTest, LosesNothingWhenItsStreamIsCut) {
  run();
  transport_.cut_streams(Error{Code::Unavailable, "reset"});
  create("a");
  create("b");
  remove("a");
  run(std::chrono::minutes(1));
  EXPECT_THAT(names(), ElementsAre("b"));
}

TEST_F(InformerTest, ListsAgainWhenItsVersionWasCompacted) {
  create("a");
  create("b");
  run();
  transport_.cut_streams(Error{Code::Unavailable, "reset"});
  remove("a");
  create("c");
  server_.compact();
  run(std::chrono::minutes(1));
  run(std::chrono::minutes(1));
  EXPECT_THAT(names(), ElementsAre("b", "c"));
}

TEST_F(InformerTest, TheDeadAreRememberedForMinutesAndThenForgotten) {
  create("a");
  run();
  remove("a");
  run(Millis{1'000});
  EXPECT_EQ(store_.dead(), 1u);
  run(Informer<Pod>::kDeadFor);
  EXPECT_EQ(store_.dead(), 1u);
  run(Informer<Pod>::kDeadFor);
  EXPECT_EQ(store_.dead(), 0u);
}

TEST_F(InformerTest, CatchesUpAfterASilence) {
  run();
  transport_.stall_streams(true);
  create("a");
  run();
  EXPECT_THAT(names(), ElementsAre());
  transport_.stall_streams(false);
  run();
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(InformerTest, TakesRepeatedEventsForWhatTheyAre) {
  transport_.on_line([](const kube::Request&, std::string_view) { return LineFate::Twice; });
  run();
  create("a");
  create("b");
  remove("a");
  run();
  EXPECT_THAT(names(), ElementsAre("b"));
}

TEST_F(InformerTest, ComesBackAfterTheServerWasAway) {
  transport_.inject({is_watch, Fault::refused(), 0, 7});
  create("a");
  for (int i = 0; i < 10; ++i) run(std::chrono::minutes(1));
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(InformerTest, LeavesOutABadObjectAndGoesOn) {
  create("bad");
  server_.handle(kube::patch_merge(kube::kPods, "default", "bad",
                                   {{"metadata", {{"annotations", {{"bad", "1"}}}}}}));
  create("good");
  run();
  EXPECT_TRUE(informer_.synced());
  EXPECT_THAT(names(), ElementsAre("good"));
  EXPECT_EQ(informer_.undecodable(), 1);
}

TEST_F(InformerTest, OurOwnWriteIsReadAtOnceAndNotUndone) {
  create("a");
  run();
  Pod ours = *store_.find({"default", "a"});
  server_.handle(kube::bind_pod("default", "a", ours.meta.uid, "n1"));
  const Json stored = *server_.find(kube::kPods, "default", "a");
  store_.upsert(*decode_pod(Json(stored)));
  EXPECT_EQ(store_.find({"default", "a"})->node, "n1");
  run();
  EXPECT_EQ(store_.find({"default", "a"})->node, "n1");
}

TEST_F(InformerTest, ClosesItsStreamWhenItStops) {
  run();
  EXPECT_EQ(transport_.open_streams(), 1u);
  informer_.stop();
  EXPECT_EQ(transport_.open_streams(), 0u);
}

}  // namespace
}  // namespace berth::runtime
