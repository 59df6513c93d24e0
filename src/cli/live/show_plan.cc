#include "cli/live/show_plan.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "cli/live/live_scene.h"
#include "cli/live/plan_report.h"
#include "cli/output.h"

namespace berth::cli {
namespace {

constexpr const char* kAbout =
    "Says what applying objects would do: what starts where, who gives way, what is held and why.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth plan -f job.yaml                 a GpuJob, in the context's namespace\n"
    "  kubectl berth plan -f quotas.yaml -o json      changed Quotas, for programs\n"
    "  kubectl berth plan -f policy.yaml              a PlacementPolicy; in Shadow mode, what it\n"
    "                                                 would have changed\n"
    "CapacityPools, GpuJobs, PlacementPolicies, Quotas, Reservations and SlaTiers, several in a\n"
    "file. Nothing is written: the objects are put into a copy of the cluster's state, and the "
    "next\n"
    "pass is decided with and without them. Listed are the jobs of the file, and all work whose\n"
    "fate they change: also what runs and would not be started any more.\n"
    "Exit status: 1 if a job of the file is held.";

struct Flags {
  ClusterFlags cluster;
  std::string file;
  OutputFlags output;
};

Result<Answer> show(const Flags& flags, const Surroundings& around) {
  const auto documents = BERTH_TRY(read_documents(flags.file));
  if (documents.empty()) return Error{Code::Invalid, flags.file + ": there is no object in it"};
  const Connection connection = BERTH_TRY(around.connect(flags.cluster));
  Undecoded undecoded;
  const Live live = BERTH_TRY(read_live(connection, around.err, &undecoded));
  const Instant now = around.now();
  Live changed = live;
  auto objects = BERTH_TRY(apply_manifests(documents, connection.name_space, now, changed));
  if (changed.capacity_pools != live.capacity_pools) enter_pools(undecoded, changed);
  for (AppliedObject& object : objects) {
    const auto problem = changed.pools.problems.find(object.name);
    if (object.kind != "CapacityPool" || problem == changed.pools.problems.end()) continue;
    object.problem = problem->second.reason + ": " + problem->second.message;
  }
  // Jobs that are created or suspended change nothing about those that run as they are.
  const bool is_ruled = std::any_of(objects.begin(), objects.end(), [](const AppliedObject& one) {
    return one.kind != "GpuJob" && one.applied != Applied::Unchanged;
  });
  const auto planned = [&](const Live& from) {
    return Planned{scene_of(from, now), is_ruled ? asked_again(from) : std::vector<sched::Ask>{}};
  };
  const Plan plan = plan_of(planned(live), planned(changed), std::move(objects));
  around.out << (flags.output.is_json() ? plan_json(plan) : plan_text(plan));
  return plan.all_start() ? Answer::Yes : Answer::No;
}

}  // namespace

void add_plan(CLI::App& parent, Action& chosen) {
  CLI::App* plan = parent.add_subcommand("plan", kAbout);
  plan->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  plan->add_option("-f,--filename", flags->file, "Objects, YAML or JSON")
      ->required()
      ->type_name("FILE");
  add_cluster_flags(*plan, flags->cluster);
  add_namespace_flag(*plan, flags->cluster);
  add_output_flags(*plan, flags->output);
  plan->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return show(*flags, around); };
  });
}

}  // namespace berth::cli
