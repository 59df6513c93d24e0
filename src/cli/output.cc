#include "cli/output.h"

#include <CLI/CLI.hpp>
#include <vector>

namespace berth::cli {

void add_output_flags(CLI::App& app, OutputFlags& flags) {
  app.add_flag("--json", flags.json, "Print JSON, as -o json does");
  app.add_option("-o,--output", flags.format, "table or json")
      ->check(CLI::IsMember(std::vector<std::string>{"table", "json"}))
      ->type_name("FORMAT")
      ->capture_default_str();
}

}  // namespace berth::cli
