#include "runtime/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "kube/request.h"

namespace berth::runtime {
namespace {

using kube::fake::FakeServer;
using kube::fake::FakeTransport;
using kube::fake::Fault;
using testing::IsEmpty;
using testing::SizeIs;

Event event(const std::string& note = "wants 8", const std::string& uid = "u1") {
  return {{"berth.dev/v1alpha1", "GpuJob", "default", "train", uid},
          EventType::Warning,
          "OverQuota",
          "Admit",
          note};
}

bool is_anything(const kube::Request&) { return true; }

class RecorderTest : public testing::Test {
 protected:
  void run() {
    for (int i = 0; i < 8; ++i) {
      recorder_.tick();
      transport_.poll();
    }
  }
  std::vector<const Json*> stored() { return server_.list(kube::kEvents); }
  static int64_t count_of(const Json& stored) {
    return stored.value(Json::json_pointer("/series/count"), int64_t{1});
  }

  ManualClock clock_;
  FakeServer server_{clock_};
  FakeTransport transport_{server_, clock_};
  NoLog log_;
  Recorder recorder_{transport_,
                     clock_,
                     {.controller = "berth.dev/operator", .instance = "pod-0", .series_limit = 3},
                     log_};
};

TEST_F(RecorderTest, WritesTheFirstAtOnce) {
  recorder_.record(event());
  run();
  ASSERT_THAT(stored(), SizeIs(1));
  const Json& written = *stored()[0];
  EXPECT_EQ(written["reason"], "OverQuota");
  EXPECT_EQ(written["note"], "wants 8");
  EXPECT_EQ(written["type"], "Warning");
  EXPECT_EQ(written["regarding"]["name"], "train");
  EXPECT_EQ(written["reportingInstance"], "pod-0");
  EXPECT_EQ(recorder_.written(), 1);
}

TEST_F(RecorderTest, CountsASeriesAndWritesTheCountAtABoundedRate) {
  for (int second = 0; second < 120; ++second) {
    recorder_.record(event());
    run();
    clock_.advance(Millis{1000});
  }
  run();
  ASSERT_THAT(stored(), SizeIs(1));
  EXPECT_EQ(count_of(*stored()[0]), 120);
  EXPECT_LE(recorder_.written(), 3);
}

TEST_F(RecorderTest, ASeriesWithoutNewEventsIsNotWritten) {
  recorder_.record(event());
  run();
  clock_.advance(std::chrono::minutes(5));
  run();
  EXPECT_EQ(recorder_.written(), 1);
}

TEST_F(RecorderTest, ANewNoteIsANewEventAtTheSameRate) {
  recorder_.record(event("wants 8, quota leaves 3"));
  run();
  recorder_.record(event("wants 8, quota leaves 2"));
  run();
  EXPECT_THAT(stored(), SizeIs(1));
  clock_.advance(std::chrono::minutes(1));
  run();
  EXPECT_THAT(stored(), SizeIs(2));
}

TEST_F(RecorderTest, ASeriesThatHasEndedBeginsAnew) {
  recorder_.record(event());
  run();
  clock_.advance(std::chrono::minutes(7));
  recorder_.record(event());
  run();
  ASSERT_THAT(stored(), SizeIs(2));
  EXPECT_EQ(count_of(*stored()[1]), 1);
}

TEST_F(RecorderTest, ASeriesThatHasEndedIsForgottenWithinAMinute) {
  for (int minute = 0; minute <= 8; ++minute) {
    if (minute == 1) recorder_.record(event());
    run();
    EXPECT_EQ(recorder_.series(), minute >= 1 && minute < 8 ? 1u : 0u) << minute;
    clock_.advance(std::chrono::minutes(1));
  }
}

TEST_F(RecorderTest, WhatDoesNotFitIsDroppedAndCounted) {
  for (const char* uid : {"u1", "u2", "u3", "u4"}) recorder_.record(event("x", uid));
  run();
  EXPECT_THAT(stored(), SizeIs(3));
  EXPECT_EQ(recorder_.dropped(), 1);
}

TEST_F(RecorderTest, ARefusedEventIsDropped) {
  Event lost = event();
  lost.regarding.name_space = "no-such-namespace";
  recorder_.record(lost);
  run();
  EXPECT_EQ(recorder_.dropped(), 1);
  EXPECT_EQ(recorder_.pending(), 0u);
}

TEST_F(RecorderTest, AFailureIsTriedAgainLater) {
  transport_.inject({is_anything, Fault::status(503)});
  recorder_.record(event());
  run();
  EXPECT_THAT(stored(), IsEmpty());
  clock_.advance(std::chrono::minutes(1));
  run();
  EXPECT_THAT(stored(), SizeIs(1));
}

TEST_F(RecorderTest, AnEventThatHasEndedItsTimeIsWrittenAnew) {
  recorder_.record(event());
  run();
  server_.handle(kube::remove_collection(kube::kEvents, {.name_space = "default"}));
  clock_.advance(std::chrono::minutes(2));
  recorder_.record(event());
  run();
  clock_.advance(std::chrono::minutes(2));
  run();
  EXPECT_THAT(stored(), SizeIs(1));
}

TEST_F(RecorderTest, EventsAboutClusterScopedObjectsAreInTheDefaultNamespace) {
  Event of_quota = event();
  of_quota.regarding.name_space.clear();
  recorder_.record(of_quota);
  run();
  ASSERT_THAT(stored(), SizeIs(1));
  EXPECT_EQ((*stored()[0])["metadata"]["namespace"], "default");
}

TEST_F(RecorderTest, CutsALongNoteBetweenCharacters) {
  std::string note(1023, 'x');
  note += "\xC3\xA9";  // two bytes, of which one fits
  recorder_.record(event(note));
  run();
  ASSERT_THAT(stored(), SizeIs(1));
  EXPECT_EQ((*stored()[0])["note"].get<std::string>(), std::string(1023, 'x'));
}

TEST(CutUtf8, KeepsWhatFits) {
  EXPECT_EQ(cut_utf8("abc", 3), "abc");
  EXPECT_EQ(cut_utf8("abc", 2), "ab");
  EXPECT_EQ(cut_utf8("a\xE2\x82\xAC", 3), "a");
  EXPECT_EQ(cut_utf8("\x80\x80", 1), "");
}

}  // namespace
}  // namespace berth::runtime
