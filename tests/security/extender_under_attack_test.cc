#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <thread>

#include "http/testing/http2_client.h"
#include "http/testing/pki.h"
#include "http/testing/serving.h"
#include "http/testing/tls_client.h"
#include "operator/extender/service.h"
#include "operator/extender/testing/world.h"
#include "tests/security/malformed.h"

// A running extender, spoken to over real sockets by somebody who has kube-scheduler's certificate
// and means harm, or is broken.
namespace berth::security {
namespace {

using extender::testing::filter_body;
using extender::testing::worker_pod;
using http::testing::Answer;
using http::testing::Client;
using http::testing::Http2Client;
using http::testing::TlsClient;
using std::chrono::steady_clock;

constexpr size_t kShownMost = 20;  // of what went wrong
constexpr size_t kLineMost = 300;
constexpr size_t kAlone = 2'000;  // good calls before the bad ones, to compare with

// Times of answers, in microseconds, for the test's properties.
struct Latency {
  std::vector<int64_t> micros;

  int64_t at_percent(size_t percent) {
    if (micros.empty()) return 0;
    std::sort(micros.begin(), micros.end());
    return micros[std::min(micros.size() - 1, micros.size() * percent / 100)];
  }
};

class ExtenderUnderAttack : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.create_job("train", "n2");
    pod_ = world_.create_pod(worker_pod("blue", "train", "train-1-0"));
    world_.sync();
    good_ = filter_body(pod_, {"n1", "n2"});
  }

  void serve(http::Limits limits) {
    auto started = http::TlsServer::start(
        {.tls = pki_.files(), .limits = limits},
        [this](const http::Request& request, const http::Peer& peer, const http::Respond& respond) {
          service_.handle(request, peer, respond);
        },
        log_);
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
  }

  std::unique_ptr<Client> connected(bool http2) {
    std::unique_ptr<Client> client;
    if (http2) {
      client = std::make_unique<Http2Client>(pki_.ca(), pki_.client());
    } else {
      client = std::make_unique<TlsClient>(pki_.ca(), pki_.client());
    }
    EXPECT_TRUE(client->connect(server_->port()));
    return client;
  }

  // Asks what is right until `done`, or so often, and counts what is not answered as it should be.
  void ask_well(const std::atomic<bool>& done, Latency& latency, std::atomic<int>& wrong,
                size_t most = std::numeric_limits<size_t>::max()) {
    const auto client = connected(true);
    while (!done && latency.micros.size() < most) {
      const auto asked = steady_clock::now();
      const auto answer = client->post("/filter", good_);
      const auto took = steady_clock::now() - asked;
      latency.micros.push_back(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
      if (!answer || answer->status != 200 || Json::parse(answer->body)["NodeNames"] != planned_) {
        ++wrong;
        if (!answer) return;
      }
    }
  }

  // A 4xx with one line that a person can read; else says what was wrong.
  void expect_refusal(const std::string& family, const std::string& what,
                      const std::optional<Answer>& answer) {
    ++refused_[family];
    const auto bad = [&](const std::string& why) {
      if (++complaints_ > kShownMost) return;
      ADD_FAILURE() << family << ": " << why << ": " << what.substr(0, 400);
    };
    if (!answer) return bad("no answer");
    if (answer->status < 400 || answer->status > 499) {
      return bad("status " + std::to_string(answer->status) + " " + answer->body.substr(0, 200));
    }
    const std::string& line = answer->body;
    const bool is_plain = std::all_of(line.begin(), line.end() - (line.empty() ? 0 : 1),
                                      [](char c) { return c >= ' ' && c <= '~'; });
    if (line.size() < 10 || line.size() > kLineMost || line.back() != '\n' || !is_plain) {
      bad("no clear line '" + line.substr(0, 200) + "'");
    }
  }

  void send_calls(bool http2, const std::vector<BadCall>& calls) {
    auto client = connected(http2);
    // Every second, so that both protocols together take the time of one.
    for (size_t i = http2 ? 1 : 0; i < calls.size(); i += 2) {
      const auto answer = client->ask(calls[i].call) ? client->receive() : std::nullopt;
      expect_refusal(calls[i].family,
                     calls[i].call.method + " " + calls[i].call.path + " " + calls[i].call.body,
                     answer);
      const bool is_last =
          !answer || (!http2 && answer->head.find("Connection: close") != std::string::npos);
      if (is_last) client = connected(http2);
    }
  }

  void send_bytes(const std::vector<BadBytes>& all) {
    TlsClient client(pki_.ca(), pki_.client());
    for (const BadBytes& bad : all) {
      ASSERT_TRUE(client.connect(server_->port()));
      client.send(bad.bytes);
      expect_refusal(bad.family, bad.bytes, client.receive());
    }
  }

  size_t refused() const {
    size_t sum = 0;
    for (const auto& [family, count] : refused_) sum += count;
    return sum;
  }

  const Json planned_ = Json::array({"n2"});
  NoLog log_;
  http::testing::Pki pki_;
  extender::testing::World world_;
  extender::Mailbox mailbox_{[] {}};
  extender::Service service_{{.accelerators = extender::testing::kAccelerators,
                              .client_name = "kube-scheduler",
                              .stopwatch = [] { return steady_clock::now().time_since_epoch(); }},
                             world_.view,
                             world_.binder,
                             mailbox_,
                             world_.metrics};
  Json pod_;
  std::string good_;
  std::map<std::string, size_t> refused_;
  size_t complaints_ = 0;
  std::unique_ptr<http::TlsServer> server_;  // last: its threads use all of the above
};

TEST_F(ExtenderUnderAttack, RefusesTenThousandMalformedCallsWithALineEachWhileGoodOnesAreAnswered) {
  serve({});
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  Latency alone;
  Latency latency;
  ask_well(done, alone, wrong, kAlone);
  std::thread good([&] { ask_well(done, latency, wrong); });
  const std::vector<BadCall> calls = malformed_calls();
  send_calls(false, calls);
  send_calls(true, calls);
  send_bytes(malformed_bytes());
  done = true;
  good.join();
  EXPECT_EQ(complaints_, 0U);
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(refused(), 10'000U);
  EXPECT_GE(refused_.size(), 20U);
  for (const auto& [family, count] : refused_) {
    RecordProperty("refused " + family, static_cast<int>(count));
  }
  RecordProperty("good calls beside them", static_cast<int>(latency.micros.size()));
  RecordProperty("p50 in microseconds alone", static_cast<int>(alone.at_percent(50)));
  RecordProperty("p99 in microseconds alone", static_cast<int>(alone.at_percent(99)));
  RecordProperty("their p50 in microseconds", static_cast<int>(latency.at_percent(50)));
  RecordProperty("their p99 in microseconds", static_cast<int>(latency.at_percent(99)));
}

TEST_F(ExtenderUnderAttack, StillBindsAfterwards) {
  serve({});
  const auto client = connected(true);
  for (const char* const body : {"{", "[]", R"({"PodName":7})"}) {
    ASSERT_EQ(client->post("/bind", body)->status, 400);
  }
  ASSERT_TRUE(client->ask({.path = "/bind", .body = extender::testing::binding_body(pod_, "n2")}));
  ASSERT_TRUE(http::testing::comes_true([&] {
    mailbox_.deliver();
    world_.run();
    return world_.node_of(pod_) == "n2";
  }));
  EXPECT_EQ(client->receive()->body, "{\"Error\":\"\"}\n");
}

// All at once, as somebody would who wants to keep others out; they cost a place each, for seconds.
TEST_F(ExtenderUnderAttack, CutsSlowSendersWhileGoodCallsAreAnswered) {
  serve({.header_timeout = Millis{1'000}, .body_timeout = Millis{1'000}});
  const std::vector<BadBytes> calls = unfinished_calls();
  ASSERT_LT(calls.size(), 200U) << "they and the good one have to fit in";
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  Latency latency;
  std::thread good([&] { ask_well(done, latency, wrong); });
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (const BadBytes& call : calls) {
    clients.push_back(std::make_unique<TlsClient>(pki_.ca(), pki_.client()));
    EXPECT_TRUE(clients.back()->connect(server_->port()));
    EXPECT_TRUE(clients.back()->send(call.bytes));
  }
  for (size_t i = 0; i < calls.size(); ++i) {
    expect_refusal(calls[i].family, calls[i].bytes, clients[i]->receive());
    EXPECT_TRUE(clients[i]->is_cut());
  }
  done = true;
  good.join();
  EXPECT_EQ(complaints_, 0U);
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(latency.micros.size(), 0U);
}

// They take every place there is, but not for long.
TEST_F(ExtenderUnderAttack, MakesRoomAgainAfterAFloodOfConnectionsThatSayNothing) {
  serve({.connections_max = 20, .handshake_timeout = Millis{500}});
  std::vector<int> flood;
  for (int i = 0; i < 60; ++i) {
    flood.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(flood.back(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  }
  Http2Client client(pki_.ca(), pki_.client());
  EXPECT_TRUE(http::testing::comes_true([&] {
    const auto answer =
        client.connect(server_->port()) ? client.post("/filter", good_) : std::nullopt;
    return answer && answer->status == 200;
  }));
  EXPECT_LE(server_->connections(), 20);
  for (const int socket : flood) ::close(socket);
}

}  // namespace
}  // namespace berth::security
