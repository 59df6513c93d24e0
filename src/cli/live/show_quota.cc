#include "cli/live/show_quota.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>

#include "cli/live/facts.h"
#include "cli/live/quota_tree_report.h"
#include "cli/output.h"

namespace berth::cli {
namespace {

constexpr const char* kAbout = "Shows the tree of Quotas: what each uses of what it may use.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth quota                the whole tree\n"
    "  kubectl berth quota research       one Quota and all below it\n"
    "  kubectl berth quota -o json        for programs\n"
    "USED counts the devices of admitted work, with that of all Quotas below. Exit status: 1 if\n"
    "there is no Quota of that name.";

struct Flags {
  ClusterFlags cluster;
  std::string name;
  OutputFlags output;
};

Result<Answer> show(const Flags& flags, const Surroundings& around) {
  const Connection connection = BERTH_TRY(around.connect(flags.cluster));
  const std::vector<api::Quota> quotas = BERTH_TRY(read_quotas(connection));
  const std::vector<QuotaLine> lines = quota_lines(quotas, flags.name);
  if (!flags.name.empty() && lines.empty()) {
    around.err << "kubectl-berth quota: there is no Quota " << flags.name << "\n";
    return Answer::No;
  }
  around.out << (flags.output.is_json() ? quota_json(lines) : quota_table(lines));
  return Answer::Yes;
}

}  // namespace

void add_quota(CLI::App& parent, Action& chosen) {
  CLI::App* quota = parent.add_subcommand("quota", kAbout);
  quota->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  quota->add_option("NAME", flags->name, "Quota to start at")->type_name("");
  add_cluster_flags(*quota, flags->cluster);
  add_output_flags(*quota, flags->output);
  quota->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return show(*flags, around); };
  });
}

}  // namespace berth::cli
