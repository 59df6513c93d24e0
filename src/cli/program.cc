#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <ostream>
#include <string>

#include "cli/completion.h"
#include "cli/live/show_explain.h"
#include "cli/live/show_plan.h"
#include "cli/live/show_queue.h"
#include "cli/live/show_quota.h"
#include "cli/live/show_top.h"
#include "cli/show_replay.h"
#include "cli/simulate.h"

namespace berth::cli {
namespace {

// The commands, in the order of --help. A command is a file that defines one AddCommand.
constexpr AddCommand kCommands[] = {add_explain, add_queue,  add_top,      add_quota,
                                    add_plan,    add_replay, add_simulate, add_completion};

constexpr const char* kAbout =
    "Asks Berth why, what if and how much: the kubectl plugin, also run as `kubectl berth`.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth explain gpujob/train       why it waits, and what would start it\n"
    "  kubectl berth queue -A                   everything that waits\n"
    "  kubectl berth plan -f job.yaml           what a change would do\n"
    "  kubectl berth replay FILE                decide a decision log anew\n"
    "  kubectl berth simulate openb --help      a recorded cluster under Berth or a baseline\n"
    "  source <(kubectl-berth completion bash)  complete commands and options in this shell\n"
    "Exit status: 0 done, 1 the answer is no, 2 bad usage or input.";

// The command line as far as it was understood: "kubectl-berth simulate openb".
std::string understood(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const std::string name = app.get_name();
  return chosen.empty() ? name : name + " " + understood(*chosen.front());
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

int refuse(const Surroundings& around, const CLI::App& app, const std::string& what) {
  around.err << understood(app) << ": " << one_line(what) << "\n";
  return 2;
}

}  // namespace

int run_program(int argc, const char* const* argv, const Surroundings& around) {
  CLI::App app{kAbout, "kubectl-berth"};
  app.footer(kExamples);
  app.set_version_flag("--version", "kubectl-berth " BERTH_VERSION);
  app.require_subcommand(1);
  Action chosen;
  for (const AddCommand add : kCommands) add(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error, around.out, around.err);
    return refuse(around, app, std::string(error.what()) + " (see --help)");
  }
  const auto answer = chosen(around);
  if (!answer) return refuse(around, app, answer.error().message);
  return *answer == Answer::Yes ? 0 : 1;
}

}  // namespace berth::cli
