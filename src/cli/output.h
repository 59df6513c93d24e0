#pragma once
#include <string>

namespace CLI {
class App;
}

namespace berth::cli {

// A table for people, or JSON, whose shape is stable, for programs.
struct OutputFlags {
  bool json = false;
  std::string format = "table";
  bool is_json() const { return json || format == "json"; }
};

// --json and -o.
void add_output_flags(CLI::App& app, OutputFlags& flags);

}  // namespace berth::cli
