#include "http/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <thread>

namespace berth::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr MetricDefinition kTable[] = {
    {.name = "berth_calls_total",
     .kind = MetricKind::Counter,
     .help = "Calls.",
     .labels = {{{"verb", "filter|bind"}, {"outcome", "ok|error"}}}},
    {.name = "berth_quota_used_devices",
     .kind = MetricKind::Gauge,
     .help = "Used.",
     .labels = {{{"quota"}}}},
    {.name = "berth_wait_seconds",
     .kind = MetricKind::Histogram,
     .help = "Waits.",
     .buckets = "0.5 1"},
};

TEST(Metrics, StartEverySeriesWithListedLabelsAtZero) {
  const Metrics metrics(kTable);
  EXPECT_THAT(metrics.text(), HasSubstr("berth_calls_total{outcome=\"error\",verb=\"bind\"} 0\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("berth_wait_seconds_count 0\n"));
  EXPECT_THAT(metrics.text(), Not(HasSubstr("berth_quota_used_devices{")));
}

TEST(Metrics, CountSetAndObserve) {
  Metrics metrics(kTable);
  metrics.add("berth_calls_total", {"filter", "ok"});
  metrics.add("berth_calls_total", {"filter", "ok"}, 2);
  metrics.set("berth_quota_used_devices", {"blue"}, 4);
  metrics.observe("berth_wait_seconds", {}, 0.7);
  EXPECT_THAT(metrics.text(), HasSubstr("berth_calls_total{outcome=\"ok\",verb=\"filter\"} 3\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("berth_quota_used_devices{quota=\"blue\"} 4\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("berth_wait_seconds_bucket{le=\"1\"} 1\n"));
}

TEST(Metrics, ForgetASeriesWhoseThingIsGone) {
  Metrics metrics(kTable);
  metrics.set("berth_quota_used_devices", {"blue"}, 4);
  metrics.forget("berth_quota_used_devices", {"blue"});
  EXPECT_THAT(metrics.text(), Not(HasSubstr("blue")));
}

TEST(Metrics, CountUnderOtherWhenAnOpenLabelHasTooManyValues) {
  Metrics metrics(kTable);
  for (int i = 0; i <= kSeriesMax; ++i) {
    metrics.set("berth_quota_used_devices", {std::to_string(i)}, i);
  }
  EXPECT_THAT(metrics.text(), HasSubstr("berth_quota_used_devices{quota=\"other\"} 1000\n"));
}

TEST(Metrics, AreReadByOneThreadWhileOthersCountAndForget) {
  constexpr int kTimes = 300;
  Metrics metrics(kTable);
  std::vector<std::thread> threads;
  for (const char* const quota : {"blue", "red"}) {
    threads.emplace_back([&metrics, quota] {
      for (int i = 0; i < kTimes; ++i) {
        metrics.add("berth_calls_total", {"filter", "ok"});
        metrics.set("berth_quota_used_devices", {quota}, i);
        metrics.observe("berth_wait_seconds", {}, 0.7);
        if (i % 3 == 0) metrics.forget("berth_quota_used_devices", {quota});
      }
    });
  }
  for (int i = 0; i < kTimes / 10; ++i) EXPECT_THAT(metrics.text(), HasSubstr("berth_calls_total"));
  for (std::thread& one : threads) one.join();
  EXPECT_THAT(metrics.text(), HasSubstr("berth_wait_seconds_count " + std::to_string(2 * kTimes)));
}

TEST(MetricsList, FollowsItsRules) {
  std::set<std::string_view> names;
  std::vector<MetricDefinition> all(std::begin(kMetrics), std::end(kMetrics));
  all.insert(all.end(), std::begin(kServingMetrics), std::end(kServingMetrics));
  all.insert(all.end(), std::begin(kRouterMetrics), std::end(kRouterMetrics));
  for (const MetricDefinition& metric : all) {
    EXPECT_TRUE(names.insert(metric.name).second) << metric.name << " is there twice";
    EXPECT_TRUE(metric.name.starts_with("berth_")) << metric.name;
    EXPECT_EQ(metric.name.ends_with("_total"), metric.kind == MetricKind::Counter) << metric.name;
    EXPECT_TRUE(metric.help.ends_with('.')) << metric.name;
    EXPECT_EQ(metric.buckets.empty(), metric.kind != MetricKind::Histogram) << metric.name;
  }
}

// Rewritten by berth-crdgen.
TEST(MetricsList, IsWhatTheDocumentationSays) {
  std::ifstream in("docs/reference/metrics.md", std::ios::binary);
  const std::string written{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(written, metrics_markdown());
}

}  // namespace
}  // namespace berth::http
