#include "sched/core/gangs.h"

#include "sched/core/why.h"

namespace berth::sched {

Gang Gangs::of(const Ask& ask, const Alternative& wants) {
  Gang gang = bare(ask, wants);
  const auto before = gang.allowed;
  steering_.steer(ask, wants, gang);
  is_shared_ =
      !ask.only && ask.avoid.empty() && (!wants.region || before->data() == gang.allowed->data());
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
  } else if (wants.region) {
    gang.allowed = world_.nodes_in(wants.device_class, *wants.region);
  }
  return gang;
}

std::span<const NodeIndex> Gangs::allowed_for(const Ask& ask, const Alternative& wants) {
  allowed_.clear();
  const auto add = [&](const NodeId& id) {
    const bool is_there = !wants.region || world_.region_of(id) == *wants.region;
    if (is_there && world_.nodes().contains(id) && !ask.avoid.contains(id)) {
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
