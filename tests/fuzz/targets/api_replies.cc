#include <nlohmann/json.hpp>

#include "kube/reply.h"
#include "kube/request.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {

// A reply of the API server, or of a proxy before it: the status in digits on the first line, then
// the body.
void api_replies(std::string_view input) {
  int status = 0;
  for (const char c : take_until(input, '\n').substr(0, 3)) status = status * 10 + (c - '0');
  const kube::Request asked = kube::get(kube::kPods, "blue", "p");
  const kube::Response response{.status = status, .body = std::string(input)};
  const auto json = kube::parse_reply(asked, response);
  require(!json || !json->is_discarded(), "what is no JSON was taken");
  const Error error = kube::error_of(asked, response);
  require(!error.message.empty() && error.message.size() < 4096, "an error as long as its body");
  if (json) (void)kube::error_of_event(asked, *json);
}

}  // namespace berth::fuzz
