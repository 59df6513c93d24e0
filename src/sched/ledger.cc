#include "sched/ledger.h"

#include <utility>

namespace berth::sched {
namespace {

// A class that nobody holds any more leaves the map, so that equal use compares equal.
void add(std::map<DeviceClass, int64_t>& sums, const DeviceClass& device_class, int64_t devices) {
  const auto at = sums.try_emplace(device_class, 0).first;
  at->second += devices;
  if (at->second == 0) sums.erase(at);
}

}  // namespace

void Ledger::apply(const Charge& charge, int64_t sign) {
  NodeUse& node = nodes_[charge.node];
  node.devices += sign * charge.devices;
  node.room.cpu_milli += sign * charge.room.cpu_milli;
  node.room.memory_bytes += sign * charge.room.memory_bytes;
  node.workers += sign;
  if (node.workers == 0) nodes_.erase(charge.node);

  if (charge.kind == ChargeKind::Unmanaged || charge.devices == 0) return;
  QuotaUse& quota = quotas_[charge.quota];
  auto& sums = charge.kind == ChargeKind::Admitted ? quota.admitted : quota.unadmitted;
  add(sums, charge.device_class, sign * charge.devices);
  apply_region(charge, sign);
  if (quota.admitted.empty() && quota.unadmitted.empty()) quotas_.erase(charge.quota);
}

void Ledger::apply_region(const Charge& charge, int64_t sign) {
  const std::string& region = region_of(charge);
  if (region.empty()) return;
  QuotaUse& quota = quotas_[charge.quota];
  auto& sums = charge.kind == ChargeKind::Admitted ? quota.admitted_in : quota.unadmitted_in;
  add(sums, column_of(charge.device_class, region), sign * charge.devices);
}

void Ledger::set_region(const NodeId& node, const std::string& region) {
  const auto known = regions_.find(node);
  if ((known == regions_.end() ? std::string() : known->second) == region) return;
  const auto count = [&](int64_t sign) {
    if (!nodes_.contains(node)) return;
    for (const auto& [source, charges] : by_source_) {
      for (const Charge& charge : charges) {
        const bool is_counted = charge.kind != ChargeKind::Unmanaged && charge.devices != 0;
        if (is_counted && charge.node == node) apply_region(charge, sign);
      }
    }
  };
  count(-1);
  if (region.empty()) {
    regions_.erase(node);
  } else {
    regions_.insert_or_assign(node, region);
  }
  count(+1);
}

const std::string& Ledger::region_of(const Charge& charge) const {
  if (charge.node.name.empty()) return charge.region;
  static const std::string kNone;
  const auto at = regions_.find(charge.node);
  return at == regions_.end() ? kNone : at->second;
}

void Ledger::set(const std::string& source, std::vector<Charge> charges) {
  const auto at = by_source_.find(source);
  if (at != by_source_.end()) {
    if (at->second == charges) return;
    for (const Charge& charge : at->second) apply(charge, -1);
  } else if (charges.empty()) {
    return;
  }
  for (const Charge& charge : charges) apply(charge, +1);
  if (charges.empty()) {
    by_source_.erase(at);
  } else {
    by_source_.insert_or_assign(source, std::move(charges));
  }
}

void Ledger::clear() {
  by_source_.clear();
  nodes_.clear();
  quotas_.clear();
  regions_.clear();
}

const NodeUse& Ledger::on(const NodeId& node) const {
  static const NodeUse kNone;
  const auto at = nodes_.find(node);
  return at == nodes_.end() ? kNone : at->second;
}

const QuotaUse& Ledger::of(const QuotaId& leaf) const {
  static const QuotaUse kNone;
  const auto at = quotas_.find(leaf);
  return at == quotas_.end() ? kNone : at->second;
}

const std::vector<Charge>& Ledger::held_by(const std::string& source) const {
  static const std::vector<Charge> kNone;
  const auto at = by_source_.find(source);
  return at == by_source_.end() ? kNone : at->second;
}

}  // namespace berth::sched
