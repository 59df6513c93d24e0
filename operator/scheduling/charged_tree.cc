#include "operator/scheduling/charged_tree.h"

#include <map>
#include <utility>

#include "translate/class_values.h"

namespace berth::control {

const sched::QuotaTree& ChargedTree::get() {
  if (tree_ && version_ == books_.version()) return *tree_;
  std::map<sched::DeviceClass, int64_t> capacity;
  std::map<sched::Column, int64_t> in_regions;
  for (const translate::Node& node : stores_.nodes.all()) {
    if (!node.is_usable() || node.device_class.empty()) continue;
    capacity[node.device_class] += node.devices;
    const std::string& region = node.terms.region;
    if (!region.empty()) in_regions[sched::column_of(node.device_class, region)] += node.devices;
  }
  in_regions.insert(capacity.begin(), capacity.end());
  tree_.emplace(books_.tenancy().quotas, in_regions);
  for (const auto& [leaf, use] : books_.ledger().quotas()) {
    for (const auto* columns : {&use.admitted, &use.admitted_in}) {
      for (const auto& [column, devices] : *columns) tree_->use(leaf, column, devices);
    }
  }
  auto values = translate::values_of(stores_.pooling, translate::classes_of(*tree_, capacity));
  fair_.emplace(
      *tree_, sched::FairShareInputs{.values = std::move(values), .capacity = std::move(capacity)});
  version_ = books_.version();
  return *tree_;
}

}  // namespace berth::control
