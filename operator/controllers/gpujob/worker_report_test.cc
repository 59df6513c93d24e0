#include "operator/controllers/gpujob/worker_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::control {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

const Instant kReadAt = Instant{Millis{1'800'000'000'000}};
const std::string kDigest(64, 'a');

api::GpuJobStatus after(std::string_view message, api::GpuJobStatus status = {}) {
  take_termination_message(message, kReadAt, status);
  return status;
}

TEST(TerminationMessage, GivesStepCheckpointAndMetrics) {
  const auto status =
      after(R"({"step":120,"checkpointStep":100,"checkpointUri":"pvc://c/f/attempt-1/100",)"
            R"("checkpointSha256":")" +
            kDigest + R"(","metrics":{"loss":0.25,"accuracy":"0.97"}})");
  EXPECT_EQ(status.progress->step, 120);
  EXPECT_EQ(status.progress->last_heartbeat, kReadAt);
  EXPECT_EQ(status.checkpoint->step, 100);
  EXPECT_EQ(status.checkpoint->uri, "pvc://c/f/attempt-1/100");
  EXPECT_EQ(status.checkpoint->sha256, kDigest);
  EXPECT_EQ(status.checkpoint->at, kReadAt);
  EXPECT_EQ(status.result.at("loss"), "0.25");
  EXPECT_EQ(status.result.at("accuracy"), "0.97");
}

TEST(TerminationMessage, OfOtherPeoplesImagesChangesNothing) {
  for (const char* text : {"", "Traceback: out of memory", "[1,2]", "42", "{", "null", "\"x\""}) {
    EXPECT_EQ(after(text), api::GpuJobStatus{}) << text;
  }
}

TEST(TerminationMessage, OfWrongTypesReadsAsNothingRatherThanFail) {
  const auto status =
      after(R"({"step":"many","checkpointStep":-3,"checkpointSha256":7,"metrics":[1,{"a":2}]})");
  EXPECT_EQ(status.progress->step, 0);
  EXPECT_FALSE(status.checkpoint);
  EXPECT_THAT(status.result, IsEmpty());
}

TEST(TerminationMessage, SaysHowFarItGotOfTheStepsThatAreKnown) {
  api::GpuJobStatus status;
  status.progress = api::Progress{.step = 1, .steps = 200};
  EXPECT_EQ(after(R"({"step":50})", status).progress->percent, 25);
  EXPECT_EQ(after(R"({"step":500})", status).progress->percent, 100);
  EXPECT_EQ(after(R"({"step":9223372036854775807})", status).progress->percent, 100);
}

TEST(TerminationMessage, OfTheSameCheckpointLeavesItsTime) {
  api::GpuJobStatus status;
  status.checkpoint = api::CheckpointStatus{.step = 100, .at = kReadAt - seconds(60)};
  EXPECT_EQ(after(R"({"checkpointStep":100})", status).checkpoint->at, kReadAt - seconds(60));
  EXPECT_EQ(after(R"({"checkpointStep":110})", status).checkpoint->at, kReadAt);
}

TEST(TerminationMessage, WithADigestThatIsNoneKeepsTheOldOne) {
  api::GpuJobStatus status;
  status.checkpoint = api::CheckpointStatus{.step = 1, .sha256 = kDigest};
  EXPECT_EQ(
      after(R"({"checkpointStep":2,"checkpointSha256":"<script>"})", status).checkpoint->sha256,
      kDigest);
}

TEST(TerminationMessage, IsBoundedHoweverMuchItSays) {
  std::string metrics;
  for (int i = 0; i < 100; ++i) {
    metrics += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"" + std::string(500, 'x') + "\"";
  }
  const auto status = after("{\"metrics\":{" + metrics + "}}");
  EXPECT_THAT(status.result, SizeIs(32));
  EXPECT_THAT(status.result.begin()->second, SizeIs(64));
}

TEST(TerminationMessage, IsNotCutInTheMiddleOfACharacter) {
  std::string text = "x";  // so that the 64th byte is in the middle of one
  for (int i = 0; i < 60; ++i) text += "\xc3\xa9";
  const auto status = after("{\"metrics\":{\"m\":\"" + text + "\"}}");
  EXPECT_EQ(status.result.at("m"), text.substr(0, 63));
}

// ---- device time ----

api::GpuJobStatus ran_for(seconds waiting, seconds ran, int64_t devices) {
  api::GpuJobStatus status;
  status.placement = api::Placement{.attempt = 1, .workers = {{"", "a", "nvidia-h200", devices}}};
  status.started_at = kReadAt - ran;
  status.admitted_at = *status.started_at - waiting;
  return status;
}

TEST(DeviceTime, OfAnAttemptThatCompletedIsAllProductive) {
  api::GpuJobStatus status = ran_for(seconds(5), seconds(100), 2);
  EXPECT_EQ(book_device_time(status, true, kReadAt), 0);
  EXPECT_EQ(*status.device_seconds, (api::DeviceSeconds{200, 0, 10}));
}

TEST(DeviceTime, WithoutACheckpointIsAllLost) {
  api::GpuJobStatus status = ran_for(seconds(5), seconds(100), 2);
  EXPECT_EQ(book_device_time(status, false, kReadAt), 200);
  EXPECT_EQ(*status.device_seconds, (api::DeviceSeconds{0, 200, 10}));
}

TEST(DeviceTime, BeforeTheLastCheckpointIsKept) {
  api::GpuJobStatus status = ran_for(seconds(0), seconds(100), 2);
  status.checkpoint = api::CheckpointStatus{.step = 3, .at = kReadAt - seconds(30)};
  EXPECT_EQ(book_device_time(status, false, kReadAt), 60);
  EXPECT_EQ(*status.device_seconds, (api::DeviceSeconds{140, 60, 0}));
}

TEST(DeviceTime, IsNotLostTwiceToACheckpointOfAnEarlierAttempt) {
  api::GpuJobStatus status = ran_for(seconds(0), seconds(100), 1);
  status.checkpoint = api::CheckpointStatus{.step = 3, .at = kReadAt - seconds(5'000)};
  EXPECT_EQ(book_device_time(status, false, kReadAt), 100);
}

TEST(DeviceTime, OfAnAttemptThatNeverRanIsAllWaiting) {
  api::GpuJobStatus status = ran_for(seconds(40), seconds(0), 3);
  status.started_at.reset();
  status.admitted_at = kReadAt - seconds(40);
  EXPECT_EQ(book_device_time(status, false, kReadAt), 0);
  EXPECT_EQ(*status.device_seconds, (api::DeviceSeconds{0, 0, 120}));
}

TEST(DeviceTime, AddsUpOverAttempts) {
  api::GpuJobStatus status = ran_for(seconds(1), seconds(10), 1);
  status.device_seconds = api::DeviceSeconds{100, 20, 3};
  book_device_time(status, true, kReadAt);
  EXPECT_EQ(*status.device_seconds, (api::DeviceSeconds{110, 20, 4}));
}

}  // namespace
}  // namespace berth::control
