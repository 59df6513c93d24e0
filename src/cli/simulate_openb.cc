#include "cli/simulate_openb.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "cli/openb_report.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/seeds.h"
#include "sim/openb/policies.h"
#include "sim/openb/run.h"
#include "sim/openb/trace.h"
#include "sim/openb/trace_bound.h"

namespace berth::cli {
namespace {

using namespace sim::openb;

constexpr const char* kAbout =
    "Fills a recorded cluster with its pods in random order, one by one, until 130 % of its "
    "devices "
    "are asked for, and says how much was allocated on the way.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth simulate openb --nodes openb_node_list_gpu_node.csv \\\n"
    "    --pods openb_pod_list_default.csv                 Berth, ten seeds, as a table\n"
    "  ... --policy fgd --json                             a baseline, for programs\n"
    "  ... --policy fgd --shuffle-names --random-ties      does it lean on the order of nodes?\n"
    "  ... --policy random --seeds 1..3 --inflate 1.1      fewer seeds, less demand\n"
    "JSON: policy, seeds, allocation_percent at a demand of 90, 95, 100, 110 and 130 % (mean over\n"
    "the seeds), sd_at_100, refused_pods (of all seeds), decisions_per_second (of CPU time inside\n"
    "the policy), lp_bound_percent_at_100. What is not known is null.";

struct Flags {
  std::string nodes;
  std::string pods;
  std::string policy = "berth";
  std::string seeds = "42..51";
  double inflate = 1.3;
  bool shuffle_names = false;
  bool random_ties = false;
  OutputFlags output;
};

void add_options(CLI::App& app, Flags& flags) {
  const auto names = policy_names();
  app.add_option("--nodes", flags.nodes, "CSV of nodes, plain or gzip")
      ->required()
      ->type_name("FILE");
  app.add_option("--pods", flags.pods, "CSV of pods, plain or gzip")->required()->type_name("FILE");
  app.add_option("--policy", flags.policy, "Who places the pods")
      ->check(CLI::IsMember(std::vector<std::string>(names.begin(), names.end())))
      ->type_name("NAME")
      ->capture_default_str();
  app.add_option("--seeds", flags.seeds, "Seeds of the order of arrival: FROM..TO, or by comma")
      ->type_name("SEEDS")
      ->capture_default_str();
  app.add_option("--inflate", flags.inflate, "Demand at the end, as a multiple of the devices")
      ->check(CLI::Range(0.001, 10.0))
      ->type_name("FACTOR")
      ->capture_default_str();
  app.add_flag("--shuffle-names", flags.shuffle_names, "Deal the names of nodes out anew");
  app.add_flag("--random-ties", flags.random_ties,
               "Break equal scores at random, not by the order of names");
  add_output_flags(app, flags.output);
}

Result<Answer> simulate(const Flags& flags, const Surroundings& around) {
  auto seeds = parse_seeds(flags.seeds);
  if (!seeds) return Error{Code::Invalid, "--seeds: " + seeds.error().message};
  const Settings settings{.policy = flags.policy,
                          .seeds = *std::move(seeds),
                          .inflate_permille = std::llround(flags.inflate * 1000),
                          .shuffle_names = flags.shuffle_names,
                          .random_ties = flags.random_ties};
  const Trace trace = BERTH_TRY(read_trace(flags.nodes, flags.pods));
  Progress progress(around, "pods");
  const Outside outside{.cpu_time = around.cpu_time,
                        .progress = [&](int64_t done, int64_t all) { progress.show(done, all); },
                        .lp_bound = bound_percent};
  const Report report = BERTH_TRY(run(trace, settings, outside));
  progress.clear();
  around.out << (flags.output.is_json() ? openb_json(settings, report)
                                        : openb_table(settings, report));
  return Answer::Yes;
}

}  // namespace

void add_simulate_openb(CLI::App& parent, Action& chosen) {
  CLI::App* openb = parent.add_subcommand("openb", kAbout);
  openb->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  add_options(*openb, *flags);
  openb->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return simulate(*flags, around); };
  });
}

}  // namespace berth::cli
