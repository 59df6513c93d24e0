#include "http/tls_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "http/testing/pki.h"
#include "http/testing/tls_client.h"

namespace berth::http {
namespace {

using ::testing::HasSubstr;
using testing::Pki;
using testing::TlsClient;

// An echo that says who asked, and keeps what it was asked to answer later.
struct Echo {
  void operator()(const Request& request, const Peer& peer, Respond respond) const {
    if (request.target == "/never") return;
    respond({.status = 200, .body = peer.common_name + ":" + std::string(request.body)});
  }
};

class TlsServerTest : public ::testing::Test {
 protected:
  // `options` without files and limits of its own uses the test's.
  void serve(TlsServerOptions options = {}, Handler handler = Echo{}) {
    options.tls = pki_.files();
    auto started = TlsServer::start(std::move(options), std::move(handler), log_);
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
  }

  static TlsServerOptions quick() {
    TlsServerOptions options;
    options.limits = {.body_bytes_max = 1000,
                      .header_bytes_max = 500,
                      .handshake_timeout = Millis{200},
                      .header_timeout = Millis{200},
                      .body_timeout = Millis{200},
                      .handler_timeout = Millis{200},
                      .idle_timeout = Millis{300}};
    options.reload_interval = Millis{20};
    return options;
  }

  std::string line(int want_status) {
    const auto answer = client_.receive();
    if (!answer) return "no answer";
    EXPECT_EQ(answer->status, want_status);
    EXPECT_EQ(answer->body.find('\n'), answer->body.size() - 1) << "one line: " << answer->body;
    return answer->body;
  }

  NoLog log_;
  Pki pki_;
  std::unique_ptr<TlsServer> server_;
  TlsClient client_{pki_.ca(), pki_.client()};
};

TEST_F(TlsServerTest, AnswersManyRequestsOnOneConnection) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  for (int i = 0; i < 100; ++i) {
    const auto answer = client_.post("/filter", "body " + std::to_string(i));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "kube-scheduler:body " + std::to_string(i));
    EXPECT_THAT(answer->head, Not(HasSubstr("Transfer-Encoding")));
  }
  EXPECT_EQ(server_->connections(), 1);
}

TEST_F(TlsServerTest, AnswersPipelinedRequestsInOrder) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send(TlsClient::request("/", "one") + TlsClient::request("/", "two")));
  EXPECT_EQ(client_.receive()->body, "kube-scheduler:one");
  EXPECT_EQ(client_.receive()->body, "kube-scheduler:two");
}

TEST_F(TlsServerTest, TakesAnAnswerFromAnotherThread) {
  std::promise<Respond> asked;
  serve({}, [&](const Request&, const Peer&, Respond respond) { asked.set_value(respond); });
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send(TlsClient::request("/bind", "{}")));
  Respond respond = asked.get_future().get();
  respond({.body = "later"});
  respond({.body = "a second answer counts for nothing"});
  EXPECT_EQ(client_.receive()->body, "later");
}

TEST_F(TlsServerTest, IgnoresAnAnswerThatComesAfterItsEnd) {
  std::promise<Respond> asked;
  serve({}, [&](const Request&, const Peer&, Respond respond) { asked.set_value(respond); });
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send(TlsClient::request("/bind", "{}")));
  const Respond respond = asked.get_future().get();
  server_.reset();
  respond({.body = "too late"});
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(TlsServerTest, KeepsAliveOnlyWhoWantsIt) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  EXPECT_THAT(client_.receive()->head, HasSubstr("Connection: close"));
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(TlsServerTest, TellsAClientThatWaitsToGoOn) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(
      client_.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                   "Expect: 100-continue\r\n\r\n"));
  EXPECT_EQ(client_.receive()->status, 100);
  ASSERT_TRUE(client_.send("hi"));
  EXPECT_EQ(client_.receive()->body, "kube-scheduler:hi");
}

TEST_F(TlsServerTest, RefusesABodyByItsDeclaredLength) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"));
  EXPECT_EQ(line(413), "the body is larger than 1000 B\n");
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(TlsServerTest, RefusesABodyThatGrowsTooLargeWhileItIsRead) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  const std::string chunk = "200\r\n" + std::string(0x200, 'x') + "\r\n";
  ASSERT_TRUE(client_.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                           chunk + chunk));
  EXPECT_EQ(line(413), "the body is larger than 1000 B\n");
}

TEST_F(TlsServerTest, RefusesGiantHeaders) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send("GET / HTTP/1.1\r\nX: " + std::string(600, 'x') + "\r\n\r\n"));
  EXPECT_EQ(line(431), "the headers are larger than 500 B\n");
}

TEST_F(TlsServerTest, RefusesWhatIsNoHttp) {
  serve();
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send("\x01\x02 what is this\r\n\r\n"));
  EXPECT_THAT(line(400), HasSubstr("this is not HTTP/1.1: "));
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(TlsServerTest, CutsASlowHeader) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send("GET / HT"));
  EXPECT_THAT(line(408), HasSubstr("the headers did not come within"));
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(TlsServerTest, CutsASlowBody) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"));
  EXPECT_THAT(line(408), HasSubstr("the body did not come within"));
  EXPECT_TRUE(client_.is_cut());
}

TEST_F(TlsServerTest, CutsAnIdleConnection) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  EXPECT_TRUE(client_.is_cut());
  EXPECT_EQ(server_->connections(), 0);
}

TEST_F(TlsServerTest, SaysSoWhenItsHandlerDoesNotAnswer) {
  serve(quick());
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send(TlsClient::request("/never", "")));
  EXPECT_THAT(line(503), HasSubstr("no answer within"));
}

TEST_F(TlsServerTest, ClosesConnectionsBeyondItsLimit) {
  TlsServerOptions options;
  options.limits.connections_max = 1;
  serve(options);
  ASSERT_TRUE(client_.connect(server_->port()));
  TlsClient second(pki_.ca(), pki_.client());
  EXPECT_FALSE(second.connect(server_->port()));
  EXPECT_EQ(client_.post("/", "still here")->body, "kube-scheduler:still here");
}

TEST_F(TlsServerTest, RefusesAPeerWithoutACertificate) {
  serve();
  TlsClient nobody(pki_.ca(), std::nullopt);
  // TLS 1.3 tells the client only after its own handshake.
  EXPECT_TRUE(!nobody.connect(server_->port()) || !nobody.post("/", "x"));
}

TEST_F(TlsServerTest, RefusesACertificateOfAnotherCa) {
  serve();
  const Pki stranger;
  TlsClient client(pki_.ca(), stranger.client());
  EXPECT_TRUE(!client.connect(server_->port()) || !client.post("/", "x"));
}

TEST_F(TlsServerTest, RefusesOldTls) {
  serve();
  client_.allow_at_most(TLS1_1_VERSION);
  EXPECT_FALSE(client_.connect(server_->port()));
}

TEST_F(TlsServerTest, UsesNewCertificatesWithoutARestart) {
  serve(quick());
  pki_.renew();
  TlsClient renewed(pki_.ca(), pki_.client());
  bool is_connected = false;
  for (int i = 0; i < 5'000 && !is_connected; ++i) {  // handshakes: seconds
    is_connected = renewed.connect(server_->port()) && renewed.post("/", "x").has_value();
  }
  EXPECT_TRUE(is_connected);
  EXPECT_FALSE(client_.connect(server_->port())) << "the old CA is still trusted";
}

TEST_F(TlsServerTest, KeepsItsCertificatesWhenTheNewOnesAreBroken) {
  serve(quick());
  pki_.folder().write("server.key", Pki().client().key);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(client_.connect(server_->port()));
  EXPECT_EQ(client_.post("/", "x")->status, 200);
}

TEST_F(TlsServerTest, AnswersWhatItHasInHandBeforeItStops) {
  std::promise<Respond> asked;
  serve({}, [&](const Request&, const Peer&, Respond respond) { asked.set_value(respond); });
  ASSERT_TRUE(client_.connect(server_->port()));
  ASSERT_TRUE(client_.send(TlsClient::request("/bind", "{}")));
  const Respond respond = asked.get_future().get();
  const auto stopped = std::async(std::launch::async, [&] { server_->stop(Millis{5'000}); });
  respond({.body = "done"});
  EXPECT_EQ(client_.receive()->body, "done");
  EXPECT_TRUE(client_.is_cut());
}

TEST(TlsServer, RefusesToListenForAnybodyWithoutAClientCa) {
  const Pki pki;
  NoLog log;
  TlsServerOptions options{.address = "0.0.0.0", .tls = pki.files()};
  options.tls.client_ca.clear();
  const auto started = TlsServer::start(options, Echo{}, log);
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().message,
            "refusing to listen on 0.0.0.0 without a client CA: anybody could call it");
}

TEST(TlsServer, ServesLoopbackWithoutAClientCa) {
  const Pki pki;
  NoLog log;
  TlsServerOptions options{.tls = pki.files()};
  options.tls.client_ca.clear();
  const auto started = TlsServer::start(options, Echo{}, log);
  ASSERT_TRUE(started.ok()) << started.error().message;
  TlsClient client(pki.ca(), std::nullopt);
  ASSERT_TRUE(client.connect((*started)->port()));
  EXPECT_EQ(client.post("/", "x")->body, ":x");
}

TEST(TlsServer, NamesTheFileThatItCannotRead) {
  NoLog log;
  const auto started = TlsServer::start({.tls = {"/none/a.crt", "/none/a.key", ""}}, Echo{}, log);
  ASSERT_FALSE(started.ok());
  EXPECT_THAT(started.error().message, HasSubstr("/none/a.crt"));
}

TEST(TlsServer, SaysWhenThePortIsTaken) {
  const Pki pki;
  NoLog log;
  const auto first = TlsServer::start({.tls = pki.files()}, Echo{}, log);
  ASSERT_TRUE(first.ok());
  const auto second = TlsServer::start({.port = (*first)->port(), .tls = pki.files()}, Echo{}, log);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::Unavailable);
}

}  // namespace
}  // namespace berth::http
