#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "kube/request.h"
#include "tests/integration/cluster.h"
#include "tests/integration/invariants.h"

// Everything at once, drawn from a seed: users, nodes, connections and operators that all
// misbehave. The rules are checked after every step; when the storm is over, everything has to come
// to an end.
namespace berth::integration {
namespace {

using kube::fake::Fault;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;

class WriteStorm {
 public:
  explicit WriteStorm(uint32_t seed) : random_(seed) {
    for (const char* node : {"a", "b", "c"}) cluster.node(node, 4);
    cluster.quota("org", 0, [](auto& quota) { quota.spec.namespaces.clear(); });
    for (const char* team : {"blue", "red"}) {
      cluster.quota(team, 4, [](auto& quota) {
        quota.spec.parent = "org";
        quota.spec.limits.front().borrowing_limit = 3;
      });
    }
    cluster.start_operator("operator-1");
  }

  void rage(int gusts) {
    for (int gust = 0; gust < gusts; ++gust) {
      cluster.in(draw(2) == 0 ? "blue" : "red");
      blow();
      cluster.pass(Millis{draw(4'000)});
    }
  }

  // Everybody behaves again; true once every job has ended.
  bool calms_down() {
    for (const auto& process : operators()) {
      process->transport->clear_faults();
      process->transport->stall_streams(false);
    }
    if (operators().empty()) cluster.start_operator("operator-last");
    for (const char* node : {"a", "b", "c"}) cluster.rejects(node, "");
    for (const auto& [team, name] : named(kube::kPods)) {
      if (name.starts_with("pod-")) cluster.in(team).delete_pod(name);
    }
    for (const auto& [team, name] : jobs()) {
      cluster.in(team).behaves(name, {.runs = seconds(2)});
      cluster.change_job(name, [](auto& job) { job.spec.suspend = false; });
    }
    if (cluster.until([&] { return jobs_left() == 0; }, minutes(40))) return true;
    for (const auto& [team, name] : jobs()) {
      if (cluster.in(team).is_finished(name)) continue;
      ADD_FAILURE() << team << "/" << name << ": " << cluster.said(name, "Admitted");
    }
    return false;
  }

  Cluster cluster;

 private:
  int draw(int below) {  // std::uniform_int_distribution differs between libraries
    return static_cast<int>(random_() % static_cast<uint32_t>(below));
  }
  std::vector<Process*> operators() {
    std::vector<Process*> running;
    for (Process* process : cluster.operators()) {
      if (process->runs()) running.push_back(process);
    }
    return running;
  }
  std::vector<std::pair<std::string, std::string>> named(const kube::Resource& resource) {
    std::vector<std::pair<std::string, std::string>> names;
    for (const Json* object : cluster.server.list(resource)) {
      const Json& meta = object->at("metadata");
      if (meta.contains("deletionTimestamp")) continue;
      names.emplace_back(meta.at("namespace"), meta.at("name"));
    }
    return names;
  }
  std::vector<std::pair<std::string, std::string>> jobs() { return named(kube::kGpuJobs); }
  int jobs_left() {
    int left = 0;
    for (const auto& [team, name] : jobs()) left += cluster.in(team).is_finished(name) ? 0 : 1;
    return left;
  }

  // A random one of them is changed so, if there is any.
  template <class Act>
  void one_of(const kube::Resource& resource, Act act) {
    const auto names = named(resource);
    if (names.empty()) return;
    const auto& [team, name] = names[static_cast<size_t>(draw(static_cast<int>(names.size())))];
    cluster.in(team);
    act(name);
  }

  void blow() {
    switch (draw(12)) {
      case 0:
      case 1:
      case 2: return submit();
      case 3:
        return one_of(kube::kGpuJobs, [&](const std::string& name) {
          const bool on = draw(2) == 0;
          cluster.change_job(name, [on](auto& job) { job.spec.suspend = on; });
        });
      case 4: return one_of(kube::kGpuJobs, [&](const auto& name) { cluster.delete_job(name); });
      case 5: return one_of(kube::kPods, [&](const auto& name) { cluster.delete_pod(name); });
      case 6:
        return one_of(kube::kPods, [&](const std::string& name) {
          const int codes[] = {0, 1, 42, 64, 137};
          cluster.finish(name, codes[draw(5)], R"({"step":1})");
        });
      case 7: return disturb();
      case 8: {
        cluster.rejects(std::string(1, static_cast<char>('a' + draw(3))),
                        draw(2) == 0 ? "OutOfcpu" : "");
        return;
      }
      case 9: return crash();
      case 10: cluster.gated_pod("pod-" + std::to_string(++made_), 1 + draw(2)); return;
      default: return;
    }
  }
  void submit() {
    const std::string name = "job-" + std::to_string(++made_);
    cluster.job(name, 1 + draw(3), 1 + draw(2), [&](auto& job) { job.spec.priority = draw(3); });
    if (draw(2) == 0) cluster.behaves(name, {.runs = seconds(1 + draw(8)), .exits = {draw(2)}});
  }
  void disturb() {
    const auto running = operators();
    if (running.empty()) return;
    kube::fake::FakeTransport& line =
        *running[static_cast<size_t>(draw(static_cast<int>(running.size())))]->transport;
    const Fault faults[] = {Fault::refused(), Fault::lost_reply(), Fault::status(409),
                            Fault::status(429, seconds(1)), Fault::slow(seconds(2))};
    switch (draw(4)) {
      case 0: return line.cut_streams(Error{Code::Unavailable, "connection reset"});
      case 1: return line.stall_streams(draw(2) == 0);
      default:
        line.inject({.matches = [](const auto&) { return true; },
                     .fault = faults[draw(5)],
                     .skip = draw(6),
                     .times = 1 + draw(4)});
    }
  }
  void crash() {
    const auto running = operators();
    if (!running.empty()) {
      running[static_cast<size_t>(draw(static_cast<int>(running.size())))]->crash();
    }
    cluster.start_operator("operator-" + std::to_string(cluster.operators().size()));
  }

  std::mt19937 random_;
  int made_ = 0;
};

TEST(StormTest, LeavesNothingWrongUndoneOrForgotten) {
  for (uint32_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    WriteStorm storm(seed);
    storm.rage(40);
    EXPECT_TRUE(storm.calms_down());
    storm.cluster.until([&] { return broken_when_quiet(storm.cluster.server).empty(); },
                        seconds(60));
    EXPECT_THAT(storm.cluster.broken(), IsEmpty());
    EXPECT_THAT(broken_when_quiet(storm.cluster.server), IsEmpty());
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace berth::integration
