// The scenes of the scheduling core that no recorded work shows, one line of JSON for each: see
// README.md. Without a name all of them.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/core/scene.h"

namespace berth::bench::core {
namespace {

struct Named {
  const char* name;
  Result<Measured> (*measure)(Size);
  Size full;
  Size quick;
};

constexpr Named kScenes[] = {
    {"pass_over_held", pass_over_held, {1, 200}, {10, 20}},
    {"pass_over_held_with_policies", pass_over_held_with_policies, {1, 50}, {10, 20}},
    {"preemption_search", preemption_search, {1, 100}, {4, 20}},
    {"reclaim_plan", reclaim_plan, {1, 5}, {10, 3}},
};

int measure(const Named& scene, bool is_quick) {
  std::cerr << scene.name << "\n";
  const Size size = is_quick ? scene.quick : scene.full;
  const auto measured = scene.measure(size);
  if (!measured) {
    std::cerr << scene.name << ": " << measured.error().message << "\n";
    return 1;
  }
  nlohmann::ordered_json json{{"scene", scene.name},        {"divisor", size.divisor},
                              {"passes", size.rounds},      {"p50_ms", measured->p50_ms},
                              {"p99_ms", measured->p99_ms}, {"most_ms", measured->most_ms}};
  for (const auto& [name, count] : measured->counts) json[name] = count;
  std::cout << json.dump() << std::endl;
  return 0;
}

int run(int argc, char** argv) {
  bool is_quick = false;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--quick") {
      is_quick = true;
    } else if (only.empty() && !argument.starts_with("-")) {
      only = argument;
    } else {
      std::cerr << "usage: core_bench [--quick] [SCENE]\n";
      return 2;
    }
  }
  int status = only.empty() ? 0 : 2;
  for (const Named& scene : kScenes) {
    if (only.empty()) status = std::max(status, measure(scene, is_quick));
    if (only == scene.name) status = measure(scene, is_quick);
  }
  if (status == 2) std::cerr << "no scene is called " << only << "\n";
  return status;
}

}  // namespace
}  // namespace berth::bench::core

int main(int argc, char** argv) { return berth::bench::core::run(argc, argv); }
