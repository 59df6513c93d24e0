#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "http/testing/client.h"
#include "http/testing/pki.h"
#include "http/tls_server.h"

namespace berth::http::testing {

// An echo that says who asked, and never answers who asks for /never.
inline void echo(const Request& request, const Peer& peer, const Respond& respond) {
  if (request.target == "/never") return;
  respond({.status = 200, .body = peer.common_name + ":" + std::string(request.body)});
}

// Whether it comes true within ten seconds.
inline bool comes_true(const std::function<bool()>& condition) {
  std::promise<void> never;
  const auto end = never.get_future();
  for (int i = 0; i < 10'000; ++i) {
    if (condition()) return true;
    end.wait_for(Millis{1});
  }
  return false;
}

// A server with certificates of its own.
class Serving : public ::testing::Test {
 protected:
  void serve(TlsServerOptions options = {}, Handler handler = echo) {
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

  // The refusal that comes next.
  static std::string line_from(Client& client, int want_status) {
    const auto answer = client.receive();
    if (!answer) return "no answer";
    EXPECT_EQ(answer->status, want_status);
    EXPECT_EQ(answer->body.find('\n'), answer->body.size() - 1) << "one line: " << answer->body;
    return answer->body;
  }

  bool is_left_alone() {
    return comes_true([this] { return server_->connections() == 0; });
  }

  NoLog log_;
  Pki pki_;
  std::unique_ptr<TlsServer> server_;
};

}  // namespace berth::http::testing
