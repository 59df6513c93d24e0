#include "operator/controllers/inferenceendpoint/replica_page.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

constexpr const char* kPage = R"(# TYPE berth_inference_ready gauge
berth_inference_ready 1
berth_inference_start_seconds{phase="read"} 0.25
berth_inference_start_seconds{phase="load"} 1.5
berth_inference_start_seconds{phase="warm"} 3
berth_inference_compute_duration_seconds_bucket{model="fraud",version="",le="+Inf"} 4
berth_inference_compute_duration_seconds_sum{model="fraud",version=""} 12.5
berth_inference_compute_duration_seconds_count{model="fraud",version=""} 4
)";

TEST(ReplicaPage, SaysWhatTheStartTookAndHowLongItComputed) {
  const auto page = parse_replica_page(kPage);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->loaded, Millis{1750});
  EXPECT_EQ(page->warmed, Millis{3000});
  EXPECT_EQ(page->computed, Millis{12'500});
}

TEST(ReplicaPage, OfAServerThatLoadsYetHasNoStart) {
  const auto page = parse_replica_page("berth_inference_ready 0\n");
  ASSERT_TRUE(page);
  EXPECT_EQ(*page, ReplicaPage{});
}

TEST(ReplicaPage, OfSomebodyElseSaysNothing) {
  for (const char* page : {"", "\n", "<html>", "berth_inference_ready", "berth_worker_step 3"}) {
    EXPECT_FALSE(parse_replica_page(page)) << page;
  }
}

}  // namespace
}  // namespace berth::control
