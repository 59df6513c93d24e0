#include "http/status_server.h"

#define _TURN_OFF_PLATFORM_STRING  // cpprest's macro U is a template parameter in gtest
#include <cpprest/http_client.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace berth::http {
namespace {

using ::testing::HasSubstr;

struct Page {
  int status = 0;
  std::string text;
};

Page ask(const StatusServer& server, const std::string& path,
         const web::http::method& method = web::http::methods::GET) {
  web::http::client::http_client client("http://127.0.0.1:" + std::to_string(server.port()));
  auto response = client.request(method, path).get();
  return {response.status_code(), response.extract_string(true).get()};
}

TEST(StatusServer, ServesItsThreePages) {
  NoLog log;
  std::atomic<bool> is_ready{false};
  const auto server = StatusServer::start(
      "127.0.0.1:0",
      {.metrics = [] { return std::string("berth_up 1\n"); },
       .live = [] { return std::nullopt; },
       .ready = [&]() -> std::optional<std::string> {
         return is_ready ? std::nullopt : std::optional<std::string>("cache not synced");
       }},
      log);
  ASSERT_TRUE(server.ok()) << server.error().message;
  EXPECT_EQ(ask(**server, "/metrics").text, "berth_up 1\n");
  EXPECT_EQ(ask(**server, "/healthz").text, "ok\n");
  EXPECT_EQ(ask(**server, "/readyz").status, 503);
  EXPECT_EQ(ask(**server, "/readyz").text, "cache not synced\n");
  is_ready = true;
  EXPECT_EQ(ask(**server, "/readyz").status, 200);
}

TEST(StatusServer, ServesNothingElse) {
  NoLog log;
  const auto server = StatusServer::start("127.0.0.1:0", {}, log);
  ASSERT_TRUE(server.ok()) << server.error().message;
  EXPECT_EQ(ask(**server, "/debug").status, 404);
  EXPECT_EQ(ask(**server, "/healthz", web::http::methods::POST).status, 405);
}

TEST(StatusServer, SaysWhyItCannotListen) {
  NoLog log;
  EXPECT_THAT(StatusServer::start("8080", {}, log).error().message, HasSubstr("ADDRESS:PORT"));
  EXPECT_THAT(StatusServer::start("h:99999", {}, log).error().message, HasSubstr("ADDRESS:PORT"));
  const auto first = StatusServer::start("127.0.0.1:0", {}, log);
  ASSERT_TRUE(first.ok());
  const auto second = StatusServer::start("127.0.0.1:" + std::to_string((*first)->port()), {}, log);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::Unavailable);
}

}  // namespace
}  // namespace berth::http
