#include "cli/simulate.h"

#include <CLI/CLI.hpp>

#include "cli/simulate_endpoint.h"
#include "cli/simulate_openb.h"
#include "cli/simulate_queue.h"
#include "cli/simulate_scale.h"

namespace berth::cli {
namespace {

constexpr AddCommand kSimulations[] = {add_simulate_openb, add_simulate_queue, add_simulate_scale,
                                       add_simulate_endpoint};

}  // namespace

void add_simulate(CLI::App& parent, Action& chosen) {
  CLI::App* simulate = parent.add_subcommand(
      "simulate", "Runs the scheduling core over recorded work, without a cluster.");
  simulate->footer(
      "Examples:\n"
      "  kubectl berth simulate openb --nodes openb_node_list_gpu_node.csv \\\n"
      "    --pods openb_pod_list_default.csv --policy fgd\n"
      "Same trace, same flags, same seeds: the same result, but for times measured.");
  simulate->require_subcommand(1);
  for (const AddCommand add : kSimulations) add(*simulate, chosen);
}

}  // namespace berth::cli
