#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sim/queue/replay.h"

namespace berth::sim::queue {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Jobs on equal nodes; tenants exist once they are named.
class Jobs {
 public:
  explicit Jobs(ClusterShape cluster, std::string policy = "fifo") {
    setup.cluster = cluster;
    setup.policy = std::move(policy);
    setup.tenants = {{.name = "red"}};
  }
  // In the order of submission, or sorted() afterwards.
  Jobs& job(const std::string& name, int64_t at_seconds, int64_t devices, int64_t run_seconds,
            TenantId tenant = 0) {
    while (setup.tenants.size() <= static_cast<size_t>(tenant)) setup.tenants.push_back({"blue"});
    Job job;
    job.visible = {.name = name, .tenant = tenant, .devices = devices};
    job.visible.submitted = Instant(seconds(at_seconds));
    job.duration = seconds(run_seconds);
    setup.jobs.push_back(std::move(job));
    return *this;
  }
  // Many, from a seed.
  static Jobs random(uint32_t seed, ClusterShape cluster, const std::string& policy) {
    std::mt19937 draw(seed);
    Jobs jobs(cluster, policy);
    int64_t at = 0;
    for (int count = 0; count < 300; ++count) {
      at += draw() % 900;
      const int64_t devices = int64_t{1} << (draw() % 6);
      jobs.job(std::to_string(count), at, devices, 1 + draw() % (draw() % 4 == 0 ? 40'000 : 2'000),
               static_cast<TenantId>(draw() % 2));
    }
    return jobs;
  }
  QueueSetup setup;
};

// Knows how long each job runs, which no scheduler does: for what holds when guesses are right.
class Oracle final : public Estimator {
 public:
  explicit Oracle(const QueueSetup& setup) {
    for (const Job& job : setup.jobs) durations_[job.visible.name] = job.duration;
  }
  Millis estimate(const VisibleJob& job, Millis already_run) const override {
    return std::max(durations_.at(job.name), already_run + Millis(1));
  }
  void learn(const VisibleJob& /*job*/, Millis /*ran*/) override {}

 private:
  std::map<std::string, Millis> durations_;
};

inline Outcome replay_knowing(const QueueSetup& setup) {
  Oracle oracle(setup);
  auto policy = make_policy(setup.policy);
  auto outcome = replay(setup, **policy, oracle);
  EXPECT_TRUE(outcome) << outcome.error().message;
  return outcome.ok() ? *outcome : Outcome{};
}

// When each job first ran, as "name@seconds " in that order.
inline std::string starts(const QueueSetup& setup, const Outcome& outcome) {
  std::vector<std::pair<Instant, std::string>> order;
  for (size_t id = 0; id < outcome.jobs.size(); ++id) {
    if (outcome.jobs[id].refused) continue;
    order.emplace_back(outcome.jobs[id].runs.at(0).from, setup.jobs[id].visible.name);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  for (const auto& [at, name] : order) {
    text += name + "@" + std::to_string(at.time_since_epoch() / seconds(1)) + " ";
  }
  return text;
}

}  // namespace berth::sim::queue
