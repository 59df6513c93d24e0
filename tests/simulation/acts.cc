#include "tests/simulation/act.h"

namespace berth::simulation {

const std::vector<ActKind>& act_kinds() {
  static const std::vector<ActKind> kAll = [] {
    std::vector<ActKind> all;
    for (auto* some : {user_acts, admin_acts, worker_acts, node_acts, line_acts, process_acts,
                       proxy_acts, server_acts, endpoint_acts, router_acts}) {
      for (const ActKind& kind : some()) all.push_back(kind);
    }
    return all;
  }();
  return kAll;
}

std::optional<size_t> kind_named(std::string_view name) {
  const auto& kinds = act_kinds();
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace berth::simulation
