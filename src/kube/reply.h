#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json_fwd.h"
#include "kube/transport.h"

// What an answer of the API server means. The rules for each failure are in kube/README.md.
namespace berth::kube {

// What was attempted, for messages: "patch Quota blue", "list Pod in team-a", "bind Pod team-a/p".
std::string attempt(const Request& request);

// The body of a 2xx, or the Error that the exchange or the server reported.
Result<Json> parse_reply(const Request& request, Result<Response> response);

// The Error of an HTTP status other than 2xx. `response.body` is best a Status object; any other
// body (a proxy's page, nothing) is quoted in short.
Error error_of(const Request& request, const Response& response);

// The Error of a Status object that a watch sent as an ERROR event; mostly Expired.
Error error_of_event(const Request& request, const Json& status);

}  // namespace berth::kube
