#include "sched/facts.h"

namespace berth::sched {

std::string shape_of(const Ask& ask) {
  if (!ask.quota || ask.only || !ask.avoid.empty()) return {};
  std::string shape = ask.quota->name + '|' + ask.tier + '|' + std::to_string(ask.priority);
  if (ask.promised) shape += "|promised";
  if (ask.preemptible) shape += *ask.preemptible ? "|gives way" : "|firm";
  if (ask.near) {
    for (const std::string& level : ask.near->levels) shape += '|' + level;
    shape += ask.near->required ? "!" : "?";
  }
  if (ask.max_runtime) shape += "|ends" + std::to_string((*ask.max_runtime - ask.ran).count());
  if (ask.preemptions_left <= 0) shape += "|stays";
  if (ask.reservation) shape += "|of" + *ask.reservation;
  if (ask.least_workers > 0) shape += '|' + std::to_string(ask.least_workers) + "up";
  for (const std::string& location : ask.locations) shape += "|in" + location;
  for (const Alternative& wants : ask.alternatives) {
    shape += '|' + wants.device_class;
    if (wants.speed_percent > 0) shape += '%' + std::to_string(wants.speed_percent);
    for (const int64_t count : wants.counts) shape += ',' + std::to_string(count);
  }
  if (!ask.unserved.empty()) shape += '|' + ask.unserved;
  for (const Room& room : ask.rooms) {
    shape += '|' + std::to_string(room.cpu_milli) + ',' + std::to_string(room.memory_bytes);
  }
  return shape;
}

Ask with_workers(const Ask& ask, size_t workers) {
  Ask made = ask;
  for (Alternative& wants : made.alternatives) wants.counts.resize(workers);
  made.rooms.resize(workers);
  made.least_workers = 0;
  made.shape.clear();
  return made;
}

}  // namespace berth::sched
