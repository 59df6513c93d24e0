#include "sim/scale/scale.h"

#include <algorithm>

#include "sim/scale/steady.h"
#include "sim/scale/waiting.h"

namespace berth::sim::scale {
namespace {

constexpr int32_t kNodesMax = 1'000'000;
constexpr int64_t kMib = 1 << 20;

Status check(const Settings& settings) {
  if (settings.nodes < 1 || settings.nodes > kNodesMax) {
    return Error{Code::Invalid, "nodes: want 1 to 1000000"};
  }
  if (settings.devices_per_node < 1 || settings.devices_per_node > 16) {
    return Error{Code::Invalid, "devices per node: want 1 to 16"};
  }
  if (settings.fill_percent < 1 || settings.fill_percent > 99) {
    return Error{Code::Invalid, "fill: want 1 to 99 percent"};
  }
  if (settings.placements < 1 || settings.asks < 1 || settings.passes < 1) {
    return Error{Code::Invalid, "want at least one placement, one ask and one pass"};
  }
  return Done{};
}

}  // namespace

Result<Report> run(const Settings& settings, const Outside& outside) {
  BERTH_TRY(check(settings));
  Report report{.nodes = settings.nodes};
  const Steady steady = measure_placements(settings, outside);
  report.placements = steady.placements;
  if (steady.spent.count() > 0) {
    report.decisions_per_second =
        settings.placements * 1'000'000'000 / std::max<int64_t>(1, steady.spent.count());
  }
  std::vector<std::chrono::nanoseconds> passes = measure_passes(settings, outside);
  std::sort(passes.begin(), passes.end());
  const auto quantile = [&](size_t percent) {
    const size_t at = std::min(passes.size() - 1, passes.size() * percent / 100);
    return static_cast<double>(passes[at].count()) / 1e6;
  };
  if (outside.cpu_time) {
    report.pass_ms_p50 = quantile(50);
    report.pass_ms_p99 = quantile(99);
  }
  if (outside.resident_bytes) report.rss_mib = outside.resident_bytes() / kMib;
  return report;
}

}  // namespace berth::sim::scale
