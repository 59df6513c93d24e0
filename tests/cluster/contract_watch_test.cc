#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kube/version.h"
#include "tests/cluster/contract.h"

// What lists and watches tell.
namespace berth::cluster {
namespace {

using kube::create;
using kube::patch_merge;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Watching : public Contract {
 protected:
  Json list(kube::ListOptions options = {}, const kube::Resource& resource = kWidgets) {
    options.select.name_space = ns();
    return must(kube::list(resource, options));
  }
  std::string list_version() { return version_of(list()); }
  std::unique_ptr<WatchLog> watch(kube::WatchOptions options) {
    options.select.name_space = ns();
    return std::make_unique<WatchLog>(server(), kube::watch(kWidgets, options));
  }
  // Without the bookmarks that the API server sends when it likes.
  static std::vector<std::string> news(const WatchLog& log) {
    std::vector<std::string> words = log.words();
    std::erase(words, "BOOKMARK");
    return words;
  }
  bool tells(const WatchLog& log, const std::vector<std::string>& words) {
    const bool told = eventually([&] { return news(log).size() >= words.size(); });
    EXPECT_EQ(news(log), words);
    return told;
  }
  void label(const std::string& name, const Json& value) {
    must(patch_merge(kWidgets, ns(), name, {{"metadata", {{"labels", {{"tier", value}}}}}}));
  }
};

INSTANTIATE_TEST_SUITE_P(Fake, Watching, testing::Values(ServerChoice{"fake", start_fake}));
INSTANTIATE_TEST_SUITE_P(Real, Watching, testing::Values(ServerChoice{"real", start_real}));

TEST_P(Watching, AListIsInNameOrderAndHasAVersion) {
  for (const char* name : {"b", "a", "c"}) must(create(kWidgets, widget(name)));
  const Json all = list();
  EXPECT_THAT(names_of(all), ElementsAre("a", "b", "c"));
  EXPECT_FALSE(kube::is_newer(version_of(get(kWidgets, "c")), version_of(all)));
  EXPECT_EQ(all["kind"], "WidgetList");
}

TEST_P(Watching, OnlyItemsOfOurKindsCarryTheirType) {
  must(create(kWidgets, widget("a")));
  must(create(kube::kConfigMaps, config_map("a")));
  EXPECT_EQ(list()["items"][0]["kind"], "Widget");
  EXPECT_FALSE(list({}, kube::kConfigMaps)["items"][0].contains("kind"));
}

TEST_P(Watching, PagesAreOfOneVersion) {
  for (const char* name : {"a", "b", "c"}) must(create(kWidgets, widget(name)));
  const Json first = list({.limit = 2});
  EXPECT_THAT(names_of(first), ElementsAre("a", "b"));
  EXPECT_EQ(first["metadata"]["remainingItemCount"], 1);
  must(create(kWidgets, widget("d")));
  const Json second =
      list({.limit = 2, .continue_token = first["metadata"]["continue"].get<std::string>()});
  EXPECT_THAT(names_of(second), ElementsAre("c"));
  EXPECT_EQ(version_of(second), version_of(first));
  EXPECT_EQ(second["metadata"].value("continue", ""), "");
}

TEST_P(Watching, LabelSelectorsSelect) {
  for (const char* name : {"gold", "iron", "none"}) must(create(kWidgets, widget(name)));
  label("gold", "gold");
  label("iron", "iron");
  const auto selected = [&](const std::string& labels) {
    return names_of(list({.select = {.labels = labels}}));
  };
  EXPECT_THAT(selected("tier=gold"), ElementsAre("gold"));
  EXPECT_THAT(selected("tier==gold"), ElementsAre("gold"));
  EXPECT_THAT(selected("tier!=gold"), ElementsAre("iron", "none"));
  EXPECT_THAT(selected("tier in (gold, iron)"), ElementsAre("gold", "iron"));
  EXPECT_THAT(selected("tier notin (gold)"), ElementsAre("iron", "none"));
  EXPECT_THAT(selected("tier"), ElementsAre("gold", "iron"));
  EXPECT_THAT(selected("!tier"), ElementsAre("none"));
  EXPECT_THAT(selected("tier,tier!=iron"), ElementsAre("gold"));
}

TEST_P(Watching, FieldSelectorsSelect) {
  bound_pod("bound");
  must(create(kube::kPods, pod("free")));
  const auto selected = [&](const std::string& fields) {
    return names_of(list({.select = {.fields = fields}}, kube::kPods));
  };
  EXPECT_THAT(selected("metadata.name=free"), ElementsAre("free"));
  EXPECT_THAT(selected("spec.nodeName=node-x"), ElementsAre("bound"));
  EXPECT_THAT(selected("spec.nodeName="), ElementsAre("free"));
  EXPECT_THAT(selected("spec.nodeName!="), ElementsAre("bound"));
  EXPECT_THAT(selected("status.phase=Pending"), ElementsAre("bound", "free"));
  EXPECT_EQ(refusal(kube::list(kube::kPods, {.select = {ns(), "", "spec.nothing=x"}})),
            Code::Invalid);
}

TEST_P(Watching, AVersionOfTheFutureIsNotThereYet) {
  const std::string future = list_version() + "000000";
  EXPECT_EQ(refusal(kube::list(kWidgets, {.select = {.name_space = ns()},
                                          .resource_version = future,
                                          .match = kube::VersionMatch::NotOlderThan})),
            Code::Unavailable);
}

TEST_P(Watching, TellsEveryChangeAfterTheVersionInOrder) {
  must(create(kWidgets, widget("before")));
  const auto log = watch({.resource_version = list_version()});
  must(create(kWidgets, widget("a")));
  must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 2}}}}));
  must(kube::remove(kWidgets, ns(), "a"));
  ASSERT_TRUE(tells(*log, {"ADDED a", "MODIFIED a", "DELETED a"}));
  EXPECT_EQ(log->events()[0]["object"]["kind"], "Widget");
  EXPECT_EQ(log->events()[1]["object"]["spec"]["count"], 2);
  EXPECT_TRUE(kube::is_newer(version_of(log->events()[2]["object"]),
                             version_of(log->events()[1]["object"])));
}

TEST_P(Watching, TellsWhatHappenedWhileNobodyWatched) {
  const std::string version = list_version();
  must(create(kWidgets, widget("a")));
  must(kube::remove(kWidgets, ns(), "a"));
  EXPECT_TRUE(tells(*watch({.resource_version = version}), {"ADDED a", "DELETED a"}));
}

TEST_P(Watching, AWriteThatChangesNothingIsNotTold) {
  const Json object = must(create(kWidgets, widget("a")));
  const auto log = watch({.resource_version = list_version()});
  must(kube::replace(kWidgets, object));
  must(create(kWidgets, widget("b")));
  EXPECT_TRUE(tells(*log, {"ADDED b"}));
}

TEST_P(Watching, WithoutAVersionStartsWithTheState) {
  must(create(kWidgets, widget("a")));
  const auto log = watch({.bookmarks = false});
  ASSERT_TRUE(tells(*log, {"ADDED a"}));
  must(create(kWidgets, widget("b")));
  EXPECT_TRUE(tells(*log, {"ADDED a", "ADDED b"}));
}

TEST_P(Watching, WithoutAVersionButWithBookmarksIsAStreamingList) {
  must(create(kWidgets, widget("a")));
  EXPECT_TRUE(tells(*watch({}), {"ADDED a", "BOOKMARK end"}));
}

TEST_P(Watching, AStreamingListEndsWithAMark) {
  for (const char* name : {"a", "b"}) must(create(kWidgets, widget(name)));
  const auto log = watch({.initial_events = true});
  ASSERT_TRUE(eventually([&] { return news(*log).size() >= 3; }));
  EXPECT_THAT(news(*log), UnorderedElementsAre("ADDED a", "ADDED b", "BOOKMARK end"));
  EXPECT_EQ(news(*log).back(), "BOOKMARK end");
  EXPECT_FALSE(
      kube::is_newer(version_of(get(kWidgets, "b")), version_of(log->events()[2]["object"])));
  must(create(kWidgets, widget("c")));
  EXPECT_TRUE(eventually([&] { return news(*log).back() == "ADDED c"; }));
}

TEST_P(Watching, AStreamingListOfNothingIsOnlyTheMark) {
  const auto log = watch({.initial_events = true});
  EXPECT_TRUE(tells(*log, {"BOOKMARK end"}));
}

TEST_P(Watching, InitialEventsWithoutAMatchAreRefused) {
  kube::Request request = kube::watch(kWidgets, {.select = {.name_space = ns()}});
  request.query += "&sendInitialEvents=true";
  const WatchLog log(server(), request);
  ASSERT_TRUE(eventually([&] { return log.ended(); }));
  ASSERT_FALSE(log.end()->ok());
  EXPECT_EQ(log.end()->error().code, Code::Invalid);
}

TEST_P(Watching, AVersionThatIsForgottenIsExpired) {
  const auto log = watch({.resource_version = "1"});
  ASSERT_TRUE(tells(*log, {"ERROR 410"}));
  EXPECT_EQ(log->events()[0]["object"]["reason"], "Expired");
  EXPECT_TRUE(eventually([&] { return log->ended(); }));
}

// The API server tells no bookmark of a version that the watch began with, so something unwatched
// happens meanwhile; and it promises none in time (KEP-956), so a busy one has more than one try.
TEST_P(Watching, EndsCleanlyAfterItsTimeWithABookmarkBefore) {
  bool marked = false;
  for (const std::string name : {"a", "b", "c"}) {
    const auto log = watch({.select = {.labels = "tier=gold"},
                            .resource_version = list_version(),
                            .server_timeout = std::chrono::seconds(4)});
    must(create(kWidgets, widget(name)));
    ASSERT_TRUE(eventually([&] { return log->ended(); }));
    ASSERT_TRUE(log->end()->ok());
    marked = testing::Value(log->words(), Contains("BOOKMARK"));
    if (marked) break;
  }
  EXPECT_TRUE(marked);
}

TEST_P(Watching, HasNoBookmarksUnlessItAllowsThem) {
  const auto log = watch({.resource_version = list_version(),
                          .bookmarks = false,
                          .server_timeout = std::chrono::seconds(4)});
  ASSERT_TRUE(eventually([&] { return log->ended(); }));
  EXPECT_THAT(log->words(), IsEmpty());
}

TEST_P(Watching, TellsObjectsThatEnterAndLeaveItsSelection) {
  must(create(kWidgets, widget("a")));
  const auto log = watch({.select = {.labels = "tier=gold"}, .resource_version = list_version()});
  must(create(kWidgets, widget("other")));
  label("a", "gold");
  must(patch_merge(kWidgets, ns(), "a", {{"spec", {{"count", 2}}}}));
  label("a", nullptr);
  must(kube::remove(kWidgets, ns(), "a"));
  EXPECT_TRUE(tells(*log, {"ADDED a", "MODIFIED a", "DELETED a"}));
}

TEST_P(Watching, TheEndOfAFinalizerIsADeletionToo) {
  Json object = widget("a");
  object["metadata"]["finalizers"] = {"contract.berth.dev/held"};
  must(create(kWidgets, object));
  const auto log = watch({.resource_version = list_version()});
  must(kube::remove(kWidgets, ns(), "a"));
  must(patch_merge(kWidgets, ns(), "a", {{"metadata", {{"finalizers", nullptr}}}}));
  EXPECT_TRUE(tells(*log, {"MODIFIED a", "DELETED a"}));
}

TEST_P(Watching, StopsWhenItIsClosed) {
  {
    const auto log = watch({.resource_version = list_version()});
    server().let_pass(Millis{0});
  }
  must(create(kWidgets, widget("a")));
  server().let_pass(Millis{100});
}

}  // namespace
}  // namespace berth::cluster
