#include "sched/core/gangs.h"

#include "sched/core/location.h"

namespace berth::sched {

Gang Gangs::of(const Ask& ask, const Alternative& wants) {
  Gang gang = bare(ask, wants);
  steering_.steer(ask, wants, gang);
  return gang;
}

Gang Gangs::bare(const Ask& ask, const Alternative& wants) {
  Gang gang{.near = ask.near};
  for (size_t worker = 0; worker < wants.counts.size(); ++worker) {
    const bool is_alike = worker > 0 && wants.counts[worker] == wants.counts[worker - 1] &&
                          ask.rooms[worker] == ask.rooms[worker - 1];
    gang.workers.push_back(is_alike ? gang.workers.back()
                                    : worker_shape(world_.fleet(), ask, wants, worker));
  }
  if (ask.only || !ask.avoid.empty()) {
    gang.allowed = allowed_for(ask);
  } else if (!ask.locations.empty()) {
    gang.allowed = located(ask);
  }
  return gang;
}

Stock Gangs::stock(const Ask& ask, const Alternative& wants) {
  if (ask.locations.empty()) return stock_of(world_, wants.device_class);
  Stock stock;
  for (const NodeIndex index : located(ask)) {
    const Node& node = *world_.node(index);
    if (node.device_class != wants.device_class || !node.usable) continue;
    stock.exist += node.devices;
    stock.free += world_.fleet().whole_free(index);
  }
  return stock;
}

const std::vector<NodeIndex>& Gangs::located(const Ask& ask) {
  const auto [at, is_new] = located_.try_emplace(ask.locations);
  if (is_new) {
    for (const auto& [id, node] : world_.nodes()) {
      if (is_located(ask, &node)) at->second.push_back(*world_.fleet().find(id));
    }
  }
  return at->second;
}

std::span<const NodeIndex> Gangs::allowed_for(const Ask& ask) {
  allowed_.clear();
  const auto add = [&](const NodeId& id) {
    const auto node = world_.nodes().find(id);
    if (node == world_.nodes().end() || ask.avoid.contains(id)) return;
    if (is_located(ask, &node->second)) allowed_.push_back(*world_.fleet().find(id));
  };
  if (ask.only) {
    for (const NodeId& id : *ask.only) add(id);
  } else {
    for (const auto& [id, node] : world_.nodes()) add(id);
  }
  return allowed_;
}

}  // namespace berth::sched
