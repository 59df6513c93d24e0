#include "tests/cluster/test_server.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "kube/config.h"
#include "kube/reply.h"

namespace berth::cluster {
namespace {

// The one connection of the test program.
std::unique_ptr<TestServer>& the_server() {
  static std::unique_ptr<TestServer> server;
  return server;
}

}  // namespace

TestServer* TestServer::get() { return the_server().get(); }

TestServer::TestServer(kube::Config config) : transport_(std::move(config), clock_) {}

Result<kube::Response> TestServer::exchange(kube::Request request) {
  std::optional<Result<kube::Response>> reply;
  transport_.send(std::move(request),
                  [&](Result<kube::Response> response) { reply = std::move(response); });
  while (!reply) transport_.poll(Millis{1000});
  return *std::move(reply);
}

Result<Json> TestServer::call(kube::Request request) {
  Result<kube::Response> response = exchange(request);
  return kube::parse_reply(request, std::move(response));
}

bool TestServer::eventually(const std::function<bool()>& done) {
  const Monotonic deadline = clock_.monotonic() + Millis{20'000};
  bool is_done = done();
  while (!is_done && clock_.monotonic() < deadline) {
    transport_.poll(Millis{50});
    is_done = done();
  }
  return is_done;
}

void use_kubeconfig(const std::string& file) {
  kube::ConfigSources sources;
  sources.kubeconfig = file;
  Result<kube::Config> config = kube::load_config(sources);
  if (!config.ok()) {
    std::fprintf(stderr, "%s: %s\n", file.c_str(), config.error().message.c_str());
    std::exit(2);
  }
  the_server() = std::make_unique<TestServer>(*std::move(config));
}

}  // namespace berth::cluster
