#include "cli/live/show_explain.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>

#include "cli/live/explain_report.h"
#include "cli/live/live_scene.h"
#include "cli/output.h"
#include "sched/explain/explain.h"

namespace berth::cli {
namespace {

constexpr const char* kAbout =
    "Says why a GpuJob waits, who holds what it wants, and what would start it now.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth explain gpujob/train                 in the context's namespace\n"
    "  kubectl berth explain gj/train -n research         in another one\n"
    "  kubectl berth explain gpujob/train -o json         for programs\n"
    "Every change that is offered was tried on a copy of the cluster's state, alone, and started\n"
    "the job there. DEVICES is what it costs: devices that somebody gives up or is granted.\n"
    "Exit status: 1 if there is no such job, or nothing holds it.";

struct Flags {
  ClusterFlags cluster;
  std::string object;
  OutputFlags output;
};

Result<std::string> job_name(const std::string& object) {
  for (const char* kind : {"gpujob/", "gpujobs/", "gj/"}) {
    if (object.starts_with(kind) && object.size() > std::string(kind).size()) {
      return object.substr(std::string(kind).size());
    }
  }
  return Error{Code::Invalid, object + ": want gpujob/NAME"};
}

Result<Answer> show(const Flags& flags, const Surroundings& around) {
  const std::string name = BERTH_TRY(job_name(flags.object));
  const Connection connection = BERTH_TRY(around.connect(flags.cluster));
  const Live live = BERTH_TRY(read_live(connection, around.err));
  const auto job = std::find_if(live.jobs.begin(), live.jobs.end(), [&](const api::GpuJob& one) {
    return one.meta.name == name && one.meta.name_space == connection.name_space;
  });
  if (job == live.jobs.end()) {
    around.err << "kubectl-berth explain: there is no GpuJob " << name << " in namespace "
               << connection.name_space << "\n";
    return Answer::No;
  }
  const Instant now = around.now();
  JobStory story{.job = &*job, .quota = {}, .explain = {}, .now = now};
  if (const sched::QuotaId* quota = live.tenancy.find(job->meta.name_space)) {
    story.quota = quota->name;
  }
  story.explain = sched::explain(scene_of(live, now), {job->meta.uid});
  around.out << (flags.output.is_json() ? explain_json(story) : explain_text(story));
  return story.explain ? Answer::Yes : Answer::No;
}

}  // namespace

void add_explain(CLI::App& parent, Action& chosen) {
  CLI::App* explain = parent.add_subcommand("explain", kAbout);
  explain->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  explain->add_option("OBJECT", flags->object, "gpujob/NAME")->required()->type_name("");
  add_cluster_flags(*explain, flags->cluster);
  add_namespace_flag(*explain, flags->cluster);
  add_output_flags(*explain, flags->output);
  explain->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return show(*flags, around); };
  });
}

}  // namespace berth::cli
