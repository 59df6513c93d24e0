#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "json/parse.h"
#include "operator/extender/service.h"
#include "operator/extender/testing/world.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

using namespace extender::testing;

// An extender that knows a worker, a pinned pod and two nodes, beside an API server in memory.
class Extender {
 public:
  Extender() {
    world_.create_job("train", "n2");
    world_.create_pod(worker_pod("blue", "train", "train-1-0"));
    world_.create_pod(pinned(with_devices(plain_pod("blue", "p"), 2), "n1"));
    world_.sync();
    sent_ = world_.transport.sent().size();
  }

  http::Response ask(std::string_view path, std::string_view body) {
    std::optional<http::Response> answer;
    service_.handle({"POST", path, body}, {}, [&](http::Response response) {
      require(!answer, "answered twice");
      answer = std::move(response);
    });
    for (int i = 0; i < 4 && !answer; ++i) {
      mailbox_.deliver();
      world_.run();
    }
    require(answer.has_value(), "no answer");
    return *std::move(answer);
  }

  bool is_fresh() const { return world_.transport.sent().size() == sent_; }

 private:
  World world_;
  size_t sent_ = 0;
  extender::Mailbox mailbox_{[] {}};
  extender::Service service_{
      {.accelerators = kAccelerators, .stopwatch = [] { return std::chrono::nanoseconds{0}; }},
      world_.view,
      world_.binder,
      mailbox_,
      world_.metrics};
};

void check(std::string_view path, const http::Response& response) {
  if (response.status != 200) {
    require(response.body.find('\n') == response.body.size() - 1, "a refusal of several lines");
    return;
  }
  require(path == "/filter" || path == "/bind", "an answer where nothing is");
  const Json json = parse_json(response.body);
  require(json.is_object() && json.contains("Error"), "an answer that is no result");
}

}  // namespace

// Calls of kube-scheduler, each ended by a NUL: the path on the first line, then the body.
void extender_calls(std::string_view input) {
  static std::unique_ptr<Extender> extender;
  for (int left = 8; left > 0 && !input.empty(); --left) {
    // One that has asked the API server, or bound something, is no longer as it was.
    if (extender == nullptr || !extender->is_fresh()) extender = std::make_unique<Extender>();
    std::string_view body = take_until(input, '\0');
    const std::string_view path = take_until(body, '\n');
    check(path, extender->ask(path, body));
  }
}

}  // namespace berth::fuzz
