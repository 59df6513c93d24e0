#include "sched/core/gangs.h"

#include "sched/core/location.h"

namespace berth::sched {

Gang Gangs::of(const Ask& ask, const Alternative& wants) {
  Gang gang = bare(ask, wants);
  const auto before = gang.allowed;
  steering_.steer(ask, wants, gang);
  // Lists of this ask's own, or made of two, lie where the next ask's will.
  const bool is_own = ask.only || !ask.avoid.empty() || (wants.region && !ask.locations.empty());
  is_shared_ = !is_own && (!before || before->data() == gang.allowed->data());
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
    gang.allowed = allowed_for(ask, wants);
  } else if (!ask.locations.empty()) {
    gang.allowed = wants.region ? allowed_for(ask, wants) : located(ask);
  } else if (wants.region) {
    gang.allowed = world_.nodes_in(wants.device_class, *wants.region);
  }
  return gang;
}

Stock Gangs::stock(const Ask& ask, const Alternative& wants) {
  if (ask.locations.empty()) return stock_of(world_, wants);
  if (wants.region && !ask.locations.contains(*wants.region)) return {};
  Stock stock;
  for (const NodeIndex index : located(ask)) {
    const Node& node = *world_.node(index);
    if (node.device_class != wants.device_class || !node.usable) continue;
    if (wants.region && world_.region_of(node.id) != *wants.region) continue;
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

std::span<const NodeIndex> Gangs::allowed_for(const Ask& ask, const Alternative& wants) {
  allowed_.clear();
  const auto add = [&](const NodeId& id) {
    const auto node = world_.nodes().find(id);
    if (node == world_.nodes().end() || ask.avoid.contains(id)) return;
    const bool is_there = !wants.region || world_.region_of(id) == *wants.region;
    if (is_there && is_located(ask, &node->second)) {
      allowed_.push_back(*world_.fleet().find(id));
    }
  };
  if (ask.only) {
    for (const NodeId& id : *ask.only) add(id);
  } else {
    for (const auto& [id, node] : world_.nodes()) add(id);
  }
  return allowed_;
}

}  // namespace berth::sched
