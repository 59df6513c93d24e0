#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "kube/config.h"

// What goes to and comes from a credential plugin, as text. Running it is credentials.h's part.
namespace berth::kube {

struct ExecCredential {
  std::string token;
  std::string certificate;
  std::string key;
  std::optional<Instant> expires;
};

// The value of KUBERNETES_EXEC_INFO: what the plugin is asked. `ca` is the cluster's PEM.
std::string exec_info(const ExecPlugin& plugin, const ClusterEntry& cluster, std::string_view ca);

// Reads what the plugin printed. Errors: Unauthorized, naming the plugin and the field.
Result<ExecCredential> parse_exec_credential(const ExecPlugin& plugin, std::string_view output);

}  // namespace berth::kube
