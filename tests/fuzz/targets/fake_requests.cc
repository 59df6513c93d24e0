#include <array>
#include <utility>

#include "base/clock.h"
#include "json/parse.h"
#include "kube/fake/fake_server.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

constexpr std::array<std::pair<std::string_view, kube::Method>, 5> kMethods{
    {{"GET", kube::Method::Get},
     {"POST", kube::Method::Post},
     {"PUT", kube::Method::Put},
     {"PATCH", kube::Method::Patch},
     {"DELETE", kube::Method::Delete}}};

kube::Request request_of(std::string_view text) {
  kube::Request request;
  const std::string_view verb = take_until(text, ' ');
  for (const auto& [name, method] : kMethods) {
    if (name == verb) request.method = method;
  }
  std::string_view target = take_until(text, '\n');
  request.path = take_until(target, '?');
  request.query = target;
  request.content_type = take_until(text, '\n');
  request.body = text;
  return request;
}

}  // namespace

// Requests to the API server in memory, each ended by a NUL: "PATCH /api/v1/...?labelSelector=a",
// the content type on the next line, then the body. Paths, selectors and patches are parsed there.
void fake_requests(std::string_view input) {
  ManualClock clock;
  kube::fake::FakeServer server(clock);
  for (int left = 8; left > 0 && !input.empty(); --left) {
    const kube::Request request = request_of(take_until(input, '\0'));
    const kube::Response response = server.handle(request);
    require(response.status >= 200 && response.status < 600, "a reply without a status");
    require(!parse_json(response.body).is_discarded(), "a reply that is no JSON");
    auto watch = server.watch(request);
    if (auto* cursor = std::get_if<kube::fake::WatchCursor>(&watch)) {
      for (int lines = 0; lines < 16 && server.next_line(*cursor); ++lines) {
      }
    }
  }
}

}  // namespace berth::fuzz
