#include "operator/scheduling/charged_tree.h"

#include <map>
#include <utility>

#include "translate/class_values.h"

namespace berth::control {

const sched::QuotaTree& ChargedTree::get() {
  if (tree_ && version_ == books_.version()) return *tree_;
  std::map<sched::DeviceClass, int64_t> capacity;
  for (const translate::Node& node : stores_.nodes.all()) {
    if (node.is_usable() && !node.device_class.empty()) capacity[node.device_class] += node.devices;
  }
  tree_.emplace(books_.tenancy().quotas, capacity);
  for (const auto& [leaf, use] : books_.ledger().quotas()) {
    for (const auto& [device_class, devices] : use.admitted) {
      tree_->use(leaf, device_class, devices);
    }
  }
  auto values = translate::values_of(stores_.pooling, translate::classes_of(*tree_, capacity));
  fair_.emplace(
      *tree_, sched::FairShareInputs{.values = std::move(values), .capacity = std::move(capacity)});
  version_ = books_.version();
  return *tree_;
}

}  // namespace berth::control
