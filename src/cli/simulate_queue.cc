#include "cli/simulate_queue.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/text.h"
#include "cli/documents.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/queue_quotas.h"
#include "cli/queue_report.h"
#include "sim/queue/run_queue.h"
#include "sim/queue/trace.h"

namespace berth::cli {
namespace {

using namespace sim::queue;

constexpr const char* kAbout =
    "Replays recorded jobs by time on a cluster of equal nodes, and says how long they waited.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth simulate queue --trace cluster04.csv.gz --cluster 69x8 --policy easy\n"
    "  ... --trace cluster02.csv.gz cluster06.csv.gz --policy drf   a tenant for each file\n"
    "  ... --quota quotas.yaml          Quota and SlaTier objects; a tenant is a namespace\n"
    "  ... --policy berth --victims newest   what choosing by lost work is worth\n"
    "  ... --failures 42 --json         nodes fail, the same ones for each policy; for programs\n"
    "Traces: elasticflow (seconds) and muri-philly (milliseconds), known by their header.\n"
    "JSON: jobs (that ran), load (their device time over the cluster's between the first and the\n"
    "last submission), makespan_seconds, utilisation_percent (useful device time over the\n"
    "makespan), wait_seconds {mean, p50, p95, p99} (submission to end, less the duration),\n"
    "jct_ratio_mean (submission to end, over the duration), sla_attainment_percent by tier (of "
    "the\n"
    "windows in the lives of its jobs, those that kept its promise), lost_device_seconds (held "
    "and\n"
    "not useful), preemptions, useless_preemptions (for a job that did not start at once),\n"
    "deadlines_met_percent (null without deadlines); with --explain-sample explained {sampled,\n"
    "with_change, started (by the cheapest change, in the next pass), estimated,\n"
    "start_error_percent (median, of the wait), early_percent (estimates before the start)}.";

struct Flags {
  std::vector<std::string> traces;
  std::string cluster;
  std::string policy;
  std::string victims = "least-lost";
  std::string quota;
  std::optional<uint64_t> failures;
  int64_t explain_sample = 0;
  uint64_t explain_seed = 42;
  OutputFlags output;
};

void add_options(CLI::App& app, Flags& flags) {
  app.add_option("--trace", flags.traces, "CSV of jobs, plain or gzip; each file is a tenant")
      ->required()
      ->type_name("FILE");
  app.add_option("--cluster", flags.cluster, "Nodes and devices of each, such as 100x8")
      ->required()
      ->type_name("NODESxDEVICES");
  app.add_option("--policy", flags.policy, "Who decides what runs")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>{"fifo", "easy", "las", "drf", "berth"}))
      ->type_name("NAME");
  app.add_option(
         "--victims", flags.victims,
         "Whom berth makes give way: who loses least, or, to compare with, who started last")
      ->check(CLI::IsMember(std::vector<std::string>{"least-lost", "newest"}))
      ->type_name("ORDER")
      ->capture_default_str();
  app.add_option("--quota", flags.quota, "Quota and SlaTier objects, YAML or JSON")
      ->type_name("FILE");
  app.add_option("--failures", flags.failures,
                 "Let each node fail once in 30 days or so, for four hours")
      ->type_name("SEED");
  app.add_option("--explain-sample", flags.explain_sample,
                 "Explain so many held jobs of berth's, make the cheapest change that is told, and "
                 "count who starts; takes two more replays")
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("JOBS");
  app.add_option("--explain-seed", flags.explain_seed, "Which jobs those are")
      ->type_name("SEED")
      ->capture_default_str();
  add_output_flags(app, flags.output);
}

Result<ClusterShape> parse_cluster(const std::string& text) {
  ClusterShape shape;
  const char* const end = text.data() + text.size();
  const auto nodes = std::from_chars(text.data(), end, shape.nodes);
  const bool has_x = nodes.ec == std::errc() && nodes.ptr != end && *nodes.ptr == 'x';
  if (has_x) {
    const auto devices = std::from_chars(nodes.ptr + 1, end, shape.devices_per_node);
    const bool is_whole = devices.ec == std::errc() && devices.ptr == end;
    const auto within = [](int32_t value, int32_t most) { return value >= 1 && value <= most; };
    if (is_whole && within(shape.nodes, 100'000) && within(shape.devices_per_node, 1024)) {
      return shape;
    }
  }
  return Error{Code::Invalid,
               "--cluster: want NODESxDEVICES, at most 100000x1024, got '" + text + "'"};
}

Result<Answer> simulate(const Flags& flags, const Surroundings& around) {
  QueueSetup setup;
  setup.cluster = BERTH_TRY(parse_cluster(flags.cluster));
  setup.policy = flags.policy;
  if (flags.explain_sample > 0 && flags.policy != "berth") {
    return Error{Code::Invalid, "--explain-sample: only the policy berth explains itself"};
  }
  Workload workload = BERTH_TRY(load_traces(flags.traces));
  if (flags.victims == "newest") setup.core.victims = sched::VictimOrder::NewestFirst;
  setup.jobs = std::move(workload.jobs);
  setup.tenants = std::move(workload.tenants);
  if (!flags.quota.empty()) {
    const auto documents = BERTH_TRY(read_documents(flags.quota));
    BERTH_TRY(apply_quotas(documents, setup));
  }
  if (flags.failures) setup.failures = Failures{.seed = *flags.failures};
  Progress progress(around, "jobs");
  const auto show = [&](int64_t ended, int64_t all) { progress.show(ended, all); };
  QueueReport report = BERTH_TRY(run_queue(setup, show));
  if (flags.explain_sample > 0) {
    report.explained =
        BERTH_TRY(explain_sample(setup, flags.explain_sample, flags.explain_seed, show));
  }
  progress.clear();
  if (report.refused > 0) {
    around.err << "refused " << count_text(report.refused, "job") << " wider than the cluster of "
               << flags.cluster << "\n";
  }
  around.out << (flags.output.is_json() ? queue_json(report) : queue_table(report));
  return Answer::Yes;
}

}  // namespace

void add_simulate_queue(CLI::App& parent, Action& chosen) {
  CLI::App* queue = parent.add_subcommand("queue", kAbout);
  queue->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  add_options(*queue, *flags);
  queue->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return simulate(*flags, around); };
  });
}

}  // namespace berth::cli
