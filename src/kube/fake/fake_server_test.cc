#include "kube/fake/fake_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "kube/fake/fake_transport.h"
#include "kube/fake/model_kubelet.h"
#include "kube/reply.h"
#include "kube/request.h"

// What a test can make the server and the way to it do, and a real one cannot be made to. The rules
// that both keep are in tests/cluster/contract_*.
namespace berth::kube::fake {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Json named(const std::string& name) {
  return {{"metadata", {{"name", name}, {"namespace", "default"}}}, {"spec", Json::object()}};
}

bool is_post(const Request& request) { return request.method == Method::Post; }

class FakeTest : public testing::Test {
 protected:
  Json handle(const Request& request) { return Json::parse(server_.handle(request).body); }
  void create_pod(const std::string& name) { server_.handle(create(kPods, named(name))); }
  // Sends, and says how the answer reads: "ok" or the name of its code.
  void send(const Request& request) {
    transport_.send(request, [this, request](Result<Response> response) {
      const Result<Json> reply = parse_reply(request, std::move(response));
      answers_.push_back(reply ? "ok" : std::to_string(static_cast<int>(reply.error().code)));
    });
  }
  static std::string code(Code code) { return std::to_string(static_cast<int>(code)); }

  StreamId watch_pods() {
    return transport_.open(
        watch(kPods),
        {.on_line = [this](std::string_view line) { lines_.push_back(Json::parse(line)["type"]); },
         .on_end = [this](const Status& ended) { lines_.push_back(ended.ok() ? "end" : "cut"); }});
  }

  ManualClock clock_;
  FakeServer server_{clock_};
  FakeTransport transport_{server_, clock_};
  std::vector<std::string> answers_;
  std::vector<std::string> lines_;
};

TEST_F(FakeTest, NothingHappensBeforeItsStep) {
  send(create(kPods, named("a")));
  EXPECT_EQ(server_.count(kPods), 0u);
  EXPECT_TRUE(transport_.step());
  EXPECT_EQ(server_.count(kPods), 1u);
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_TRUE(transport_.step());
  EXPECT_THAT(answers_, ElementsAre("ok"));
  EXPECT_FALSE(transport_.step());
}

TEST_F(FakeTest, ARefusedConnectionHasDoneNothing) {
  transport_.inject({is_post, Fault::refused()});
  send(create(kPods, named("a")));
  transport_.poll();
  EXPECT_THAT(answers_, ElementsAre(code(Code::Unavailable)));
  EXPECT_EQ(server_.count(kPods), 0u);
  EXPECT_THAT(transport_.sent(), IsEmpty());
}

TEST_F(FakeTest, ALostReplyHasBeenDone) {
  transport_.inject({is_post, Fault::lost_reply()});
  send(create(kPods, named("a")));
  transport_.poll();
  EXPECT_THAT(answers_, ElementsAre(code(Code::Timeout)));
  EXPECT_EQ(server_.count(kPods), 1u);
}

TEST_F(FakeTest, AFaultHitsTheExchangesThatItsRuleSays) {
  transport_.inject({is_post, Fault::status(429, Millis{2000}), 1, 2});
  for (const char* name : {"a", "b", "c", "d"}) send(create(kPods, named(name)));
  transport_.poll();
  const std::string no = code(Code::Unavailable);
  EXPECT_THAT(answers_, ElementsAre("ok", no, no, "ok"));
}

TEST_F(FakeTest, ASlowAnswerArrivesWhenItsTimeHasCome) {
  transport_.inject({is_post, Fault::slow(Millis{500})});
  send(create(kPods, named("a")));
  transport_.poll();
  EXPECT_EQ(server_.count(kPods), 1u);
  EXPECT_THAT(answers_, IsEmpty());
  EXPECT_EQ(transport_.next_arrival(), clock_.monotonic() + Millis{500});
  clock_.advance(Millis{500});
  transport_.poll();
  EXPECT_THAT(answers_, ElementsAre("ok"));
}

TEST_F(FakeTest, APausedStreamLosesNothing) {
  watch_pods();
  transport_.poll();
  transport_.stall_streams(true);
  create_pod("a");
  transport_.poll();
  EXPECT_THAT(lines_, ElementsAre("BOOKMARK"));
  transport_.stall_streams(false);
  transport_.poll();
  EXPECT_THAT(lines_, ElementsAre("BOOKMARK", "ADDED"));
}

TEST_F(FakeTest, ACutStreamSaysSoOnce) {
  const StreamId id = watch_pods();
  transport_.poll();
  transport_.cut_streams(Error{Code::Unavailable, "reset"});
  transport_.close(id);
  create_pod("a");
  transport_.poll();
  EXPECT_THAT(lines_, ElementsAre("BOOKMARK", "cut"));
}

TEST_F(FakeTest, EventsCanBeDroppedAndRepeated) {
  watch_pods();
  transport_.on_line([](const Request&, std::string_view line) {
    if (line.find("ADDED") != std::string_view::npos) return LineFate::Twice;
    return line.find("DELETED") != std::string_view::npos ? LineFate::Drop : LineFate::Deliver;
  });
  transport_.poll();
  create_pod("a");
  server_.handle(remove(kPods, "default", "a"));
  transport_.poll();
  EXPECT_THAT(lines_, ElementsAre("BOOKMARK", "ADDED", "ADDED"));
}

TEST_F(FakeTest, BookmarksComeWhenTheTestSendsThem) {
  watch_pods();
  transport_.poll();
  transport_.send_bookmarks();
  EXPECT_THAT(lines_, ElementsAre("BOOKMARK", "BOOKMARK"));
}

TEST_F(FakeTest, AWatchThatIsBehindACompactionIsExpired) {
  watch_pods();
  transport_.poll();
  create_pod("a");
  server_.compact();
  transport_.poll();
  EXPECT_THAT(lines_, ElementsAre("BOOKMARK", "ERROR", "end"));
}

TEST_F(FakeTest, AContinueTokenFromBeforeACompactionIsExpired) {
  create_pod("a");
  create_pod("b");
  const Json first = handle(list(kPods, {.limit = 1}));
  const std::string token = first["metadata"]["continue"];
  server_.compact();
  EXPECT_EQ(server_.handle(list(kPods, {.limit = 1, .continue_token = token})).status, 410);
}

TEST_F(FakeTest, AnOlderServerRefusesStreamingLists) {
  server_.serve_streaming_lists(false);
  transport_.open(
      watch(kPods, {.initial_events = true}),
      {.on_line = [](std::string_view) { FAIL(); },
       .on_end = [this](const Status& ended) { lines_.push_back(code(ended.error().code)); }});
  transport_.poll();
  EXPECT_THAT(lines_, ElementsAre(code(Code::Invalid)));
}

TEST_F(FakeTest, AccessIsWhatTheTestAllows) {
  server_.authorize_with([](const Json& spec) { return spec["user"] == "alice"; });
  const Access access{.verb = "get", .resource = "pods"};
  EXPECT_EQ(handle(subject_access_review({.user = "alice"}, access))["status"]["allowed"], true);
  EXPECT_EQ(handle(subject_access_review({.user = "bob"}, access))["status"]["allowed"], false);
}

TEST_F(FakeTest, ACrashedClientsRequestsAreGone) {
  auto crashing = std::make_unique<FakeTransport>(server_, clock_);
  crashing->send(create(kPods, named("a")), [](Result<Response>) { FAIL(); });
  crashing.reset();
  transport_.poll();
  EXPECT_EQ(server_.count(kPods), 0u);
}

TEST_F(FakeTest, KubeletsStartBoundPodsAndEndTheOnesThatGo) {
  Json pod = named("a");
  pod["spec"]["containers"] = Json::array({{{"name", "worker"}}});
  server_.handle(create(kPods, pod));
  ModelKubelet kubelet(server_, clock_);
  EXPECT_EQ(kubelet.step(), 0u);
  server_.handle(bind_pod("default", "a", "", "n1"));
  EXPECT_EQ(kubelet.step(), 1u);
  EXPECT_EQ((*server_.find(kPods, "default", "a"))["status"]["phase"], "Running");
  server_.handle(remove(kPods, "default", "a"));
  EXPECT_EQ(server_.count(kPods), 1u);
  kubelet.step();
  EXPECT_EQ(server_.count(kPods), 0u);
}

TEST_F(FakeTest, AContainersEndIsInThePodsStatus) {
  Json pod = named("a");
  pod["spec"]["containers"] = Json::array({{{"name", "worker"}}});
  server_.handle(create(kPods, pod));
  server_.handle(bind_pod("default", "a", "", "n1"));
  ModelKubelet kubelet(server_, clock_);
  kubelet.step();
  kubelet.finish("default", "a", 42, "{\"step\":7}");
  const Json& status = (*server_.find(kPods, "default", "a"))["status"];
  EXPECT_EQ(status["phase"], "Failed");
  const Json& ended = status["containerStatuses"][0]["state"]["terminated"];
  EXPECT_EQ(ended["exitCode"], 42);
  EXPECT_EQ(ended["message"], "{\"step\":7}");
}

}  // namespace
}  // namespace berth::kube::fake
