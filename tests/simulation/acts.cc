#include "tests/simulation/act.h"

namespace berth::simulation {

const std::vector<ActKind>& act_kinds() {
  static const std::vector<ActKind> kAll = [] {
    std::vector<ActKind> all;
    for (auto* some : {user_acts, worker_acts, node_acts, line_acts, process_acts, server_acts}) {
      for (const ActKind& kind : some()) all.push_back(kind);
    }
    return all;
  }();
  return kAll;
}

}  // namespace berth::simulation
