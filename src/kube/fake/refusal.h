#pragma once
#include <string>
#include <utility>
#include <vector>

#include "kube/fake/call.h"
#include "kube/fake/kinds.h"
#include "kube/transport.h"

namespace berth::kube::fake {

// Why a request is not done: what the Status object of the answer says.
struct Refusal {
  int status = 500;
  std::string reason;
  std::string message;
  Violations causes = {};
  std::vector<std::pair<std::string, std::string>> typed_causes = {};  // reason, message
  int64_t retry_after_seconds = 0;
};

Refusal bad_request(std::string message);                                       // 400
Refusal forbidden(const Call& call, std::string why);                           // 403
Refusal not_found(const Call& call);                                            // 404
Refusal already_exists(const Call& call, const std::string& name);              // 409
Refusal conflict(const Call& call, std::string why);                            // 409
Refusal expired(std::string message);                                           // 410
Refusal invalid(const Call& call, const std::string& name, Violations causes);  // 422

std::string status_text(const Call& call, const Refusal& refusal);
Response refuse(const Call& call, const Refusal& refusal);
Response success(const Call& call, int status, const std::string& uid);  // a Status that says so

}  // namespace berth::kube::fake
