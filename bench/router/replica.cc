// The replica of bench/router: answers every request at once with as many bytes as it is told.
#include <CLI/CLI.hpp>
#include <future>
#include <string>

#include "base/log.h"
#include "http/plain_server.h"

int main(int argc, char** argv) {
  using namespace berth;
  uint16_t port = 0;
  size_t bytes = 200;
  CLI::App app{"Answers every HTTP request on 127.0.0.1 at once."};
  app.add_option("--port", port)->required();
  app.add_option("--bytes", bytes, "of each answer");
  CLI11_PARSE(app, argc, argv);
  NoLog log;
  const std::string body(bytes, 'x');
  const auto server = http::PlainServer::start(
      {.port = port},
      [&body](const http::Request&, const http::Peer&, const http::Respond& respond) {
        respond({.body = body});
      },
      log);
  if (!server.ok()) return 1;
  std::promise<void>().get_future().wait();  // until it is ended
  return 0;
}
