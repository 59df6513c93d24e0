#include "operator/extender/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operator/extender/testing/world.h"

namespace berth::extender {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the words of these tests
using ::testing::HasSubstr;

class ExtenderService : public ::testing::Test {
 protected:
  // Asks as kube-scheduler does, and lets the loop turn until there is an answer.
  http::Response ask(const std::string& path, const std::string& body,
                     const std::string& who = "kube-scheduler",
                     const std::string& method = "POST") {
    std::optional<http::Response> answer;
    service_.handle({method, path, body}, {who},
                    [&](http::Response response) { answer = std::move(response); });
    was_immediate_ = answer.has_value();
    for (int i = 0; i < 5 && !answer; ++i) {
      mailbox_.deliver();
      world_.run();
    }
    return answer.value_or(http::Response{.status = 0, .body = "no answer"});
  }
  Json names(const http::Response& response) { return Json::parse(response.body)["NodeNames"]; }
  std::string error(const http::Response& response) { return Json::parse(response.body)["Error"]; }

  World world_;
  int wakes_ = 0;
  bool was_immediate_ = false;
  Mailbox mailbox_{[this] { ++wakes_; }};
  static constexpr size_t kBindsMost = 3;
  Service service_{{.accelerators = kAccelerators,
                    .client_name = "kube-scheduler",
                    .binds_most = kBindsMost,
                    .stopwatch = [] { return std::chrono::nanoseconds{0}; }},
                   world_.view,
                   world_.binder,
                   mailbox_,
                   world_.metrics};
};

TEST_F(ExtenderService, TakesAWorkerToItsNode) {
  world_.create_job("train", "n2");
  const Json pod = world_.create_pod(worker_pod("blue", "train", "train-1-0"));
  world_.sync();
  const auto filtered = ask("/filter", filter_body(pod, {"n1", "n2"}));
  EXPECT_EQ(filtered.status, 200);
  EXPECT_EQ(names(filtered), Json({"n2"}));
  EXPECT_TRUE(was_immediate_) << "the server's thread knows enough";
  const auto bound = ask("/bind", binding_body(pod, "n2"));
  EXPECT_EQ(bound.body, "{\"Error\":\"\"}\n");
  EXPECT_EQ(wakes_, 1);
  EXPECT_EQ(world_.node_of(pod), "n2");
}

TEST_F(ExtenderService, ReadsAnOwnerThatTheWatchHasNotShown) {
  world_.sync();
  world_.transport.stall_streams(true);
  world_.create_job("train", "n2");
  const Json pod = world_.create_pod(worker_pod("blue", "train", "train-1-0"));
  EXPECT_EQ(names(ask("/filter", filter_body(pod, {"n1", "n2"}))), Json({"n2"}));
  EXPECT_THAT(world_.metrics.text(),
              HasSubstr("berth_extender_lookups_total{kind=\"workload\",outcome=\"found\"} 1\n"));
}

TEST_F(ExtenderService, SaysErrorAndNeverUnresolvableOfWhatItDoesNotKnow) {
  world_.sync();
  world_.create_job("train", "n2");
  const Json pod = world_.create_pod(worker_pod("blue", "train", "train-9-0"));
  const auto response = ask("/filter", filter_body(pod, {"n1", "n2"}));
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(error(response), HasSubstr("no worker of the current attempt"));
  EXPECT_EQ(Json::parse(response.body)["FailedAndUnresolvableNodes"], Json::object());
}

TEST_F(ExtenderService, SaysErrorUntilItsCachesAreSynced) {
  EXPECT_EQ(error(ask("/filter", filter_body(plain_pod("x", "p"), {"n1"}))), "cache not synced");
  EXPECT_EQ(error(ask("/bind", binding_body(plain_pod("x", "p"), "n1"))), "cache not synced");
}

TEST_F(ExtenderService, GivesTheSameBytesTwiceAndWritesNothingForAFilter) {
  const Json pod = world_.create_pod(with_devices(plain_pod("x", "p"), 1));
  world_.sync();
  world_.transport.forget_sent();
  const std::string body = filter_body(pod, {"n2", "n1"});
  EXPECT_EQ(ask("/filter", body).body, ask("/filter", body).body);
  world_.run();
  EXPECT_TRUE(world_.transport.sent().empty());
}

TEST_F(ExtenderService, AnswersOnlyKubeScheduler) {
  const auto response = ask("/filter", "{}", "somebody");
  EXPECT_EQ(response.status, 403);
  EXPECT_EQ(response.body, "this is for kube-scheduler and its certificate\n");
}

TEST_F(ExtenderService, RefusesWhatItDoesNotServe) {
  EXPECT_EQ(ask("/prioritize", "{}").status, 404);
  EXPECT_EQ(ask("/filter/", "{}").status, 404);
  EXPECT_EQ(ask("/filter", "", "kube-scheduler", "GET").status, 405);
  service_.handle({"POST", "/filter", "a=b", "application/x-www-form-urlencoded"},
                  {"kube-scheduler"},
                  [](const http::Response& response) { EXPECT_EQ(response.status, 415); });
  const auto malformed = ask("/filter", "{");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_THAT(malformed.body, ::testing::StartsWith("filter: "));
  EXPECT_EQ(malformed.body.find('\n'), malformed.body.size() - 1) << "one line";
  EXPECT_EQ(ask("/bind", R"({"PodName":1})").body, "bind: PodName: want a string\n");
}

TEST_F(ExtenderService, DoesNotBindWhenBindingIsOff) {
  Service service({.accelerators = kAccelerators,
                   .bind = false,
                   .stopwatch = [] { return std::chrono::nanoseconds{0}; }},
                  world_.view, world_.binder, mailbox_, world_.metrics);
  int status = 0;
  service.handle({"POST", "/bind", "{}"}, {},
                 [&](const http::Response& response) { status = response.status; });
  EXPECT_EQ(status, 404);
}

TEST_F(ExtenderService, CountsItsCallsByOutcome) {
  world_.sync();
  ask("/filter", filter_body(plain_pod("x", "p"), {"n1"}));
  ask("/filter", filter_body(with_devices(plain_pod("blue", "q"), 1), {"n1"}));
  ask("/filter", "{");
  for (const char* const outcome : {"answered", "refused", "error"}) {
    EXPECT_THAT(world_.metrics.text(), HasSubstr("berth_extender_requests_total{outcome=\"" +
                                                 std::string(outcome) + "\",verb=\"filter\"} 1\n"));
  }
}

TEST_F(ExtenderService, HoldsKubeSchedulerBackWhileManyBindsAreUnderWay) {
  world_.create_job("train", "n2");
  const Json pod = world_.create_pod(worker_pod("blue", "train", "train-1-0"));
  world_.sync();
  int bound = 0;
  for (size_t i = 0; i < kBindsMost; ++i) {
    service_.handle({"POST", "/bind", binding_body(pod, "n2")}, {"kube-scheduler"},
                    [&](const http::Response&) { ++bound; });
  }
  std::optional<http::Response> filtered;
  service_.handle({"POST", "/filter", filter_body(pod, {"n1", "n2"})}, {"kube-scheduler"},
                  [&](http::Response response) { filtered = std::move(response); });
  EXPECT_EQ(bound, 0);
  EXPECT_FALSE(filtered);
  mailbox_.deliver();
  world_.run();
  EXPECT_EQ(bound, static_cast<int>(kBindsMost));
  ASSERT_TRUE(filtered);
  EXPECT_EQ(names(*filtered), Json({"n2"}));
}

}  // namespace
}  // namespace berth::extender
