#include "http/tls_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "http/testing/http2_client.h"
#include "http/testing/serving.h"
#include "http/testing/tls_client.h"

namespace berth::http {
namespace {

using testing::Client;
using testing::comes_true;
using testing::echo;
using ::testing::HasSubstr;
using testing::Http2Client;
using testing::Pki;
using testing::TlsClient;

// What holds whichever of the two a peer speaks.
class TlsServerTest : public testing::Serving, public ::testing::WithParamInterface<const char*> {
 protected:
  static std::unique_ptr<Client> client(const std::string& ca, const std::optional<KeyPair>& pair) {
    if (GetParam() == std::string_view("Http2")) return std::make_unique<Http2Client>(ca, pair);
    return std::make_unique<TlsClient>(ca, pair);
  }

  std::string line(int want_status) { return line_from(*client_, want_status); }

  std::unique_ptr<Client> client_ = client(pki_.ca(), pki_.client());
};

INSTANTIATE_TEST_SUITE_P(Over, TlsServerTest, ::testing::Values("Http1", "Http2"),
                         [](const auto& spoken) { return spoken.param; });

TEST_P(TlsServerTest, AnswersManyRequestsOnOneConnection) {
  serve();
  ASSERT_TRUE(client_->connect(server_->port()));
  for (int i = 0; i < 100; ++i) {
    const auto answer = client_->post("/filter", "body " + std::to_string(i));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "kube-scheduler:body " + std::to_string(i));
    EXPECT_THAT(answer->head, Not(HasSubstr("Transfer-Encoding")));
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_P(TlsServerTest, TakesAnAnswerFromAnotherThread) {
  std::promise<Respond> asked;
  serve({}, [&](const Request&, const Peer&, Respond respond) { asked.set_value(respond); });
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.path = "/bind", .body = "{}"}));
  Respond respond = asked.get_future().get();
  respond({.body = "later"});
  respond({.body = "a second answer counts for nothing"});
  EXPECT_EQ(client_->receive()->body, "later");
}

TEST_P(TlsServerTest, IgnoresAnAnswerThatComesAfterItsEnd) {
  std::promise<Respond> asked;
  serve({}, [&](const Request&, const Peer&, Respond respond) { asked.set_value(respond); });
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.path = "/bind", .body = "{}"}));
  const Respond respond = asked.get_future().get();
  server_.reset();
  respond({.body = "too late"});
  EXPECT_TRUE(client_->is_cut());
}

TEST_P(TlsServerTest, RefusesABodyByItsDeclaredLength) {
  serve(quick());
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.declared = 1001, .is_unfinished = true}));
  EXPECT_EQ(line(413), "the body is larger than 1000 B\n");
}

TEST_P(TlsServerTest, RefusesABodyThatGrowsTooLargeWhileItIsRead) {
  serve(quick());
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask(
      {.body = std::string(1001, 'x'), .is_of_unknown_length = true, .is_unfinished = true}));
  EXPECT_EQ(line(413), "the body is larger than 1000 B\n");
}

TEST_P(TlsServerTest, RefusesGiantHeaders) {
  serve(quick());
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.headers = {{"x", std::string(600, 'x')}}}));
  EXPECT_EQ(line(431), "the headers are larger than 500 B\n");
}

TEST_P(TlsServerTest, CutsASlowBody) {
  serve(quick());
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.body = "abc", .declared = 9, .is_unfinished = true}));
  EXPECT_THAT(line(408), HasSubstr("the body did not come within"));
}

TEST_P(TlsServerTest, CutsAnIdleConnection) {
  serve(quick());
  ASSERT_TRUE(client_->connect(server_->port()));
  EXPECT_TRUE(client_->is_cut());
  client_->disconnect();
  EXPECT_TRUE(is_left_alone());
}

TEST_P(TlsServerTest, SaysSoWhenItsHandlerDoesNotAnswer) {
  serve(quick());
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.path = "/never"}));
  EXPECT_THAT(line(503), HasSubstr("no answer within"));
}

TEST_P(TlsServerTest, ClosesConnectionsBeyondItsLimit) {
  TlsServerOptions options;
  options.limits.connections_max = 1;
  serve(options);
  ASSERT_TRUE(client_->connect(server_->port()));
  EXPECT_EQ(client_->post("/", "first")->status, 200);
  const auto second = client(pki_.ca(), pki_.client());
  EXPECT_FALSE(second->connect(server_->port()));
  EXPECT_EQ(client_->post("/", "still here")->body, "kube-scheduler:still here");
}

TEST_P(TlsServerTest, BoundsTheBodiesOfAllConnectionsTogether) {
  TlsServerOptions options;
  options.limits.all_bodies_bytes_max = 1500;
  options.limits.handler_timeout = Millis{500};  // an HTTP/1.1 peer that leaves is noticed then
  serve(options);
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.path = "/never", .body = std::string(1000, 'x')}));
  const auto second = client(pki_.ca(), pki_.client());
  const auto ask_another = [&] {
    EXPECT_TRUE(second->connect(server_->port()));
    const auto answer = second->post("/", std::string(800, 'x'));
    return answer ? answer->status : 0;
  };
  EXPECT_TRUE(comes_true([&] { return ask_another() == 503; })) << "once the first has arrived";
  client_->disconnect();
  EXPECT_TRUE(comes_true([&] { return ask_another() == 200; })) << "there is room again";
}

TEST_P(TlsServerTest, RefusesAPeerWithoutACertificate) {
  serve();
  const auto nobody = client(pki_.ca(), std::nullopt);
  // TLS 1.3 tells the client only after its own handshake.
  EXPECT_TRUE(!nobody->connect(server_->port()) || !nobody->post("/", "x"));
}

TEST_P(TlsServerTest, RefusesACertificateOfAnotherCa) {
  serve();
  const Pki stranger;
  const auto other = client(pki_.ca(), stranger.client());
  EXPECT_TRUE(!other->connect(server_->port()) || !other->post("/", "x"));
}

TEST_P(TlsServerTest, RefusesOldTls) {
  serve();
  client_->allow_at_most(TLS1_1_VERSION);
  EXPECT_FALSE(client_->connect(server_->port()));
}

TEST_P(TlsServerTest, UsesNewCertificatesWithoutARestart) {
  serve(quick());
  pki_.renew();
  const auto renewed = client(pki_.ca(), pki_.client());
  bool is_connected = false;
  for (int i = 0; i < 5'000 && !is_connected; ++i) {  // handshakes: seconds
    is_connected = renewed->connect(server_->port()) && renewed->post("/", "x").has_value();
  }
  EXPECT_TRUE(is_connected);
  EXPECT_FALSE(client_->connect(server_->port())) << "the old CA is still trusted";
}

TEST_P(TlsServerTest, EndsConnectionsOfAnotherClientCa) {
  auto options = quick();
  options.limits.idle_timeout = Millis{60'000};
  serve(options);
  ASSERT_TRUE(client_->connect(server_->port()));
  EXPECT_EQ(client_->post("/", "x")->status, 200);
  pki_.renew();
  EXPECT_TRUE(client_->is_cut());
}

TEST_P(TlsServerTest, AnswersWhatItHasInHandBeforeItLeavesAnotherClientCa) {
  std::promise<Respond> asked;
  auto options = quick();
  options.limits.handler_timeout = Millis{10'000};
  serve(options, [&](const Request&, const Peer&, Respond respond) { asked.set_value(respond); });
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.path = "/bind", .body = "{}"}));
  const Respond respond = asked.get_future().get();
  pki_.renew();
  const auto renewed = client(pki_.ca(), pki_.client());
  ASSERT_TRUE(testing::comes_true([&] { return renewed->connect(server_->port()); }));
  respond({.body = "done"});
  EXPECT_EQ(client_->receive()->body, "done");
  EXPECT_TRUE(client_->is_cut());
}

TEST_P(TlsServerTest, KeepsItsCertificatesWhenTheNewOnesAreBroken) {
  serve(quick());
  pki_.folder().write("server.key", Pki().client().key);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client_->connect(server_->port()));
  EXPECT_EQ(client_->post("/", "x")->status, 200);
}

TEST_P(TlsServerTest, AnswersWhatItHasInHandBeforeItStops) {
  std::promise<Respond> asked;
  serve({}, [&](const Request&, const Peer&, Respond respond) { asked.set_value(respond); });
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.path = "/bind", .body = "{}"}));
  const Respond respond = asked.get_future().get();
  const auto stopped = std::async(std::launch::async, [&] { server_->stop(Millis{5'000}); });
  respond({.body = "done"});
  EXPECT_EQ(client_->receive()->body, "done");
  EXPECT_TRUE(client_->is_cut());
  client_->disconnect();
}

TEST_P(TlsServerTest, SendsTheLengthButNoBodyToHead) {
  serve();
  ASSERT_TRUE(client_->connect(server_->port()));
  ASSERT_TRUE(client_->ask({.method = "HEAD"}));
  const auto answer = client_->receive();
  EXPECT_THAT(answer->head, HasSubstr("ength: 15"));
  EXPECT_EQ(answer->body, "");
  EXPECT_EQ(client_->post("/", "next")->body, "kube-scheduler:next");
}

TEST(TlsServer, SpeaksHttp2ToWhoOffersIt) {
  const Pki pki;
  NoLog log;
  const auto started = TlsServer::start({.tls = pki.files()}, echo, log);
  ASSERT_TRUE(started.ok());
  const auto spoken = [&](std::string_view offered) {
    testing::TlsSocket socket(pki.ca(), pki.client(), offered);
    EXPECT_TRUE(socket.connect((*started)->port()));
    return socket.protocol();
  };
  EXPECT_EQ(spoken("\x08http/1.1\x02h2"), "h2");
  EXPECT_EQ(spoken("\x08http/1.1"), "http/1.1");
  EXPECT_EQ(spoken("\x08http/0.9"), "");
}

TEST(TlsServer, RefusesToListenForAnybodyWithoutAClientCa) {
  const Pki pki;
  NoLog log;
  TlsServerOptions options{.address = "0.0.0.0", .tls = pki.files()};
  options.tls.client_ca.clear();
  const auto started = TlsServer::start(options, echo, log);
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().message,
            "refusing to listen on 0.0.0.0 without a client CA: anybody could call it");
}

TEST(TlsServer, ServesLoopbackWithoutAClientCa) {
  const Pki pki;
  NoLog log;
  TlsServerOptions options{.tls = pki.files()};
  options.tls.client_ca.clear();
  const auto started = TlsServer::start(options, echo, log);
  ASSERT_TRUE(started.ok()) << started.error().message;
  TlsClient client(pki.ca(), std::nullopt);
  ASSERT_TRUE(client.connect((*started)->port()));
  EXPECT_EQ(client.post("/", "x")->body, ":x");
}

TEST(TlsServer, NamesTheFileThatItCannotRead) {
  NoLog log;
  const auto started = TlsServer::start({.tls = {"/none/a.crt", "/none/a.key", ""}}, echo, log);
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().message, HasSubstr("/none/a.crt"));
}

TEST(TlsServer, SaysWhenThePortIsTaken) {
  const Pki pki;
  NoLog log;
  const auto first = TlsServer::start({.tls = pki.files()}, echo, log);
  ASSERT_TRUE(first.ok());
  const auto second = TlsServer::start({.port = (*first)->port(), .tls = pki.files()}, echo, log);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::Unavailable);
}

}  // namespace
}  // namespace berth::http
