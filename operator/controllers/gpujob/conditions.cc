#include "operator/controllers/gpujob/conditions.h"

#include <set>

namespace berth::control {

bool is_true(const api::GpuJobStatus& status, std::string_view type) {
  const api::Condition* condition = api::find_condition(status.conditions, type);
  return condition != nullptr && condition->is_true();
}

std::string message_of(const api::GpuJobStatus& status, std::string_view type) {
  const api::Condition* condition = api::find_condition(status.conditions, type);
  return condition == nullptr ? std::string() : condition->message;
}

std::string text_of(const api::Placement& placement) {
  constexpr size_t kNamed = 4;
  int64_t devices = 0;
  std::set<std::string> nodes;
  for (const api::PlacedWorker& worker : placement.workers) {
    devices += worker.count;
    nodes.insert(worker.node);
  }
  const std::string device_class =
      placement.workers.empty() ? "" : placement.workers.front().device_class;
  std::string text = (devices == 0 ? "CPU" : std::to_string(devices) + " " + device_class) + " on ";
  size_t named = 0;
  for (const std::string& node : nodes) {
    if (named == kNamed) {
      return text + " and " + std::to_string(nodes.size() - kNamed) + " more nodes";
    }
    text += (named++ == 0 ? "" : ", ") + node;
  }
  return text;
}

}  // namespace berth::control
