#include "cli/show_replay.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>

#include "cli/output.h"
#include "cli/progress.h"
#include "cli/replay_report.h"

namespace berth::cli {
namespace {

constexpr const char* kAbout =
    "Decides every pass of a decision log anew, and compares byte for byte.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth replay decisions-000001.jsonl\n"
    "  ... --until 812            as far as that pass\n"
    "  ... --show 812 -o json     what was new to that pass, and all that it decided\n"
    "The hash chain is checked before anything is decided. Each pass is decided from the facts in\n"
    "the log, so that one that differs does not make others differ.\n"
    "Exit status: 0 all the same, 1 something differs, 2 the file cannot be read; the line says\n"
    "where.";

struct Flags {
  std::string file;
  std::optional<int64_t> until;
  std::optional<int64_t> show;
  OutputFlags output;
};

Result<std::string> read_file(const std::string& path) {
  const std::ifstream file(path, std::ios::binary);
  if (!file) return Error{Code::NotFound, path + ": cannot be read"};
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

Result<Answer> show(const Flags& flags, const Surroundings& around) {
  const std::string text = BERTH_TRY(read_file(flags.file));
  Progress progress(around, "bytes");
  ReplayStory story{.file = flags.file, .report = {}, .shown = {}};
  decisionlog::ReplayOptions options{.show = flags.show};
  if (flags.until) options.until = *flags.until;
  options.on_pass = [&](const decisionlog::PassView& view) { story.shown = shown_pass(view); };
  options.on_progress = [&](size_t bytes) {
    progress.show(static_cast<int64_t>(bytes), static_cast<int64_t>(text.size()));
  };
  auto report = decisionlog::replay(text, options);
  progress.clear();
  if (!report) return Error{report.error().code, flags.file + ": " + report.error().message};
  story.report = *std::move(report);
  if (flags.show && !story.shown) {
    return Error{Code::NotFound, flags.file + ": has no pass " + std::to_string(*flags.show)};
  }
  around.out << (flags.output.is_json() ? replay_json(story) : replay_text(story));
  return story.report.first ? Answer::No : Answer::Yes;
}

}  // namespace

void add_replay(CLI::App& parent, Action& chosen) {
  CLI::App* replay = parent.add_subcommand("replay", kAbout);
  replay->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  replay->add_option("FILE", flags->file, "A file of the decision log")->required()->type_name("");
  replay->add_option("--until", flags->until, "The last pass to look at")
      ->check(CLI::NonNegativeNumber)
      ->type_name("PASS");
  replay->add_option("--show", flags->show, "Show this pass whole")
      ->check(CLI::NonNegativeNumber)
      ->type_name("PASS");
  add_output_flags(*replay, flags->output);
  replay->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return show(*flags, around); };
  });
}

}  // namespace berth::cli
