#include <chrono>
#include <utility>

#include "host/real_clock.h"
#include "kube/fake/fake_server.h"
#include "kube/fake/fake_transport.h"
#include "tests/cluster/contract.h"
#include "tests/cluster/test_server.h"

namespace berth::cluster {
namespace {

constexpr Instant kMorning{std::chrono::hours{500'000}};

class FakeUnderContract final : public ContractServer {
 public:
  FakeUnderContract() {
    server_.serve({.resource = kWidgets,
                   .scale = kube::fake::ScalePaths{"/spec/count", "/status/count"},
                   .validate = refuse_negative});
  }

  kube::Transport& transport() override { return transport_; }
  const Clock& clock() override { return clock_; }
  void let_pass(Millis time) override {
    transport_.poll();
    server_.collect_garbage();
    clock_.advance(time);
    transport_.poll();
  }

 private:
  static Violations refuse_negative(const Json& fresh, const Json*) {
    if (fresh.value(Json::json_pointer("/spec/count"), 0) >= 0) return {};
    return {{"spec.count", "Invalid value: should be greater than or equal to 0"}};
  }

  ManualClock clock_{kMorning};
  kube::fake::FakeServer server_{clock_};
  kube::fake::FakeTransport transport_{server_, clock_};
};

class RealUnderContract final : public ContractServer {
 public:
  explicit RealUnderContract(TestServer& server) : server_(server) {}

  kube::Transport& transport() override { return server_.transport(); }
  const Clock& clock() override { return clock_; }
  void let_pass(Millis time) override {
    const Monotonic end = clock_.monotonic() + time;
    do {
      server_.poll(std::max(end - clock_.monotonic(), Millis{1}));
    } while (clock_.monotonic() < end);
  }

 private:
  host::RealClock clock_;
  TestServer& server_;
};

Json widget_definition() {
  const Json number = {{"type", "integer"}};
  const Json count = {{"type", "integer"}, {"minimum", 0}};
  const Json schema = {
      {"type", "object"},
      {"properties",
       {{"spec",
         {{"type", "object"}, {"properties", {{"count", count}, {"text", {{"type", "string"}}}}}}},
        {"status", {{"type", "object"}, {"properties", {{"count", number}}}}}}}};
  return {{"metadata", {{"name", "widgets.contract.berth.dev"}}},
          {"spec",
           {{"group", kWidgets.group},
            {"scope", "Namespaced"},
            {"names", {{"plural", kWidgets.plural}, {"kind", kWidgets.kind}}},
            {"versions", Json::array({{{"name", kWidgets.version},
                                       {"served", true},
                                       {"storage", true},
                                       {"schema", {{"openAPIV3Schema", schema}}},
                                       {"subresources",
                                        {{"status", Json::object()},
                                         {"scale",
                                          {{"specReplicasPath", ".spec.count"},
                                           {"statusReplicasPath", ".status.count"}}}}}}})}}}};
}

// The kind may be there from an earlier run; it is served some time after it was created.
void define_widgets(TestServer& server) {
  server.call(kube::create(kube::kCustomResourceDefinitions, widget_definition())).ok();
  server.eventually([&] { return server.call(kube::list(kWidgets)).ok(); });
}

}  // namespace

std::unique_ptr<ContractServer> start_fake() { return std::make_unique<FakeUnderContract>(); }

std::unique_ptr<ContractServer> start_real() {
  TestServer* server = TestServer::get();
  if (server == nullptr) return nullptr;
  static const bool defined = (define_widgets(*server), true);
  static_cast<void>(defined);
  return std::make_unique<RealUnderContract>(*server);
}

}  // namespace berth::cluster
