#include "kube/config.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {

// A kubeconfig, and every context of it.
void kubeconfigs(std::string_view input) {
  const auto config = kube::parse_kubeconfig(input, "/home/ada/.kube/config");
  if (!config) return;
  require(kube::merge(*config, *config) == *config, "merged with itself it is another");
  (void)kube::choose_context(*config, {});
  for (const auto& [name, entry] : config->contexts) {
    const auto chosen = kube::choose_context(*config, name);
    require(!chosen || !chosen->cluster.server.empty(), "a cluster without a server was chosen");
  }
}

}  // namespace berth::fuzz
