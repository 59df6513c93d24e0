#include "cli/queue_report.h"

#include <iomanip>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <string_view>

namespace berth::cli {
namespace {

using Ordered = nlohmann::ordered_json;
using sim::queue::QueueReport;

Ordered or_null(const std::optional<double>& value) {
  return value ? Ordered(*value) : Ordered(nullptr);
}

std::string fixed(double value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

std::string hours(double seconds) { return fixed(seconds / 3600, 2) + " h"; }

std::string percent(double value) { return fixed(value, 1) + " %"; }

}  // namespace

std::string queue_json(const QueueReport& report) {
  const auto& wait = report.wait_seconds;
  Ordered tiers = Ordered::object();
  for (const auto& [tier, attained] : report.sla_attainment_percent) tiers[tier] = attained;
  Ordered json;
  json["jobs"] = report.jobs;
  json["load"] = or_null(report.load);
  json["makespan_seconds"] = report.makespan_seconds;
  json["utilisation_percent"] = report.utilisation_percent;
  json["wait_seconds"] = {
      {"mean", wait.mean}, {"p50", wait.p50}, {"p95", wait.p95}, {"p99", wait.p99}};
  json["jct_ratio_mean"] = report.jct_ratio_mean;
  json["sla_attainment_percent"] = tiers;
  json["lost_device_seconds"] = report.lost_device_seconds;
  json["preemptions"] = report.preemptions;
  json["useless_preemptions"] = report.useless_preemptions;
  json["deadlines_met_percent"] = or_null(report.deadlines_met_percent);
  if (const auto& explained = report.explained) {
    json["explained"] = {{"sampled", explained->sampled},
                         {"with_change", explained->with_change},
                         {"started", explained->started},
                         {"estimated", explained->estimated},
                         {"start_error_percent", or_null(explained->start_error_percent)},
                         {"early_percent", or_null(explained->early_percent)}};
  }
  return json.dump() + "\n";
}

std::string queue_table(const QueueReport& report) {
  const auto& wait = report.wait_seconds;
  std::ostringstream out;
  const auto line = [&](std::string_view title, const std::string& value) {
    out << std::left << std::setw(26) << title << value << "\n";
  };
  out << "POLICY " << report.policy << ", " << report.cluster.nodes << " nodes of "
      << report.cluster.devices_per_node << " devices\n\n";
  line("jobs", std::to_string(report.jobs));
  if (report.refused > 0) {
    line("refused", std::to_string(report.refused) + ", wider than the cluster");
  }
  line("load", report.load ? fixed(*report.load, 3) : "-");
  line("makespan", hours(report.makespan_seconds));
  line("utilisation", percent(report.utilisation_percent));
  line("wait, mean", hours(wait.mean));
  line("wait, median", hours(wait.p50));
  line("wait, 95th percentile", hours(wait.p95));
  line("wait, 99th percentile", hours(wait.p99));
  line("completion over duration", fixed(report.jct_ratio_mean, 2));
  for (const auto& [tier, attained] : report.sla_attainment_percent) {
    line("promise kept, " + tier, percent(attained));
  }
  if (report.deadlines_met_percent) line("deadlines met", percent(*report.deadlines_met_percent));
  line("device time lost", hours(report.lost_device_seconds));
  line("preemptions", std::to_string(report.preemptions) + ", useless " +
                          std::to_string(report.useless_preemptions));
  line("ended by a failing node", std::to_string(report.failures_met));
  if (const auto& explained = report.explained) {
    line("held work explained", std::to_string(explained->sampled) + ", a change starts " +
                                    std::to_string(explained->started) + " of " +
                                    std::to_string(explained->with_change));
    const auto& error = explained->start_error_percent;
    line("start estimates, off by", (error ? percent(*error) : "-") + " of the wait (median of " +
                                        std::to_string(explained->estimated) + ")");
  }
  return out.str();
}

}  // namespace berth::cli
