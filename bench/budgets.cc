#include "bench/budgets.h"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

namespace berth::bench {
namespace {

// Whether the figure keeps to the budget's `max` or `min`; prints how it stands.
bool keeps(const YAML::Node& budget, double measured, std::ostream& out) {
  const bool is_max = static_cast<bool>(budget["max"]);
  const double limit = budget[is_max ? "max" : "min"].as<double>();
  const bool is_kept = is_max ? measured <= limit : measured >= limit;
  out << (is_kept ? "ok    " : "OVER  ") << budget["name"].as<std::string>() << " " << measured
      << (is_max ? " <= " : " >= ") << limit << "\n";
  return is_kept;
}

}  // namespace

int check_budgets(const std::string& file, const Json& figures, std::ostream& out) {
  int status = 0;
  try {
    for (const YAML::Node& budget : YAML::LoadFile(file)) {
      const auto measured = figures.find(budget["name"].as<std::string>());
      if (measured == figures.end()) continue;
      if (!keeps(budget, measured->get<double>(), out)) status = 1;
    }
  } catch (const YAML::Exception& error) {
    out << file << ": " << error.what() << "\n";
    status = 1;
  }
  return status;
}

}  // namespace berth::bench
