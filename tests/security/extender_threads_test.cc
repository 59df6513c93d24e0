#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

#include "operator/extender/service.h"
#include "operator/extender/testing/world.h"

// The server's threads ask while the loop learns and binds. Every thread here is one that the
// program has; ThreadSanitizer is who judges.
namespace berth::security {
namespace {

using extender::Mailbox;
using extender::Service;
using extender::testing::binding_body;
using extender::testing::filter_body;
using extender::testing::kAccelerators;
using extender::testing::worker_pod;
using extender::testing::World;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kThreads = 4;
constexpr int kCallsOfEach = 60;
constexpr auto kDeadline = seconds(60);

class ExtenderThreads : public ::testing::Test {
 protected:
  // Pods are known before the threads start: the API server in memory is the loop's alone.
  void SetUp() override {
    for (int i = 0; i < kThreads; ++i) {
      const std::string job = "train-" + std::to_string(i);
      world_.create_job(job, "n2");
      pods_.at(static_cast<size_t>(i)) = world_.create_pod(worker_pod("blue", job, job + "-1-0"));
    }
    world_.sync();
  }

  // As kube-scheduler and its mistakes: filters, a bind, bodies that cannot be read, the metrics.
  void ask(const Json& pod) {
    const std::string filter = filter_body(pod, {"n1", "n2"});
    const std::string bind = binding_body(pod, "n2");
    for (int i = 0; i < kCallsOfEach; ++i) {
      call("/filter", filter);
      if (i % 8 == 0) call("/bind", bind);
      if (i % 8 == 1) call("/filter", filter.substr(0, filter.size() / 2));
      if (i % 8 != 2) continue;
      EXPECT_FALSE(world_.metrics.text().empty());
    }
  }

  void call(const char* path, const std::string& body) {
    ++asked_;
    service_.handle({"POST", path, body}, {"kube-scheduler"}, [this](const http::Response& answer) {
      if (answer.status == 200 || answer.status == 400) ++answered_;
    });
  }

  // As the program's loop, and besides the cluster changes: plans move, nodes come and go.
  void turn(int round) {
    mailbox_.deliver();
    world_.place("train-0", round % 2 == 0 ? "n1" : "n2", 1);
    if (round % 2 == 0) world_.create(kube::kNodes, Json::object(), "n-" + std::to_string(round));
    world_.run();
  }

  World world_;
  std::array<Json, kThreads> pods_;
  std::atomic<int> asked_ = 0, answered_ = 0, wakes_ = 0;
  Mailbox mailbox_{[this] { ++wakes_; }};
  Service service_{{.accelerators = kAccelerators,
                    .client_name = "kube-scheduler",
                    .binds_most = 2,
                    .stopwatch = [] { return steady_clock::now().time_since_epoch(); }},
                   world_.view,
                   world_.binder,
                   mailbox_,
                   world_.metrics};
};

TEST_F(ExtenderThreads, AreAllAnsweredWhileTheLoopLearnsAndBinds) {
  std::atomic<int> busy = kThreads;
  std::vector<std::thread> threads;
  for (const Json& pod : pods_) {
    threads.emplace_back([this, &pod, &busy] {
      ask(pod);
      --busy;
    });
  }
  const auto deadline = steady_clock::now() + kDeadline;
  const auto is_over = [&] { return busy == 0 && answered_ == asked_; };
  for (int round = 0; !is_over() && steady_clock::now() < deadline; ++round) turn(round);
  for (std::thread& one : threads) one.join();
  EXPECT_EQ(answered_, asked_) << "each call has one answer";
  EXPECT_GT(wakes_, 0);
  for (size_t i = 1; i < pods_.size(); ++i) EXPECT_EQ(world_.node_of(pods_.at(i)), "n2");
}

}  // namespace
}  // namespace berth::security
