#include "cli/openb_report.h"

#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

namespace berth::cli {
namespace {

using Ordered = nlohmann::ordered_json;

Ordered rounded(const std::optional<double>& value) {
  if (!value) return nullptr;
  return std::round(*value * 1000) / 1000;
}

std::string text(const std::optional<double>& value) {
  if (!value) return "-";
  std::ostringstream out;
  out << std::fixed << std::setprecision(2) << *value;
  return out.str();
}

std::string seeds_text(const std::vector<uint64_t>& seeds) {
  if (seeds.size() == 1) return "seed " + std::to_string(seeds.front());
  return std::to_string(seeds.size()) + " seeds, " + std::to_string(seeds.front()) + " to " +
         std::to_string(seeds.back());
}

}  // namespace

std::string openb_json(const sim::openb::Settings& settings, const sim::openb::Report& report) {
  Ordered allocation = Ordered::object();
  for (const auto& [percent, value] : report.allocation_percent) {
    allocation[std::to_string(percent)] = rounded(value);
  }
  Ordered json;
  json["policy"] = settings.policy;
  json["seeds"] = settings.seeds;
  json["allocation_percent"] = allocation;
  json["sd_at_100"] = rounded(report.sd_at_100);
  json["refused_pods"] = report.refused_pods;
  json["decisions_per_second"] =
      report.decisions_per_second ? Ordered(*report.decisions_per_second) : Ordered(nullptr);
  json["lp_bound_percent_at_100"] = rounded(report.lp_bound_percent_at_100);
  return json.dump() + "\n";
}

std::string openb_table(const sim::openb::Settings& settings, const sim::openb::Report& report) {
  std::ostringstream out;
  out << "POLICY " << settings.policy << ", " << seeds_text(settings.seeds) << "\n\n"
      << "DEMAND %   ALLOCATED %\n";
  for (const auto& [percent, value] : report.allocation_percent) {
    out << std::setw(8) << percent << std::setw(14) << text(value);
    if (percent == 100 && report.sd_at_100) out << " +- " << text(report.sd_at_100);
    out << "\n";
  }
  out << "\n";
  if (report.lp_bound_percent_at_100) {
    out << "No packing allocates more than " << text(report.lp_bound_percent_at_100)
        << " % at a demand of 100 %.\n";
  }
  out << report.refused_pods << " of " << report.decisions << " pods were refused.\n";
  if (report.decisions_per_second) {
    out << *report.decisions_per_second << " decisions a second of CPU time.\n";
  }
  return out.str();
}

}  // namespace berth::cli
