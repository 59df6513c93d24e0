#include "operator/controllers/inferenceendpoint/replica_book.h"

#include <gmock/gmock.h>

#include "json/time.h"

namespace berth::control {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::Optional;

constexpr const char* kStarted =
    "berth_inference_ready 1\n"
    "berth_inference_start_seconds{phase=\"read\"} 1\n"
    "berth_inference_start_seconds{phase=\"load\"} 4\n"
    "berth_inference_start_seconds{phase=\"warm\"} 2\n"
    "berth_inference_compute_duration_seconds_sum{model=\"fraud\"} ";
const Instant kMade = *parse_time("2026-11-16T00:00:00Z");

class Book : public testing::Test {
 protected:
  Book() : book_(stores_) {
    api::InferenceEndpoint endpoint;
    endpoint.meta.name = endpoint.meta.uid = "fraud";
    endpoint.meta.name_space = "blue";
    endpoint.meta.resource_version = "1";
    stores_.endpoints.upsert(endpoint);
    book_.computed = [this](const std::string& of, Millis time) { computed_[of] += time; };
  }
  // Made at kMade, asked anew an hour later, admitted after 5 s, ready 20 s after that.
  static api::GpuJob second_attempt() {
    api::GpuJob job;
    job.meta.name = job.meta.uid = "fraud-r0";
    job.meta.name_space = "blue";
    job.meta.creation = kMade;
    job.meta.owners = {{.api_version = "berth.dev/v1alpha1",
                        .kind = "InferenceEndpoint",
                        .name = "fraud",
                        .uid = "fraud",
                        .controller = true}};
    api::Attempt first;
    first.ended_at = kMade + hours(1);
    job.status.attempts = {first};
    job.status.admitted_at = kMade + hours(1) + seconds(5);
    job.status.started_at = *job.status.admitted_at + seconds(20);
    job.status.placement = api::Placement{
        2, {{.cluster = "", .node = "a", .device_class = "nvidia-h200", .count = 2}}};
    return job;
  }

  Stores stores_;
  ReplicaBook book_;
  std::map<std::string, Millis> computed_;
};

TEST_F(Book, SaysWhatTheLastStartTook) {
  book_.heard(second_attempt(), std::string(kStarted) + "0\n");
  EXPECT_THAT(
      book_.cold_start("fraud"),
      Optional(api::ColdStart{
          .queued_seconds = 5, .pulled_seconds = 13, .loaded_seconds = 5, .warmed_seconds = 2}));
  EXPECT_EQ(book_.start_up("fraud"), seconds(20));
  EXPECT_EQ(book_.start_up("spam"), seconds(60));
}

TEST_F(Book, CountsTheTimeOfAllItsDevicesFromTheSecondLookOn) {
  book_.heard(second_attempt(), std::string(kStarted) + "10\n");
  EXPECT_TRUE(computed_.empty());
  book_.heard(second_attempt(), std::string(kStarted) + "13\n");
  EXPECT_EQ(computed_["fraud"], seconds(6));
}

TEST_F(Book, DoesNotListenToAJobElsewhereThatNamesTheEndpoint) {
  api::GpuJob stranger = second_attempt();
  stranger.meta.name_space = "red";
  book_.heard(stranger, std::string(kStarted) + "0\n");
  EXPECT_EQ(book_.cold_start("fraud"), std::nullopt);
}

}  // namespace
}  // namespace berth::control
