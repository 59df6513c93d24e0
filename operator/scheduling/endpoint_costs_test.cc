#include "operator/scheduling/endpoint_costs.h"

#include <gmock/gmock.h>

#include <memory>
#include <random>

#include "json/time.h"
#include "kube/resource.h"
#include "operator/scheduling/testing/device_class.h"

namespace berth::control {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::Optional;

constexpr int64_t kDollar = 1'000'000;

// Endpoints and their replicas, under one operator after the other.
class EndpointCostsTest : public testing::Test {
 protected:
  EndpointCostsTest() {
    budget.meta.name = budget.meta.uid = "blue";
    budget.spec.namespaces = {"blue"};
    budget.spec.limits = {{.device_class = kH200, .guaranteed = 100}};
    budget.spec.budget = api::Budget{.window = api::BudgetWindow::Day, .device_hours = 1'000'000};
    lead();
  }

  struct Program {
    Program(const Settings& settings, const Clock& clock)
        : books(stores, settings),
          spans(clock),
          spending(stores, books, settings, clock),
          costs(stores, books, settings, clock) {}
    Stores stores;
    Books books;
    Spans spans;
    Spending spending;
    EndpointCosts costs;
  };

  void lead() {
    program = std::make_unique<Program>(settings, clock);
    upsert(program->stores.quotas, budget);
    for (auto& [name, one] : endpoints) upsert(program->stores.endpoints, one);
    for (auto& [name, job] : jobs) upsert(program->stores.jobs, job);
    tick();
  }
  template <class T>
  void upsert(runtime::Store<T>& store, T& object) {
    object.meta.resource_version = std::to_string(++version);
    store.upsert(object);
  }
  void endpoint(const std::string& name) {
    api::InferenceEndpoint& one = endpoints[name];
    one.meta.name = one.meta.uid = name;
    one.meta.name_space = "blue";
    upsert(program->stores.endpoints, one);
  }
  void replica(const std::string& of, int slot, int64_t devices = 1) {
    const std::string name = of + "-r" + std::to_string(slot);
    api::GpuJob& job = jobs[name];
    job.meta.name = job.meta.uid = name;
    job.meta.name_space = "blue";
    job.meta.owners = {{.api_version = "berth.dev/v1alpha1",
                        .kind = "InferenceEndpoint",
                        .name = of,
                        .uid = of,
                        .controller = true}};
    job.status.placement =
        api::Placement{1, {{.cluster = "", .node = "a", .device_class = kH200, .count = devices}}};
    upsert(program->stores.jobs, job);
  }
  void goes(const std::string& name) {
    const auto job = jobs.extract(name);
    if (!job.empty()) program->stores.jobs.erase(job.mapped().meta);
  }
  void tick() {
    const Span span = program->spans.next();
    program->spending.tick(span, prices);
    program->costs.tick(span, prices);
  }
  void pass(Millis time) {
    tick();
    clock.advance(time);
    tick();
  }
  const api::EndpointCost& cost(const std::string& name) { return *program->costs.of(name); }
  // As the endpoint's controller writes it.
  void write() {
    for (auto& [name, one] : endpoints) {
      if (const api::EndpointCost* now = program->costs.of(name)) one.status.cost = *now;
      upsert(program->stores.endpoints, one);
    }
  }

  ManualClock clock{*parse_time("2026-11-16T00:00:00Z")};
  Settings settings;
  Prices prices{{kH200, 2 * kDollar}};
  api::Quota budget;
  std::map<std::string, api::InferenceEndpoint> endpoints;
  std::map<std::string, api::GpuJob> jobs;
  std::unique_ptr<Program> program;
  int64_t version = 0;
};

TEST_F(EndpointCostsTest, AreWhatTheReplicasHoldAtThePriceOfTheirClass) {
  endpoint("fraud");
  replica("fraud", 0);
  replica("fraud", 1, 2);
  pass(hours(1));
  program->costs.answered("fraud", 12'000);
  program->costs.computed("fraud", hours(1));
  pass(minutes(30));
  EXPECT_EQ(cost("fraud").micro_usd_today, 9 * kDollar);
  EXPECT_EQ(cost("fraud").micro_usd_month, 9 * kDollar);
  EXPECT_THAT(cost("fraud").micro_usd_per_1k_predictions, Optional(750'000));
  EXPECT_THAT(cost("fraud").utilization_percent, Optional(22));
  EXPECT_EQ(cost("fraud").unpriced, "");
}

TEST_F(EndpointCostsTest, TodayBeginsAtMidnightAndTheMonthGoesOn) {
  endpoint("fraud");
  replica("fraud", 0);
  program->costs.answered("fraud", 100);
  pass(hours(23));
  EXPECT_EQ(cost("fraud").predictions_today, 100);
  pass(hours(3));
  EXPECT_EQ(cost("fraud").micro_usd_today, 4 * kDollar);
  EXPECT_EQ(cost("fraud").micro_usd_month, 52 * kDollar);
  EXPECT_EQ(cost("fraud").predictions_today, 0);
}

TEST_F(EndpointCostsTest, AClassWithoutAPriceIsNamed) {
  prices.clear();
  endpoint("fraud");
  replica("fraud", 0);
  pass(hours(1));
  EXPECT_EQ(cost("fraud").unpriced, kH200);
  EXPECT_EQ(cost("fraud").micro_usd_today, 0);
}

TEST_F(EndpointCostsTest, AreNotThereWhileNothingWasEverHeld) {
  endpoint("fraud");
  pass(hours(1));
  EXPECT_EQ(program->costs.of("fraud"), nullptr);
}

TEST_F(EndpointCostsTest, AreToldAtOnceWhenAnotherChargeBegins) {
  int told = 0;
  endpoint("fraud");
  program->costs.wake = [&told](const runtime::ObjectKey&) { ++told; };
  replica("fraud", 0);
  tick();
  EXPECT_EQ(told, 1);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(told, 1);
  pass(settings.endpoint_refresh);
  EXPECT_EQ(told, 2);
  goes("fraud-r0");
  tick();
  EXPECT_EQ(told, 3);
  pass(hours(5));
  EXPECT_EQ(told, 3) << "nothing is held, and nothing else is new";
}

// Whatever comes and goes, under whoever leads.
TEST_F(EndpointCostsTest, AddUpToWhatTheQuotaHasSpentToTheMicroDollar) {
  std::mt19937_64 random(7);
  const auto below = [&random](uint64_t bound) { return static_cast<int>(random() % bound); };
  prices = {{kH200, 1'234'567}};
  for (const char* name : {"a", "b", "c"}) endpoint(name);
  for (int step = 0; step < 200; ++step) {
    const std::string name(1, static_cast<char>('a' + below(3)));
    if (below(3) == 0) {
      goes(name + "-r" + std::to_string(below(4)));
    } else {
      replica(name, below(4), 1 + below(3));
    }
    clock.advance(Millis(1 + below(1'000'000)));
    tick();
    clock.advance(settings.endpoint_refresh);
    tick();
    int64_t sum = 0;
    for (const auto& [endpoint, one] : endpoints) {
      if (const api::EndpointCost* now = program->costs.of(endpoint)) sum += now->micro_usd_today;
    }
    ASSERT_EQ(sum, program->spending.of("blue")->spent.micro_usd) << step;
  }
}

TEST_F(EndpointCostsTest, ANewLeaderGoesOnWhereTheLastOneWrote) {
  endpoint("fraud");
  replica("fraud", 0);
  program->costs.answered("fraud", 700);
  pass(hours(2));
  write();
  clock.advance(hours(1));  // nobody leads
  lead();
  pass(hours(1));
  EXPECT_EQ(cost("fraud").micro_usd_today, 8 * kDollar);
  EXPECT_EQ(cost("fraud").device_milliseconds_today, Millis(hours(4)).count());
  EXPECT_EQ(cost("fraud").predictions_today, 700);
}

TEST_F(EndpointCostsTest, ANewLeaderWhoseClockIsBehindLosesNothing) {
  endpoint("fraud");
  replica("fraud", 0);
  pass(hours(2));
  write();
  clock = ManualClock{*parse_time("2026-11-16T01:00:00Z")};
  lead();
  pass(hours(1));
  EXPECT_GE(cost("fraud").micro_usd_month, 6 * kDollar);
}

TEST_F(EndpointCostsTest, AreNotThoseOfAJobElsewhereThatNamesTheEndpoint) {
  endpoint("fraud");
  replica("fraud", 0);
  api::GpuJob stranger = jobs["fraud-r0"];
  stranger.meta.uid = "stranger";
  stranger.meta.name_space = "red";
  upsert(program->stores.jobs, stranger);
  pass(hours(1));
  EXPECT_EQ(cost("fraud").micro_usd_today, 2 * kDollar);
}

}  // namespace
}  // namespace berth::control
