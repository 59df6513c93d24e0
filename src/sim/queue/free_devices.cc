#include "sim/queue/free_devices.h"

#include <bit>
#include <cassert>

namespace berth::sim::queue {

FreeDevices::FreeDevices(ClusterShape shape)
    : shape_(shape),
      free_(static_cast<size_t>(shape.nodes), 0),
      nodes_(static_cast<size_t>(shape.devices_per_node) + 1, 0),
      having_(nodes_.size() * words(), 0) {
  nodes_[0] = shape.nodes;
  for (int32_t node = 0; node < shape.nodes; ++node) {
    having_[static_cast<size_t>(node) / 64] |= uint64_t{1} << (node % 64);
    set(node, shape.devices_per_node);
  }
}

bool FreeDevices::fits(int64_t devices) const {
  const int64_t whole = devices / shape_.devices_per_node;
  const auto rest = static_cast<size_t>(devices % shape_.devices_per_node);
  if (nodes_.back() < whole) return false;
  if (rest == 0 || nodes_.back() > whole) return true;
  for (size_t level = rest; level + 1 < nodes_.size(); ++level) {
    if (nodes_[level] > 0) return true;
  }
  return false;
}

std::optional<Placement> FreeDevices::place(int64_t devices) const {
  if (!fits(devices)) return std::nullopt;
  const int32_t full = shape_.devices_per_node;
  const int64_t whole = devices / full;
  const auto rest = static_cast<int32_t>(devices % full);
  Placement placement;
  placement.reserve(static_cast<size_t>(whole) + 1);
  int32_t last = -1;
  for (int64_t worker = 0; worker < whole; ++worker) {
    last = first_with(full, last);
    placement.push_back({last, full});
  }
  if (rest == 0) return placement;
  int32_t level = rest;
  while (level < full && nodes_[static_cast<size_t>(level)] == 0) ++level;
  placement.push_back({first_with(level, level == full ? last : -1), rest});
  return placement;
}

int32_t FreeDevices::first_with(int32_t devices, int32_t after) const {
  const uint64_t* row = &having_[static_cast<size_t>(devices) * words()];
  auto word = static_cast<size_t>(after + 1) / 64;
  uint64_t bits = word < words() ? row[word] & (~uint64_t{0} << ((after + 1) % 64)) : 0;
  while (bits == 0) {
    ++word;
    assert(word < words());
    bits = row[word];
  }
  return static_cast<int32_t>(word * 64) + std::countr_zero(bits);
}

void FreeDevices::take(const Placement& placement) {
  for (const Worker& worker : placement) set(worker.node, on(worker.node) - worker.devices);
}

void FreeDevices::give(const Placement& placement) {
  for (const Worker& worker : placement) set(worker.node, on(worker.node) + worker.devices);
}

void FreeDevices::set(int32_t node, int32_t devices) {
  assert(devices >= 0 && devices <= shape_.devices_per_node);
  const auto at = static_cast<size_t>(node);
  const auto before = static_cast<size_t>(free_[at]);
  const auto now = static_cast<size_t>(devices);
  const uint64_t bit = uint64_t{1} << (at % 64);
  having_[before * words() + at / 64] &= ~bit;
  having_[now * words() + at / 64] |= bit;
  --nodes_[before];
  ++nodes_[now];
  total_ += devices - free_[at];
  free_[at] = devices;
}

}  // namespace berth::sim::queue
