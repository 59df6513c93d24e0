#include "kube/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace berth::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Json object(const std::string& name, const std::string& version) {
  return {{"metadata", {{"name", name}, {"resourceVersion", version}}}};
}

std::string event(const std::string& type, const Json& object) {
  return Json{{"type", type}, {"object", object}}.dump();
}

std::string bookmark(const std::string& version) {
  return event("BOOKMARK", {{"metadata", {{"resourceVersion", version}}}});
}

std::string end_of_list(const std::string& version) {
  return event(
      "BOOKMARK",
      {{"metadata",
        {{"resourceVersion", version}, {"annotations", {{"k8s.io/initial-events-end", "true"}}}}}});
}

Json page(std::vector<Json> items, const std::string& version, const std::string& next = "") {
  return {{"items", std::move(items)},
          {"metadata", {{"resourceVersion", version}, {"continue", next}}}};
}

// Deltas as words: "begin", "+a" (upsert), "-a" (remove), "end 7", "end 7 back".
std::string word(const Delta& delta) {
  if (std::holds_alternative<ListBegin>(delta)) return "begin";
  if (const auto* end = std::get_if<ListEnd>(&delta)) {
    return "end " + end->version + (end->went_back ? " back" : "");
  }
  const auto name = [](const Json& of) { return of["metadata"]["name"].get<std::string>(); };
  if (const auto* upsert = std::get_if<Upsert>(&delta)) return "+" + name(upsert->object);
  return "-" + name(std::get<Remove>(delta).object);
}

class WatchTest : public testing::Test {
 protected:
  // What the machine wants done now.
  Request opened() {
    auto action = watch_.next(now_);
    EXPECT_TRUE(std::holds_alternative<Watch::Open>(action));
    return std::holds_alternative<Watch::Open>(action) ? std::get<Watch::Open>(action).request
                                                       : Request{};
  }
  Request listed() {
    auto action = watch_.next(now_);
    EXPECT_TRUE(std::holds_alternative<Watch::List>(action));
    return std::holds_alternative<Watch::List>(action) ? std::get<Watch::List>(action).request
                                                       : Request{};
  }
  // How long it wants to be left alone.
  Millis waits() {
    auto action = watch_.next(now_);
    EXPECT_TRUE(std::holds_alternative<Watch::Wait>(action));
    return std::get<Watch::Wait>(action).until - now_;
  }
  void pass_backoff() { now_ += waits(); }

  bool line(const std::string& text) { return watch_.line(text, deltas_); }
  std::vector<std::string> learnt() {
    std::vector<std::string> words;
    for (const Delta& delta : std::exchange(deltas_, {})) words.push_back(word(delta));
    return words;
  }
  // Through a streaming list of nothing, to the state of watching from version 10.
  void reach_watching() {
    opened();
    EXPECT_TRUE(line(end_of_list("10")));
    learnt();
  }
  // Through the refusal of a streaming list, to the paged one.
  void refuse_streaming() {
    opened();
    watch_.ended(Error{Code::Invalid, "sendInitialEvents is forbidden"});
  }

  Monotonic now_{};
  Watch watch_{{kPods, {.name_space = "ns", .labels = "a=b"}}, {.page_limit = 2, .seed = 1}};
  std::vector<Delta> deltas_;
};

TEST_F(WatchTest, ListsThroughTheStreamFirst) {
  const Request request = opened();
  EXPECT_EQ(request.path, "/api/v1/namespaces/ns/pods");
  EXPECT_THAT(request.query, HasSubstr("sendInitialEvents=true"));
  EXPECT_THAT(request.query, HasSubstr("labelSelector=a%3Db"));
  EXPECT_TRUE(line(event("ADDED", object("a", "5"))));
  EXPECT_TRUE(line(event("ADDED", object("b", "3"))));
  EXPECT_FALSE(watch_.synced());
  EXPECT_TRUE(line(end_of_list("9")));
  EXPECT_THAT(learnt(), ElementsAre("begin", "+a", "+b", "end 9"));
  EXPECT_TRUE(watch_.synced());
}

TEST_F(WatchTest, GoesOnWatchingInTheStreamThatListed) {
  reach_watching();
  EXPECT_EQ(waits(), Monotonic::max() - now_);
  EXPECT_TRUE(line(event("MODIFIED", object("a", "11"))));
  EXPECT_TRUE(line(event("DELETED", object("a", "12"))));
  EXPECT_THAT(learnt(), ElementsAre("+a", "-a"));
  EXPECT_EQ(watch_.version(), "12");
}

TEST_F(WatchTest, AnEmptyCollectionIsAWholeList) {
  opened();
  EXPECT_TRUE(line(end_of_list("4")));
  EXPECT_THAT(learnt(), ElementsAre("begin", "end 4"));
}

TEST_F(WatchTest, ListsInPagesWhenTheServerRefusesStreamingLists) {
  refuse_streaming();
  EXPECT_THAT(listed().query, HasSubstr("limit=2"));
  watch_.listed(page({object("a", "1"), object("b", "2")}, "7", "next"), deltas_);
  EXPECT_THAT(listed().query, HasSubstr("continue=next"));
  watch_.listed(page({object("c", "3")}, "7"), deltas_);
  EXPECT_THAT(learnt(), ElementsAre("begin", "+a", "+b", "+c", "end 7"));
  EXPECT_THAT(opened().query, HasSubstr("resourceVersion=7"));
}

TEST_F(WatchTest, RemembersThatStreamingListsAreRefused) {
  refuse_streaming();
  listed();
  watch_.listed(page({}, "7"), deltas_);
  opened();
  watch_.ended(Error{Code::Expired, ""});
  pass_backoff();
  listed();
}

TEST_F(WatchTest, ListsInPagesOnceWhenAStreamEndsWithoutHavingMarkedTheList) {
  opened();
  EXPECT_TRUE(line(event("ADDED", object("a", "5"))));
  watch_.ended(Done{});
  listed();
  watch_.listed(page({}, "7"), deltas_);
  opened();
  watch_.ended(Error{Code::Expired, ""});
  pass_backoff();
  EXPECT_THAT(opened().query, HasSubstr("sendInitialEvents"));
}

TEST_F(WatchTest, StartsTheListAgainWhenItsContinueTokenHasExpired) {
  refuse_streaming();
  listed();
  watch_.listed(page({object("a", "1"), object("b", "2")}, "7", "next"), deltas_);
  listed();
  watch_.listed(Error{Code::Expired, ""}, deltas_);
  learnt();
  pass_backoff();
  EXPECT_THAT(listed().query, Not(HasSubstr("continue")));
  watch_.listed(page({object("b", "2")}, "8"), deltas_);
  EXPECT_THAT(learnt(), ElementsAre("begin", "+b", "end 8"));
}

TEST_F(WatchTest, AsksForAFailedPageAgain) {
  refuse_streaming();
  listed();
  watch_.listed(page({object("a", "1"), object("b", "2")}, "7", "next"), deltas_);
  listed();
  watch_.listed(Error{Code::Timeout, ""}, deltas_);
  pass_backoff();
  EXPECT_THAT(listed().query, HasSubstr("continue=next"));
}

TEST_F(WatchTest, AListWithoutItemsIsAFailure) {
  refuse_streaming();
  listed();
  watch_.listed(Json{{"kind", "Status"}}, deltas_);
  EXPECT_THAT(learnt(), ElementsAre());
  EXPECT_GT(waits(), Millis{0});
}

TEST_F(WatchTest, ResumesAtOnceFromTheLastVersionWhenTheStreamEndsCleanly) {
  reach_watching();
  EXPECT_TRUE(line(event("ADDED", object("a", "15"))));
  watch_.ended(Done{});
  EXPECT_THAT(opened().query, HasSubstr("resourceVersion=15"));
  EXPECT_TRUE(watch_.synced());
}

TEST_F(WatchTest, BookmarksAdvanceTheVersionToResumeFrom) {
  reach_watching();
  EXPECT_TRUE(line(bookmark("40")));
  EXPECT_THAT(learnt(), ElementsAre());
  watch_.ended(Done{});
  EXPECT_THAT(opened().query, HasSubstr("resourceVersion=40"));
}

TEST_F(WatchTest, WaitsBeforeResumingAStreamThatToldNothing) {
  reach_watching();
  watch_.ended(Done{});
  opened();
  watch_.ended(Done{});
  EXPECT_GT(waits(), Millis{0});
}

TEST_F(WatchTest, ResumesAfterABackoffWhenTheStreamBreaks) {
  reach_watching();
  watch_.ended(Error{Code::Unavailable, "reset"});
  EXPECT_GT(waits(), Millis{0});
  pass_backoff();
  const Request request = opened();
  EXPECT_THAT(request.query, HasSubstr("resourceVersion=10"));
  EXPECT_THAT(request.query, Not(HasSubstr("sendInitialEvents")));
}

TEST_F(WatchTest, ASilentStreamIsResumed) {
  reach_watching();
  watch_.ended(Error{Code::Timeout, "silence"});
  pass_backoff();
  EXPECT_THAT(opened().query, HasSubstr("resourceVersion=10"));
}

TEST_F(WatchTest, ListsAgainWhenItsVersionHasExpiredAtOpen) {
  reach_watching();
  watch_.ended(Done{});
  opened();
  watch_.ended(Error{Code::Expired, ""});
  EXPECT_FALSE(watch_.synced());
  pass_backoff();
  EXPECT_THAT(opened().query, HasSubstr("sendInitialEvents=true"));
}

TEST_F(WatchTest, ListsAgainWhenItsVersionExpiresInTheStream) {
  reach_watching();
  EXPECT_FALSE(line(event("ERROR", {{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}})));
  pass_backoff();
  EXPECT_THAT(opened().query, HasSubstr("sendInitialEvents=true"));
}

TEST_F(WatchTest, ResumesAfterAnotherErrorInTheStream) {
  reach_watching();
  EXPECT_FALSE(line(event("ERROR", {{"kind", "Status"}, {"code", 500}})));
  pass_backoff();
  EXPECT_THAT(opened().query, HasSubstr("resourceVersion=10"));
}

TEST_F(WatchTest, ALineThatIsNoEventBreaksTheStream) {
  reach_watching();
  EXPECT_FALSE(line(R"({"type":"ADDED","obj)"));
  pass_backoff();
  EXPECT_THAT(opened().query, HasSubstr("resourceVersion=10"));
}

TEST_F(WatchTest, ListsAgainWhenABookmarkGoesBack) {
  reach_watching();
  EXPECT_FALSE(line(bookmark("9")));
  pass_backoff();
  EXPECT_THAT(opened().query, HasSubstr("sendInitialEvents=true"));
}

TEST_F(WatchTest, SaysWhenAListIsOlderThanWhatWasSeen) {
  reach_watching();
  watch_.ended(Error{Code::Expired, ""});
  pass_backoff();
  opened();
  EXPECT_TRUE(line(end_of_list("8")));
  EXPECT_THAT(learnt(), ElementsAre("begin", "end 8 back"));
}

TEST_F(WatchTest, ListsAgainWhenAWatchCannotBeOpenedForLong) {
  reach_watching();
  watch_.ended(Error{Code::Unavailable, ""});
  for (int i = 1; i < Watch::kTriesBeforeList; ++i) {
    pass_backoff();
    EXPECT_THAT(opened().query, HasSubstr("resourceVersion=10"));
    watch_.ended(Error{Code::Unavailable, ""});
  }
  pass_backoff();
  EXPECT_THAT(opened().query, HasSubstr("sendInitialEvents=true"));
}

TEST_F(WatchTest, BacksOffLongerWithEveryFailureUpToALimit) {
  Millis last{0};
  for (int i = 0; i < 12; ++i) {
    opened();
    watch_.ended(Error{Code::Unavailable, ""});
    last = waits();
    EXPECT_LE(last, Millis{30'000});
    now_ += last;
  }
  EXPECT_GE(last, Millis{15'000});
}

TEST_F(WatchTest, CountsFailuresAnewAfterAnObject) {
  reach_watching();
  for (int i = 0; i < 4; ++i) {
    watch_.ended(Error{Code::Unavailable, ""});
    pass_backoff();
    opened();
  }
  EXPECT_TRUE(line(event("ADDED", object("a", "15"))));
  EXPECT_EQ(watch_.failures(), 0);
}

TEST_F(WatchTest, WaitsAsLongAsTheServerAsks) {
  opened();
  watch_.ended(Error{Code::Unavailable, "429", Millis{25'000}});
  EXPECT_EQ(waits(), Millis{25'000});
}

TEST_F(WatchTest, TakesUpTheListAfreshWhenItsStreamBreaksHalfway) {
  opened();
  EXPECT_TRUE(line(event("ADDED", object("a", "5"))));
  watch_.ended(Error{Code::Unavailable, ""});
  learnt();
  pass_backoff();
  opened();
  EXPECT_TRUE(line(event("ADDED", object("b", "6"))));
  EXPECT_TRUE(line(end_of_list("9")));
  EXPECT_THAT(learnt(), ElementsAre("begin", "+b", "end 9"));
}

TEST(Backoff, IsTheSameForTheSameSeedAndSpreadsOverSeeds) {
  const Backoff backoff{.first = Millis{1000}, .most = Millis{8000}};
  EXPECT_EQ(backoff.delay(2, 7), backoff.delay(2, 7));
  bool differs = false;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_GE(backoff.delay(2, seed), Millis{1000});
    EXPECT_LE(backoff.delay(2, seed), Millis{2000});
    differs = differs || backoff.delay(2, seed) != backoff.delay(2, 0);
  }
  EXPECT_TRUE(differs);
}

}  // namespace
}  // namespace berth::kube
