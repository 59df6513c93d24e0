#include "cli/simulate_scale.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "cli/output.h"
#include "cli/progress.h"
#include "sim/scale/scale.h"

namespace berth::cli {
namespace {

using namespace sim::scale;
using Ordered = nlohmann::ordered_json;

constexpr const char* kAbout =
    "Fills a large made-up cluster and measures what a placement and a scheduling pass cost there.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth simulate scale --nodes 1000\n"
    "  kubectl berth simulate scale --nodes 125000 --json    a million devices\n"
    "JSON: nodes, placements, decisions_per_second (of CPU time; random work ends, new work is\n"
    "placed), pass_ms {p50, p99} (CPU time of one pass over 10,000 asks after one node fell free\n"
    "in a full cluster), rss_mib (of the process, at most). What is not known is null.";

struct Flags {
  Settings settings;
  OutputFlags output;
};

template <class T>
Ordered value(const std::optional<T>& known) {
  return known ? Ordered(*known) : Ordered(nullptr);
}

std::string json_of(const Report& report) {
  Ordered json;
  json["nodes"] = report.nodes;
  json["placements"] = report.placements;
  json["decisions_per_second"] = value(report.decisions_per_second);
  json["pass_ms"] = {{"p50", value(report.pass_ms_p50)}, {"p99", value(report.pass_ms_p99)}};
  json["rss_mib"] = value(report.rss_mib);
  return json.dump() + "\n";
}

std::string table_of(const Report& report) {
  std::string text = std::to_string(report.placements) + " placements on " +
                     std::to_string(report.nodes) + " nodes.\n";
  if (report.decisions_per_second) {
    text += std::to_string(*report.decisions_per_second) + " decisions a second of CPU time.\n";
  }
  if (report.pass_ms_p50) {
    text += "A pass takes " + std::to_string(*report.pass_ms_p50) + " ms of CPU time, one in a " +
            "hundred " + std::to_string(report.pass_ms_p99.value_or(0)) + " ms.\n";
  }
  if (report.rss_mib) text += std::to_string(*report.rss_mib) + " MiB of memory.\n";
  return text;
}

Result<Answer> simulate(const Flags& flags, const Surroundings& around) {
  Progress progress(around, "placements");
  const Outside outside{.cpu_time = around.cpu_time,
                        .resident_bytes = around.resident_bytes,
                        .progress = [&](int64_t done, int64_t all) { progress.show(done, all); }};
  const Report report = BERTH_TRY(run(flags.settings, outside));
  progress.clear();
  around.out << (flags.output.is_json() ? json_of(report) : table_of(report));
  return Answer::Yes;
}

}  // namespace

void add_simulate_scale(CLI::App& parent, Action& chosen) {
  CLI::App* scale = parent.add_subcommand("scale", kAbout);
  scale->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  Settings& settings = flags->settings;
  scale->add_option("--nodes", settings.nodes, "Nodes of the cluster")->required()->type_name("N");
  scale->add_option("--devices-per-node", settings.devices_per_node, "Devices of each")
      ->type_name("N")
      ->capture_default_str();
  scale->add_option("--fill-percent", settings.fill_percent, "How full it is kept")
      ->type_name("PERCENT")
      ->capture_default_str();
  scale->add_option("--seed", settings.seed, "Of the work")
      ->type_name("SEED")
      ->capture_default_str();
  add_output_flags(*scale, flags->output);
  scale->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return simulate(*flags, around); };
  });
}

}  // namespace berth::cli
