#include "cli/live/quota_tree_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/saturating.h"
#include "cli/live/table.h"
#include "cli/live/words.h"
#include "json/enum_names.h"
#include "sched/ids.h"

namespace berth::cli {
namespace {

using Ordered = nlohmann::ordered_json;
using Children = std::map<std::string, std::vector<const api::Quota*>>;

void add_below(const Children& children, const api::Quota* quota, size_t depth,
               std::set<const api::Quota*>& seen, std::vector<QuotaLine>& lines) {
  if (!seen.insert(quota).second) return;
  lines.push_back({quota, depth});
  const auto below = children.find(quota->meta.name);
  if (below == children.end()) return;
  for (const api::Quota* child : below->second) add_below(children, child, depth + 1, seen, lines);
}

// A limit and what is used of it; one of the two may be missing.
struct Row {
  std::string device_class;
  std::string region;
  api::QuotaLimit limit;
  api::QuotaUse use;
};

std::vector<Row> rows_of(const api::Quota& quota) {
  std::vector<Row> rows;
  const auto row = [&](const std::string& device_class, const std::string& region) -> Row& {
    for (Row& known : rows) {
      if (known.device_class == device_class && known.region == region) return known;
    }
    return rows.emplace_back(Row{device_class, region, {}, {}});
  };
  for (const api::QuotaLimit& limit : quota.spec.limits) {
    row(limit.device_class, limit.region).limit = limit;
  }
  for (const api::QuotaUse& use : quota.status.limits) row(use.device_class, use.region).use = use;
  return rows;
}

// Of the Quota itself, or for one that only has Quotas below it, with theirs.
int64_t guaranteed_of(const Row& row) {
  return std::max(row.limit.guaranteed, row.use.subtree_guaranteed);
}

std::string state_of(const api::Quota& quota) {
  const api::Condition* ready = api::find_condition(quota.status.conditions, "Ready");
  if (ready == nullptr) return "Unknown";
  if (!ready->is_true()) return ready->reason;
  const api::Condition* borrowing = api::find_condition(quota.status.conditions, "Borrowing");
  return borrowing != nullptr && borrowing->is_true() ? "Ready, Borrowing" : "Ready";
}

Ordered json_of(const Row& row) {
  Ordered json;
  json["class"] = row.device_class;
  json["region"] = row.region;
  json["guaranteed"] = row.limit.guaranteed;
  json["guaranteed_with_below"] = guaranteed_of(row);
  json["borrowing_limit"] = row.limit.borrowing_limit;
  json["lending_limit"] =
      row.limit.lending_limit ? Ordered(*row.limit.lending_limit) : Ordered(nullptr);
  json["used"] = row.use.used;
  json["borrowed"] = row.use.borrowed;
  json["lent"] = row.use.lent;
  json["pending"] = row.use.pending;
  json["unadmitted"] = row.use.unadmitted;
  return json;
}

Ordered conditions_of(const api::Quota& quota) {
  Ordered all = Ordered::array();
  for (const api::Condition& condition : quota.status.conditions) {
    Ordered json;
    json["type"] = condition.type;
    json["status"] =
        std::string(enum_names(condition.status)[static_cast<size_t>(condition.status)]);
    json["reason"] = condition.reason;
    json["message"] = condition.message;
    all.push_back(std::move(json));
  }
  return all;
}

}  // namespace

std::vector<QuotaLine> quota_lines(const std::vector<api::Quota>& quotas, const std::string& root) {
  std::map<std::string, const api::Quota*> by_name;
  for (const api::Quota& quota : quotas) by_name.emplace(quota.meta.name, &quota);
  Children children;
  std::vector<const api::Quota*> starts;
  for (const auto& [name, quota] : by_name) {
    const std::string& parent = quota->spec.parent;
    children[parent].push_back(quota);
    const bool is_start = root.empty() ? parent.empty() || !by_name.contains(parent) : name == root;
    if (is_start) starts.push_back(quota);
  }
  std::set<const api::Quota*> seen;
  std::vector<QuotaLine> lines;
  for (const api::Quota* quota : starts) add_below(children, quota, 0, seen, lines);
  if (!root.empty()) return lines;
  for (const auto& [name, quota] : by_name) add_below(children, quota, 0, seen, lines);  // a cycle
  return lines;
}

std::string quota_json(const std::vector<QuotaLine>& lines) {
  Ordered quotas = Ordered::array();
  for (const QuotaLine& line : lines) {
    const api::Quota& quota = *line.quota;
    Ordered json;
    json["name"] = quota.meta.name;
    json["parent"] = quota.spec.parent.empty() ? Ordered(nullptr) : Ordered(quota.spec.parent);
    json["depth"] = line.depth;
    json["namespaces"] = quota.spec.namespaces;
    json["weight"] = quota.spec.weight;
    json["limits"] = Ordered::array();
    for (const Row& row : rows_of(quota)) json["limits"].push_back(json_of(row));
    json["conditions"] = conditions_of(quota);
    quotas.push_back(std::move(json));
  }
  Ordered json;
  json["quotas"] = std::move(quotas);
  return json.dump() + "\n";
}

std::string quota_table(const std::vector<QuotaLine>& lines) {
  if (lines.empty()) return "No Quotas.\n";
  Table table{.columns = {{"QUOTA"},
                          {"CLASS"},
                          {"USED/GUARANTEED", true},
                          {"BORROWED", true},
                          {"MAY BORROW", true},
                          {"LENT", true},
                          {"MAY LEND", true},
                          {"PENDING", true},
                          {"UNADMITTED", true},
                          {"CONDITION"}},
              .rows = {}};
  for (const QuotaLine& line : lines) {
    const std::string name = std::string(2 * line.depth, ' ') + line.quota->meta.name;
    const std::vector<Row> rows = rows_of(*line.quota);
    if (rows.empty()) {
      table.rows.push_back({name, "-", "", "", "", "", "", "", "", state_of(*line.quota)});
    }
    for (const Row& row : rows) {
      const bool is_first = &row == &rows.front();
      const std::string used =
          std::to_string(row.use.used) + "/" + std::to_string(guaranteed_of(row));
      table.rows.push_back({is_first ? name : "", sched::column_of(row.device_class, row.region),
                            used, std::to_string(row.use.borrowed),
                            std::to_string(row.limit.borrowing_limit), std::to_string(row.use.lent),
                            bound_text(row.limit.lending_limit.value_or(kUnlimited)),
                            std::to_string(row.use.pending), std::to_string(row.use.unadmitted),
                            is_first ? state_of(*line.quota) : ""});
    }
  }
  return table.text();
}

}  // namespace berth::cli
