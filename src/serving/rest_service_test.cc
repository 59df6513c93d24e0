#include "serving/rest_service.h"

#include <gmock/gmock.h>

#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "http/serving_metrics_list.h"
#include "serving/testing/models.h"

namespace berth::serving {
namespace {

using testing::Adder;
using ::testing::ElementsAre;
using testing::Gate;
using ::testing::HasSubstr;
using testing::pairs;
using Json = nlohmann::json;

const std::string kGood =
    R"({"id":"7","inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]})";

// A connection as far as the service sees one.
class Connection final : public http::Asking {
 public:
  std::string_view header(std::string_view name) const override {
    const auto found = headers.find(std::string(name));
    return found == headers.end() ? std::string_view() : found->second;
  }
  std::string take_body() override { return std::move(body); }
  void when_gone(std::function<void()> call) override { gone = std::move(call); }

  std::map<std::string, std::string> headers;
  std::string body;
  std::function<void()> gone;
};

class RestServiceTest : public ::testing::Test {
 protected:
  void load(BatchRules rules = {.rows_max = 4, .delay_max = Micros{0}, .waiting_max = 1}) {
    std::vector<std::unique_ptr<Instance>> instances;
    instances.push_back(std::make_unique<Adder>(gate_));
    dispatcher_ = std::make_unique<Dispatcher>(rules, std::move(instances), endpoint_);
    endpoint_.load(
        {.signature = pairs(), .device = "cpu", .sha256 = "ab", .dispatcher = dispatcher_.get()});
    endpoint_.lifecycle().become_ready();
  }

  std::future<http::Response> send(std::string_view method, std::string_view target,
                                   std::string body = "") {
    connection_.body = std::move(body);
    auto promise = std::make_shared<std::promise<http::Response>>();
    auto response = promise->get_future();
    const http::Request request{method, target, connection_.body, "", &connection_};
    service_.handle(request,
                    [promise](http::Response answer) { promise->set_value(std::move(answer)); });
    return response;
  }
  http::Response ask(std::string_view method, std::string_view target, std::string body = "") {
    auto response = send(method, target, std::move(body));
    EXPECT_EQ(response.wait_for(std::chrono::seconds(10)), std::future_status::ready);
    return response.get();
  }
  http::Response get(std::string_view target) { return ask("GET", target); }
  http::Response infer(std::string body) {
    return ask("POST", "/v2/models/adder/infer", std::move(body));
  }
  static std::string error_of(const http::Response& response) {
    return Json::parse(response.body).at("error");
  }

  Gate gate_;
  http::Metrics metrics_{http::kServingMetrics};
  Endpoint endpoint_{{.model = {"adder", "3"}}, metrics_};
  RestService service_{endpoint_};
  Connection connection_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(RestServiceTest, IsAliveBeforeItIsReadyAndSaysSo) {
  EXPECT_EQ(get("/v2/health/live").status, 200);
  EXPECT_EQ(get("/v2/health/ready").status, 503);
  EXPECT_EQ(get("/v2/models/adder/ready").status, 503);
  EXPECT_EQ(get("/v2/models/adder").status, 503);
  const auto refused = infer(kGood);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.headers,
              ElementsAre(std::pair<std::string_view, std::string>("Retry-After", "1")));
  load();
  EXPECT_EQ(Json::parse(get("/v2/health/ready").body)["ready"], true);
  EXPECT_EQ(Json::parse(get("/v2/models/adder/versions/3/ready").body)["ready"], true);
}

TEST_F(RestServiceTest, DescribesItselfAndItsModel) {
  load();
  EXPECT_EQ(Json::parse(get("/v2").body)["extensions"][0], "binary_tensor_data");
  EXPECT_EQ(get("/v2/").body, get("/v2").body);
  EXPECT_EQ(Json::parse(get("/v2/models/adder/versions/3").body), Json::parse(R"({
      "name": "adder", "versions": ["3"], "platform": "pytorch_torchscript",
      "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}],
      "outputs": [{"name": "sum", "datatype": "FP32", "shape": [-1]}],
      "parameters": {"device": "cpu", "sha256": "ab"}})"));
}

TEST_F(RestServiceTest, InfersAndEchoesTheId) {
  load();
  const auto answer = infer(kGood);
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(Json::parse(answer.body), Json::parse(R"({
      "model_name": "adder", "model_version": "3", "id": "7",
      "outputs": [{"name": "sum", "datatype": "FP32", "shape": [1], "data": [3]}]})"));
  EXPECT_EQ(ask("POST", "/v2/models/adder/versions/3/infer", kGood).body, answer.body);
}

TEST_F(RestServiceTest, InfersOverBinaryTensorsBothWays) {
  load();
  const std::string json =
      R"({"parameters":{"binary_data_output":true},"inputs":[{"name":"x","shape":[1,2],)"
      R"("datatype":"FP32","parameters":{"binary_data_size":8}}]})";
  const float raw[] = {1, 2};
  connection_.headers["Inference-Header-Content-Length"] = std::to_string(json.size());
  const auto answer = infer(json + std::string(reinterpret_cast<const char*>(raw), 8));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers[0].first, "Inference-Header-Content-Length");
  const size_t length = std::stoul(answer.headers[0].second);
  EXPECT_EQ(answer.body.substr(length), std::string("\0\0\x40\x40", 4));
  connection_.headers["Inference-Header-Content-Length"] = "many";
  EXPECT_EQ(infer(json).status, 400);
}

TEST_F(RestServiceTest, RefusesInJsonWithTheRightStatus) {
  load();
  for (const auto& [method, target, body, status, want] :
       std::vector<std::tuple<std::string, std::string, std::string, int, std::string>>{
           {"GET", "/v2/nothing", "", 404, "there is nothing at /v2/nothing"},
           {"GET", "/v2/models/other", "", 404, "this server has 'adder' version '3'"},
           {"GET", "/v2/models/adder/versions/4", "", 404, "no such model"},
           {"GET", "/v2/models/adder/stop", "", 404, "a model has no 'stop'"},
           {"PUT", "/v2", "", 404, "nothing takes PUT"},
           {"POST", "/v2/models/other/infer", kGood, 404, "no such model"},
           {"GET", "/v2/models/adder/infer", "", 405, "infer wants POST"},
           {"POST", "/v2/models/adder/infer", "{", 400, ""},
           {"POST", "/v2/models/adder/infer", R"({"inputs":[]})", 400, "input 'x': is missing"}}) {
    const auto refused = ask(method, target, body);
    EXPECT_EQ(refused.status, status) << target;
    EXPECT_THAT(error_of(refused), HasSubstr(want));
  }
}

TEST_F(RestServiceTest, RefusesABatchThatIsTooLarge) {
  load();
  EXPECT_THAT(error_of(infer(R"({"inputs":[{"name":"x","shape":[5,2],"datatype":"FP32",)"
                             R"("data":[1,2,3,4,5,6,7,8,9,10]}]})")),
              HasSubstr("a batch of 5 rows, of at most 4 (--max-batch-size)"));
}

TEST_F(RestServiceTest, RefusesWhatDoesNotFitTheQueueWithRetryAfter) {
  gate_.open(false);
  load();
  auto computing = send("POST", "/v2/models/adder/infer", kGood);
  ASSERT_TRUE(gate_.has_seen(1));
  auto waiting = send("POST", "/v2/models/adder/infer", kGood);
  const auto refused = infer(kGood);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers[0].first, "Retry-After");
  EXPECT_THAT(endpoint_.metrics_text(), HasSubstr("berth_inference_queue_depth 1\n"));
  EXPECT_THAT(endpoint_.metrics_text(), HasSubstr("berth_inference_in_flight 2\n"));
  gate_.open();
  EXPECT_EQ(computing.get().status, 200);
  EXPECT_EQ(waiting.get().status, 200);
}

TEST_F(RestServiceTest, KeepsToTheClientsOwnDeadlineWhereThatIsNearer) {
  gate_.open(false);
  load({.rows_max = 1, .delay_max = Micros{0}, .waiting_max = 9});
  auto computing = send("POST", "/v2/models/adder/infer", kGood);
  ASSERT_TRUE(gate_.has_seen(1));
  std::map<std::string, std::future<http::Response>> asked;
  for (const std::string timeout : {"1", "1000000", "soon", "-5"}) {
    connection_.headers["berth-timeout-milliseconds"] = timeout;
    asked[timeout] = send("POST", "/v2/models/adder/infer", kGood);
  }
  const MicroTime past = now_micros() + std::chrono::milliseconds(2);
  while (now_micros() < past) std::this_thread::yield();
  gate_.open();
  EXPECT_EQ(asked["1"].get().status, 504);
  for (const char* const other : {"1000000", "soon", "-5"}) {
    EXPECT_EQ(asked[other].get().status, 200) << other;
  }
}

TEST_F(RestServiceTest, ForgetsWhoHasGone) {
  gate_.open(false);
  load();
  auto computing = send("POST", "/v2/models/adder/infer", kGood);
  ASSERT_TRUE(gate_.has_seen(1));
  auto waiting = send("POST", "/v2/models/adder/infer", kGood);
  connection_.gone();
  EXPECT_EQ(waiting.get().status, 499);
  EXPECT_EQ(dispatcher_->waiting(), 0U);
  gate_.open();
  EXPECT_EQ(computing.get().status, 200);
  EXPECT_THAT(metrics_.text(), HasSubstr("berth_inference_dropped_total{reason=\"gone\"} 1\n"));
}

TEST_F(RestServiceTest, WhileDrainingAnswersButSendsClientsElsewhere) {
  load();
  endpoint_.lifecycle().drain();
  EXPECT_EQ(get("/v2/health/ready").status, 503);
  EXPECT_EQ(get("/v2/health/live").status, 200);
  const auto answer = infer(kGood);
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.is_last);
  EXPECT_FALSE(endpoint_.lifecycle().become_ready()) << "there is no way back";
}

TEST_F(RestServiceTest, CountsByCodeAndGivesBackWhatItHeld) {
  load();
  infer(kGood);
  infer("{");
  EXPECT_THAT(
      metrics_.text(),
      HasSubstr("berth_inference_requests_total{code=\"200\",model=\"adder\",protocol=\"http\","
                "version=\"3\"} 1\n"));
  EXPECT_THAT(metrics_.text(), HasSubstr("code=\"400\""));
  dispatcher_->stop();
  EXPECT_EQ(*endpoint_.held_bytes(), 0U);
}

TEST(ServingMetricsTable, HasTheObjectiveAmongItsBounds) {
  const auto buckets_of = [](int64_t milliseconds) {
    const ServingMetricsTable table(milliseconds);
    for (const auto& row : table.rows()) {
      if (row.name == http::kRequestDuration) return std::string(row.buckets);
    }
    return std::string();
  };
  EXPECT_THAT(buckets_of(30), HasSubstr("0.025 0.03 0.05"));
  EXPECT_EQ(buckets_of(50).find("0.05 0.05"), std::string::npos);
  EXPECT_THAT(buckets_of(20'000), HasSubstr("10 20"));
}

}  // namespace
}  // namespace berth::serving
