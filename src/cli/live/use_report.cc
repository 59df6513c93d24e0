#include "cli/live/use_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "cli/live/report_json.h"
#include "cli/live/table.h"
#include "cli/live/words.h"
#include "json/time.h"

namespace berth::cli {
namespace {

using Ordered = nlohmann::ordered_json;

std::optional<std::string> payer(const sched::Charge& charge) {
  if (charge.kind == sched::ChargeKind::Unmanaged) return std::nullopt;
  return charge.quota.name;
}

JobUse job_use(const Held& held) {
  JobUse use{.meta = &held.meta(), .is_job = held.job != nullptr};
  std::set<sched::NodeId> nodes;
  for (const sched::Charge& charge : held.charges) {
    if (charge.devices == 0) continue;
    use.device_class = charge.device_class;
    use.devices += charge.devices;
    use.quota = payer(charge);
    nodes.insert(charge.node);
  }
  use.nodes = nodes.size();
  use.since = held.job != nullptr && held.job->status.admitted_at ? held.job->status.admitted_at
                                                                  : held.meta().creation;
  return use;
}

Ordered classes_json(const ClusterUse& use) {
  Ordered all = Ordered::array();
  for (const auto& [name, has] : use.classes) {
    Ordered one;
    one["class"] = name;
    one["capacity"] = has.capacity;
    one["allocated"] = has.allocated;
    one["free"] = has.free;
    one["by_quota"] = Ordered::array();
    for (const auto& [quota, devices] : has.by_quota) {
      one["by_quota"].push_back(Ordered{{"quota", or_null(quota)}, {"devices", devices}});
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::string classes_table(const ClusterUse& use) {
  Table table{
      .columns = {{"CLASS"}, {"CAPACITY", true}, {"ALLOCATED", true}, {"FREE", true}, {"BY QUOTA"}},
      .rows = {}};
  for (const auto& [name, has] : use.classes) {
    std::string by;
    for (const auto& [quota, devices] : has.by_quota) {
      by += (by.empty() ? "" : ", ") + quota.value_or("(none)") + " " + std::to_string(devices);
    }
    table.rows.push_back({name, std::to_string(has.capacity), std::to_string(has.allocated),
                          std::to_string(has.free), by.empty() ? "-" : by});
  }
  return table.text();
}

// "and 3 more" below a table that was cut.
std::string rest(size_t all, size_t most) {
  return all > most ? "and " + std::to_string(all - most) + " more\n" : std::string();
}

std::string nodes_table(const ClusterUse& use, size_t most) {
  Table table{.columns = {{"NODE"}, {"CLASS"}, {"DEVICES", true}, {"FREE", true}}, .rows = {}};
  for (const NodeRoom& node : use.nodes) {
    if (table.rows.size() == most) break;
    table.rows.push_back(
        {node.node, node.device_class, std::to_string(node.devices), std::to_string(node.free)});
  }
  return table.text() + rest(use.nodes.size(), most);
}

std::string holders_table(const ClusterUse& use, size_t most, Instant now) {
  Table table{.columns = {{"HOLDER"},
                          {"NAMESPACE"},
                          {"QUOTA"},
                          {"CLASS"},
                          {"DEVICES", true},
                          {"NODES", true},
                          {"SINCE", true}},
              .rows = {}};
  for (const JobUse& job : use.holders) {
    if (table.rows.size() == most) break;
    table.rows.push_back({(job.is_job ? "gpujob/" : "pod/") + job.meta->name, job.meta->name_space,
                          job.quota.value_or("-"), job.device_class, std::to_string(job.devices),
                          std::to_string(job.nodes), job.since ? age_text(now - *job.since) : "-"});
  }
  return table.text() + rest(use.holders.size(), most);
}

}  // namespace

ClusterUse use_of(const Live& live) {
  ClusterUse use;
  std::map<sched::NodeId, int64_t> taken;
  for (const auto& [uid, held] : holdings_of(live)) {
    for (const sched::Charge& charge : held.charges) {
      if (charge.devices == 0) continue;
      taken[charge.node] += charge.devices;
      ClassUse& has = use.classes[charge.device_class];
      has.allocated += charge.devices;
      has.by_quota[payer(charge)] += charge.devices;
    }
    if (held.devices() > 0) use.holders.push_back(job_use(held));
  }
  for (const translate::Node& node : live.nodes) {
    if (node.device_class.empty()) continue;
    ClassUse& has = use.classes[node.device_class];
    has.capacity += node.devices;
    const int64_t free = std::max<int64_t>(0, node.devices - taken[{"", node.meta.name}]);
    if (!node.is_usable() || free == 0) continue;
    has.free += free;
    use.nodes.push_back({node.meta.name, node.device_class, node.devices, free});
  }
  std::sort(use.nodes.begin(), use.nodes.end(), [](const NodeRoom& a, const NodeRoom& b) {
    return std::tie(b.free, a.node) < std::tie(a.free, b.node);
  });
  std::sort(use.holders.begin(), use.holders.end(), [](const JobUse& a, const JobUse& b) {
    return std::tie(b.devices, a.meta->name_space, a.meta->name) <
           std::tie(a.devices, b.meta->name_space, b.meta->name);
  });
  return use;
}

std::string use_json(const ClusterUse& use) {
  Ordered json;
  json["classes"] = classes_json(use);
  json["nodes"] = Ordered::array();
  for (const NodeRoom& node : use.nodes) {
    json["nodes"].push_back(Ordered{{"node", node.node},
                                    {"class", node.device_class},
                                    {"devices", node.devices},
                                    {"free", node.free}});
  }
  json["holders"] = Ordered::array();
  for (const JobUse& job : use.holders) {
    json["holders"].push_back(
        Ordered{{"kind", job.is_job ? "GpuJob" : "Pod"},
                {"namespace", job.meta->name_space},
                {"name", job.meta->name},
                {"quota", or_null(job.quota)},
                {"class", job.device_class},
                {"devices", job.devices},
                {"nodes", job.nodes},
                {"since", job.since ? Ordered(format_time(*job.since)) : Ordered(nullptr)}});
  }
  return json.dump() + "\n";
}

std::string use_table(const ClusterUse& use, size_t most, Instant now) {
  if (use.classes.empty()) return "No devices.\n";
  std::string text = classes_table(use);
  text += "\n" + (use.nodes.empty() ? "No node has free devices.\n" : nodes_table(use, most));
  if (!use.holders.empty()) text += "\n" + holders_table(use, most, now);
  return text;
}

}  // namespace berth::cli
