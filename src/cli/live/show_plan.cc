#include "cli/live/show_plan.h"

#include <CLI/CLI.hpp>
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
    "GpuJobs, Quotas and SlaTiers, several in a file. Nothing is written: the objects are put "
    "into\n"
    "a copy of the cluster's state, and the next pass is decided with and without them. Listed "
    "are\n"
    "the jobs of the file, and all work whose fate they change.\n"
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
  const Live live = BERTH_TRY(read_live(connection, around.err));
  const Instant now = around.now();
  Live changed = live;
  auto objects = BERTH_TRY(apply_manifests(documents, connection.name_space, now, changed));
  const Plan plan = plan_of(scene_of(live, now), scene_of(changed, now), std::move(objects));
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
