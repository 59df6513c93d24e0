#include "operator/scheduling/spending.h"

#include <gtest/gtest.h>

#include <random>

#include "json/time.h"
#include "operator/controllers/quota/budget_status.h"
#include "operator/scheduling/testing/device_class.h"

namespace berth::control {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr int64_t kHour = sched::Spent::kMillisPerHour;
constexpr int64_t kUsd = 1'000'000;

// One operator after the other over the same objects.
class SpendingTest : public testing::Test {
 protected:
  SpendingTest() { lead(); }

  void lead() {
    program = std::make_unique<Program>(settings, clock);
    program->spending.on_spent = [this](const auto& spent) { held = spent; };
    if (quota.meta.name.empty()) return;
    program->stores.quotas.upsert(quota);
    for (const auto& [name, job] : jobs) program->stores.jobs.upsert(job);
  }
  void budget(api::Budget budget) {
    quota.meta.name = "blue";
    quota.meta.uid = "blue";
    quota.meta.resource_version = std::to_string(++version);
    quota.spec.namespaces = {"blue"};
    quota.spec.limits = {{.device_class = kH200, .guaranteed = 100}};
    quota.spec.budget = budget;
    program->stores.quotas.upsert(quota);
  }
  void runs(const std::string& name, int64_t devices) {
    api::GpuJob job;
    job.meta.name = name;
    job.meta.name_space = "blue";
    job.meta.uid = name + std::to_string(++version);
    job.meta.resource_version = std::to_string(version);
    job.status.placement =
        api::Placement{1, {{.cluster = "", .node = "a", .device_class = kH200, .count = devices}}};
    jobs[name] = job;
    program->stores.jobs.upsert(job);
  }
  void ends(const std::string& name) {
    const auto job = jobs.extract(name);
    if (!job.empty()) program->stores.jobs.erase(job.mapped().meta);
  }
  void pass(Millis time) {
    program->tick();
    clock.advance(time);
    program->tick();
  }
  // As the controller of Quotas writes it: with what is charged.
  void write() {
    program->tick();
    Stamp stamp{quota.status.conditions, 1, clock.now()};
    show_budget(*program->spending.of("blue"), quota.status, stamp);
    int64_t used = 0;
    const auto& admitted = program->books.ledger().of({"blue"}).admitted;
    if (const auto at = admitted.find(kH200); at != admitted.end()) used = at->second;
    quota.status.limits = {{.device_class = kH200, .used = used}};
    quota.meta.resource_version = std::to_string(++version);
    program->stores.quotas.upsert(quota);
    program->spending.written("blue");
  }
  const BudgetFacts& facts() const { return *program->spending.of("blue"); }

  struct Program {
    Program(const Settings& settings, const Clock& clock)
        : books(stores, settings), spans(clock), spending(stores, books, settings, clock) {}
    Monotonic tick() { return spending.tick(spans.next(), prices); }
    Stores stores;
    Books books;
    Spans spans;
    Spending spending;
    Prices prices;
  };
  ManualClock clock{*parse_time("2026-11-16T00:00:00Z")};  // a Monday
  Settings settings;
  api::Quota quota;
  std::map<std::string, api::GpuJob> jobs;
  std::map<sched::QuotaId, sched::SpentBudget> held;
  std::unique_ptr<Program> program;
  int64_t version = 0;
};

TEST_F(SpendingTest, CountsWhatIsChargedWhileItIs) {
  budget({.window = api::BudgetWindow::Week, .device_hours = 100});
  runs("a", 4);
  pass(hours(2));
  runs("b", 2);
  pass(hours(1));
  ends("a");
  pass(hours(1));
  EXPECT_EQ(facts().spent.device_ms, (8 + 6 + 2) * kHour);
}

TEST_F(SpendingTest, HoldsFromWhenItIsSpentUntilTheWindowEnds) {
  budget({.window = api::BudgetWindow::Day, .device_hours = 8});
  runs("a", 4);
  pass(hours(2) - Millis(1));
  EXPECT_TRUE(held.empty());
  pass(Millis(1));
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held.begin()->second.until, *parse_time("2026-11-17T00:00:00Z"));
  pass(hours(22));
  EXPECT_TRUE(held.empty());
}

TEST_F(SpendingTest, SaysWhenToLookAgain) {
  budget({.window = api::BudgetWindow::Day, .device_hours = 8});
  settings.budget_refresh = hours(100);
  runs("a", 4);
  program->tick();
  EXPECT_EQ(program->tick() - clock.monotonic(), hours(2));
}

TEST_F(SpendingTest, AnAlertHoldsNobody) {
  budget({.window = api::BudgetWindow::Day, .device_hours = 1, .on_spent = api::OnSpent::Alert});
  runs("a", 4);
  pass(hours(2));
  EXPECT_TRUE(is_spent(facts()));
  EXPECT_TRUE(held.empty());
}

TEST_F(SpendingTest, CountsMoneyAtThePriceOfTheClass) {
  budget({.window = api::BudgetWindow::Day, .micro_usd = 10 * kUsd});
  runs("a", 4);
  pass(minutes(30));
  EXPECT_EQ(facts().unpriced, kH200);
  program->prices = {{kH200, 2 * kUsd}};
  pass(minutes(30));
  EXPECT_EQ(facts().spent.micro_usd, 4 * kUsd);
  EXPECT_EQ(facts().unpriced, "");
}

TEST_F(SpendingTest, ALongerWindowKeepsWhatBeganInItAndAShorterOneBeginsAnew) {
  budget({.window = api::BudgetWindow::Day, .device_hours = 100});
  runs("a", 1);
  pass(hours(3));
  budget({.window = api::BudgetWindow::Week, .device_hours = 100});
  pass(hours(1));
  EXPECT_EQ(facts().spent.device_ms, 4 * kHour);
  pass(hours(48));
  budget({.window = api::BudgetWindow::Day, .device_hours = 100});
  pass(hours(1));
  EXPECT_EQ(facts().spent.device_ms, 1 * kHour);
}

TEST_F(SpendingTest, AClockThatIsSetNeitherLosesTimeNorCountsItTwice) {
  budget({.window = api::BudgetWindow::Month, .device_hours = 1000});
  runs("a", 2);
  pass(hours(3));
  clock.step_wall(-hours(2));
  pass(hours(1));
  clock.step_wall(hours(5));
  pass(hours(1));
  EXPECT_EQ(facts().spent.device_ms, 2 * 5 * kHour);
}

TEST_F(SpendingTest, BecomesDueByMinutesAndNotWhileNothingIsSpent) {
  budget({.window = api::BudgetWindow::Month, .device_hours = 1000});
  pass(minutes(1));
  EXPECT_TRUE(program->spending.is_due("blue")) << "a new leader says until when it has counted";
  program->spending.take_due();
  write();
  pass(hours(5));
  EXPECT_FALSE(program->spending.is_due("blue"));
  runs("a", 1);
  pass(minutes(1));
  EXPECT_TRUE(program->spending.is_due("blue"));
  EXPECT_EQ(program->spending.take_due(), std::set<std::string>{"blue"});
}

// Leaders come and go while jobs do; each change is written, as the controller does at once.
TEST_F(SpendingTest, ANewLeaderGoesOnWhereTheLastOneWrote) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 dice(seed);
    const auto below = [&](unsigned bound) { return static_cast<int64_t>(dice() % bound); };
    jobs.clear();
    quota = {};
    lead();
    budget({.window = api::BudgetWindow::Month, .device_hours = 100'000});
    write();
    int64_t wanted = 0;
    for (int step = 0; step < 30; ++step) {
      int64_t devices = 0;
      for (const auto& [name, job] : jobs) devices += job.status.placement->workers.front().count;
      const Millis time = minutes(1 + below(120));
      wanted += devices * time.count();
      if (below(3) == 0) {
        clock.advance(time);  // nobody leads
        lead();
      } else {
        pass(time);
      }
      EXPECT_EQ((program->tick(), facts().spent.device_ms), wanted) << seed;
      if (below(2) == 0) runs("j" + std::to_string(below(5)), 1 + below(8));
      if (below(3) == 0) ends("j" + std::to_string(below(5)));
      write();
    }
    clock = ManualClock{*parse_time("2026-11-16T00:00:00Z")};
  }
}

TEST_F(SpendingTest, AShareCostsItsPartOfADevice) {
  api::CapacityPool pool;
  pool.meta.name = pool.meta.uid = "h200";
  pool.meta.resource_version = "1";
  pool.spec.device_class = kH200;
  pool.spec.micro_usd_per_device_hour = 5 * kUsd;
  pool.spec.shares = {{"nvidia.com/mig-1g.18gb", "18Gi", 14}};
  program->stores.pools.upsert(pool);
  const Prices want{{kH200, 5 * kUsd}, {"nvidia-h200/mig-1g.18gb", 700'000}};
  EXPECT_EQ(prices_of(program->stores), want);
}

}  // namespace
}  // namespace berth::control
