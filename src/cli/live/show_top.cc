#include "cli/live/show_top.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>

#include "cli/live/facts.h"
#include "cli/live/use_report.h"
#include "cli/output.h"

namespace berth::cli {
namespace {

constexpr size_t kMostRows = 10;  // of nodes and of holders, in the table

constexpr const char* kAbout = "Shows who holds which devices, and which nodes have some free.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth top            classes by tenant, nodes with free devices, largest holders\n"
    "  kubectl berth top -o json    all nodes with free devices and all holders\n"
    "CAPACITY is what device plugins call healthy, FREE what new work can get: devices of nodes\n"
    "that are cordoned, tainted or not ready are not.";

struct Flags {
  ClusterFlags cluster;
  OutputFlags output;
};

Result<Answer> show(const Flags& flags, const Surroundings& around) {
  const Connection connection = BERTH_TRY(around.connect(flags.cluster));
  const Live live = BERTH_TRY(read_live(connection, around.err));
  const ClusterUse use = use_of(live);
  around.out << (flags.output.is_json() ? use_json(use) : use_table(use, kMostRows, around.now()));
  return Answer::Yes;
}

}  // namespace

void add_top(CLI::App& parent, Action& chosen) {
  CLI::App* top = parent.add_subcommand("top", kAbout);
  top->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  add_cluster_flags(*top, flags->cluster);
  add_output_flags(*top, flags->output);
  top->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return show(*flags, around); };
  });
}

}  // namespace berth::cli
