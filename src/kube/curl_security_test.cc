#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "kube/curl_loopback_test.h"
#include "kube/curl_transport.h"
#include "kube/request.h"

// Who the server is, who we are, and what happens when either is not believed.
namespace berth::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Request kAnything = get(kPods, "a", "p");

Result<Response> ask(LoopbackServer& server, CurlTransport& transport) {
  std::optional<Result<Response>> reply;
  transport.send(kAnything, [&](Result<Response> got) { reply = std::move(got); });
  for (int round = 0; round < 20'000 && !reply; ++round) {
    server.pump();
    transport.poll(Millis{1});
  }
  return reply ? *reply : Error{Code::Internal, "no reply"};
}

struct Secure {
  explicit Secure(const std::string& san, bool wants_client = false)
      : server({.server = authority.issue("kube-apiserver", san),
                .client_ca = wants_client ? authority.pem() : ""},
               [this](LoopbackServer::Peer& peer) {
                 client_name = peer.client_name;
                 headers = peer.headers;
                 peer.reply(200, "{}");
               }) {
    config.cluster = {.server = server.url(), .ca = {.text = authority.pem()}};
  }
  Result<Response> ask_once() {
    CurlTransport transport(config, clock);
    return ask(server, transport);
  }

  ManualClock clock;
  TestAuthority authority{"cluster"};
  std::string client_name;
  std::string headers;
  LoopbackServer server;
  Config config;
};

TEST(CurlSecurity, AServerOfOurAuthorityIsBelieved) {
  Secure world("IP:127.0.0.1");
  const auto reply = world.ask_once();
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(reply->status, 200);
}

TEST(CurlSecurity, AnotherAuthorityIsNotBelieved) {
  Secure world("IP:127.0.0.1");
  world.config.cluster.ca.text = TestAuthority("another").pem();
  const auto reply = world.ask_once();
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, Code::Unavailable);
  EXPECT_THAT(reply.error().message, HasSubstr("the server's certificate: "));
  world.config.cluster.ca.text = TestAuthority("cluster").pem();  // the same name, another key
  EXPECT_FALSE(world.ask_once().ok());
}

TEST(CurlSecurity, WithoutAnAuthorityOnlyTheMachinesAreBelieved) {
  Secure world("IP:127.0.0.1");
  world.config.cluster.ca = {};
  EXPECT_FALSE(world.ask_once().ok());
}

TEST(CurlSecurity, ACertificateForAnotherHostIsNotBelieved) {
  Secure world("IP:127.0.0.2, DNS:localhost");
  const auto reply = world.ask_once();
  ASSERT_FALSE(reply.ok());
  EXPECT_THAT(reply.error().message, HasSubstr("127.0.0.1"));
}

TEST(CurlSecurity, TheNameToExpectCanBeGiven) {
  Secure world("DNS:kubernetes");
  EXPECT_FALSE(world.ask_once().ok());
  world.config.cluster.tls_server_name = "kubernetes";
  const auto reply = world.ask_once();
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_THAT(world.headers, HasSubstr("Host: " + world.server.url().substr(8) + "\r\n"));
}

TEST(CurlSecurity, TheClientCertificateIsPresented) {
  Secure world("IP:127.0.0.1", true);
  EXPECT_FALSE(world.ask_once().ok());
  const TestPair pair = world.authority.issue("berth-operator", "DNS:berth");
  world.config.user.certificate.text = pair.certificate;
  world.config.user.key.text = pair.key;
  const auto reply = world.ask_once();
  ASSERT_TRUE(reply.ok()) << reply.error().message;
  EXPECT_EQ(world.client_name, "berth-operator");
}

TEST(CurlSecurity, AClientCertificateThatIsNoneIsSaidToBe) {
  Secure world("IP:127.0.0.1");
  world.config.user.certificate.text = "nonsense";
  world.config.user.key.text = "nonsense";
  const auto reply = world.ask_once();
  EXPECT_EQ(reply.error().code, Code::Invalid);
  EXPECT_THAT(reply.error().message, HasSubstr("client certificate: "));
}

TEST(CurlSecurity, NoErrorShowsTheToken) {
  Secure world("IP:127.0.0.1");
  world.config.user.token.text = "s3cr3t";
  ASSERT_TRUE(world.ask_once().ok());
  ASSERT_THAT(world.headers, HasSubstr("Bearer s3cr3t"));
  std::vector<Result<Response>> failures;
  const std::string url = std::exchange(world.config.cluster.server, "https://127.0.0.1:1");
  failures.push_back(world.ask_once());
  world.config.cluster.server = url;
  world.config.cluster.ca.text = TestAuthority("another").pem();
  failures.push_back(world.ask_once());
  world.config.user.token.text = "s3cr3t\r\nx: y";
  failures.push_back(world.ask_once());
  for (const auto& failed : failures) {
    ASSERT_FALSE(failed.ok());
    EXPECT_THAT(failed.error().message, Not(HasSubstr("s3cr3t")));
  }
}

// libcurl would go on putting requests onto an HTTP/2 connection whose server has stopped
// answering.
TEST(CurlSecurity, AnHttp2ConnectionThatWentSilentGetsNoMoreRequests) {
  ManualClock clock;
  const TestAuthority authority("cluster");
  const std::string empty_settings("\0\0\0\x04\0\0\0\0\0", 9);
  int prefaces = 0;
  LoopbackServer server({.server = authority.issue("s", "IP:127.0.0.1"), .offers_h2 = true},
                        [&](LoopbackServer::Peer& peer) {
                          if (!peer.request_line.starts_with("PRI ")) return;
                          ++prefaces;
                          peer.send(empty_settings);
                        });
  CurlTransport transport({.cluster = {.server = server.url(), .ca = {.text = authority.pem()}}},
                          clock);
  const auto run = [&](const std::function<bool()>& done) {
    for (int round = 0; round < 20'000 && !done(); ++round) {
      server.pump();
      transport.poll(Millis{1});
    }
  };
  int timeouts = 0;
  for (int connections = 1; connections <= 2; ++connections) {
    for (int i = 0; i < 3; ++i)
      transport.send(kAnything, [&](const Result<Response>& reply) {
        if (!reply.ok() && reply.error().code == Code::Timeout) ++timeouts;
      });
    run([&] { return prefaces == connections; });
    EXPECT_EQ(server.accepted(), connections);
    clock.advance(Millis{10'000});
    run([&] { return timeouts == 3 * connections; });
    EXPECT_EQ(timeouts, 3 * connections);
  }
}

// Each connection that is given up too early costs five descriptors until its streams end.
TEST(CurlSecurity, AnImpatientRequestDoesNotCostAConnection) {
  ManualClock clock;
  const TestAuthority authority("cluster");
  const std::string empty_settings("\0\0\0\x04\0\0\0\0\0", 9);
  LoopbackServer server({.server = authority.issue("s", "IP:127.0.0.1"), .offers_h2 = true},
                        [&](LoopbackServer::Peer& peer) {
                          if (peer.request_line.starts_with("PRI ")) peer.send(empty_settings);
                        });
  CurlTransport transport({.cluster = {.server = server.url(), .ca = {.text = authority.pem()}}},
                          clock, {.most_silence = Millis{2'000}});
  Request request = kAnything;
  request.timeout = Millis{200};
  int timeouts = 0;
  const auto ask = [&] {
    transport.send(request, [&](const Result<Response>& reply) { timeouts += reply.ok() ? 0 : 1; });
    const int before = timeouts;
    for (int round = 0; round < 200 || server.accepted() == 0; ++round) {
      server.pump();
      transport.poll(Millis{1});
    }
    clock.advance(request.timeout);
    transport.poll(Millis{0});
    EXPECT_EQ(timeouts, before + 1);
  };
  ask();  // the server says something: its settings
  for (int silent = 0; silent < 10; ++silent) {
    ask();
    EXPECT_EQ(server.accepted(), 1) << silent;
  }
  ask();
  EXPECT_EQ(server.accepted(), 2);
}

// A server that knows one token, which a test may replace, and a transport that reads its own from
// a file.
struct Tokens {
  Tokens() : file(std::filesystem::temp_directory_path() / "berth-XXXXXX") {
    std::string name = file.string();
    ::close(mkstemp(name.data()));
    file = name;
    write("old");
    config.cluster.server = server.url();
    config.user.token.file = file.string();
  }
  ~Tokens() { std::filesystem::remove(file); }
  void write(const std::string& token) const { std::ofstream(file) << token; }

  ManualClock clock;
  std::string accepted = "old";
  std::vector<std::string> seen;
  LoopbackServer server{[this](LoopbackServer::Peer& peer) {
    const size_t at = peer.headers.find("Bearer ") + 7;
    seen.push_back(peer.headers.substr(at, peer.headers.find('\r', at) - at));
    peer.reply(seen.back() == accepted ? 200 : 401, "{}");
  }};
  std::filesystem::path file;
  Config config;
};

TEST(CurlSecurity, ARefusedTokenIsReadAgainAndTheRequestRepeated) {
  Tokens world;
  CurlTransport transport(world.config, world.clock);
  EXPECT_EQ(ask(world.server, transport)->status, 200);
  world.accepted = "new";
  world.write("new");
  EXPECT_EQ(ask(world.server, transport)->status, 200);
  EXPECT_THAT(world.seen, ElementsAre("old", "old", "new"));
}

TEST(CurlSecurity, ATokenThatIsStillTheSameIsNotTriedTwice) {
  Tokens world;
  world.accepted = "other";
  CurlTransport transport(world.config, world.clock);
  EXPECT_EQ(ask(world.server, transport)->status, 401);
  EXPECT_THAT(world.seen, ElementsAre("old"));
}

TEST(CurlSecurity, ATokenIsReadAgainEveryMinute) {
  Tokens world;
  CurlTransport transport(world.config, world.clock);
  EXPECT_EQ(ask(world.server, transport)->status, 200);
  world.write("new");
  world.clock.advance(Millis{61'000});
  EXPECT_EQ(ask(world.server, transport)->status, 401);
  EXPECT_THAT(world.seen, ElementsAre("old", "new"));
}

TEST(CurlSecurity, WithoutCredentialsNothingIsSent) {
  Tokens world;
  world.config.user.token.file = "/none";
  CurlTransport transport(world.config, world.clock);
  EXPECT_EQ(ask(world.server, transport).error().code, Code::NotFound);
  EXPECT_EQ(world.server.accepted(), 0);
}

}  // namespace
}  // namespace berth::kube
