#include "cli/live/show_queue.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "cli/live/facts.h"
#include "cli/live/waiting_report.h"
#include "cli/output.h"

namespace berth::cli {
namespace {

constexpr const char* kAbout = "Lists the GpuJobs that wait, in their order, and says why.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth queue                of the context's namespace\n"
    "  kubectl berth queue -n research    of another one\n"
    "  kubectl berth queue -A -o json     of all namespaces, for programs\n"
    "POSITION counts the waiting jobs of one Quota, over all its namespaces: higher priority "
    "first,\n"
    "then the older one. Between Quotas fair share decides anew in each pass. A job that does not\n"
    "fit yet does not keep those behind it from starting where they fit.";

struct Flags {
  ClusterFlags cluster;
  bool all_namespaces = false;
  OutputFlags output;
};

// All jobs, since a tenant's order may span namespaces; of one namespace where more is forbidden.
Result<std::vector<api::GpuJob>> read_jobs_around(const Connection& connection,
                                                  const std::string& name_space) {
  auto jobs = read_jobs(connection);
  if (jobs || name_space.empty() || jobs.error().code != Code::Forbidden) return jobs;
  return read_jobs(connection, name_space);
}

Result<Answer> show(const Flags& flags, const Surroundings& around) {
  const Connection connection = BERTH_TRY(around.connect(flags.cluster));
  const std::string name_space = flags.all_namespaces ? std::string() : connection.name_space;
  const std::vector<api::Quota> quotas = BERTH_TRY(read_quotas(connection));
  const std::vector<api::GpuJob> jobs = BERTH_TRY(read_jobs_around(connection, name_space));
  const LivePools read = BERTH_TRY(read_pools(connection, around.err));
  const Instant now = around.now();
  std::vector<WaitingJob> waiting = waiting_jobs(jobs, tenancy_of(quotas), read.pools, now);
  std::erase_if(waiting, [&](const WaitingJob& one) {
    return !name_space.empty() && one.job->meta.name_space != name_space;
  });
  around.out << (flags.output.is_json() ? waiting_json(waiting, now) : waiting_table(waiting, now));
  return Answer::Yes;
}

}  // namespace

void add_queue(CLI::App& parent, Action& chosen) {
  CLI::App* queue = parent.add_subcommand("queue", kAbout);
  queue->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  add_cluster_flags(*queue, flags->cluster);
  add_namespace_flag(*queue, flags->cluster);
  queue->add_flag("-A,--all-namespaces", flags->all_namespaces, "Jobs of all namespaces")
      ->excludes("--namespace");
  add_output_flags(*queue, flags->output);
  queue->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return show(*flags, around); };
  });
}

}  // namespace berth::cli
