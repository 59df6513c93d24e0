#include "kube/base64.h"
#include "kube/exec_credential.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {

// What a credential plugin prints; also as base64, and as what the plugin is told.
void exec_credentials(std::string_view input) {
  const kube::ExecPlugin plugin{
      .api_version = "client.authentication.k8s.io/v1", .command = "plugin", .wants_cluster = true};
  const auto credential = kube::parse_exec_credential(plugin, input);
  require(!credential || !credential->token.empty() || !credential->certificate.empty(),
          "a credential without anything was taken");
  (void)kube::exec_info(plugin, {.server = std::string(input)}, input);
  const auto decoded = kube::decode_base64(kube::encode_base64(input));
  require(decoded == input, "base64 does not give back what was put in");
  if (const auto bytes = kube::decode_base64(input)) {
    require(kube::decode_base64(kube::encode_base64(*bytes)) == bytes, "base64 is not stable");
  }
}

}  // namespace berth::fuzz
