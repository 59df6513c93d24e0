#include "sched/core/world.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace berth::sched {
namespace {

using Holders = std::map<std::string, World::Held>;
using Sources = std::set<std::string>;

// It was placed where there were fewer devices than it holds.
bool is_short(const World::Held& held, size_t charge) {
  return held.is_placed[charge] &&
         std::popcount(held.spots[charge].devices) < held.facts.charges[charge].devices;
}

// Who is on its nodes, itself included.
Sources neighbours_of(const World::Held& held, const std::map<NodeId, Sources>& on_node) {
  Sources sources;
  for (const Charge& charge : held.facts.charges) {
    const auto here = on_node.find(charge.node);
    if (here != on_node.end()) sources.insert(here->second.begin(), here->second.end());
  }
  return sources;
}

// Where holders hold more devices than there are, those come first whose source is first, whoever
// came first: what is free follows from the facts and not from how they came about, and who waits
// for devices gets them when others go. `touched` share a node with what has changed. Mostly nobody
// is short, and then it costs a look at each of them.
template <class Lift, class Place>
void settle(Sources touched, const std::map<NodeId, Sources>& on_node, Holders& holders,
            const Lift& lift, const Place& place) {
  const auto is_any_short = [&](const std::string& source) {
    const World::Held& held = holders.at(source);
    for (size_t i = 0; i < held.spots.size(); ++i) {
      if (is_short(held, i)) return true;
    }
    return false;
  };
  if (std::none_of(touched.begin(), touched.end(), is_any_short)) return;
  // They and all with whom they compete, and so on: all of these are placed anew.
  std::vector<std::string> next(touched.begin(), touched.end());
  while (!next.empty()) {
    const std::string source = std::move(next.back());
    next.pop_back();
    for (const std::string& other : neighbours_of(holders.at(source), on_node)) {
      const bool competes = is_any_short(other) || is_any_short(source);
      if (competes && touched.insert(other).second) next.push_back(other);
    }
  }
  for (const std::string& source : touched) lift(holders.at(source));
  for (const std::string& source : touched) place(holders.at(source));
}

}  // namespace

namespace {

const std::string& region_label(const Node* node) {
  static const std::string kNone;
  if (node == nullptr) return kNone;
  const auto at = node->labels.find(kRegionLabel);
  return at == node->labels.end() ? kNone : at->second;
}

bool policies_see_alike(const Node& a, const Node& b) {
  return a.labels == b.labels && a.device_class == b.device_class && a.usable == b.usable &&
         (a.devices == 0) == (b.devices == 0);
}

}  // namespace

NodeFacts World::facts_of(const Node& node) {
  NodeFacts facts{.id = node.id, .device_class = node.device_class};
  if (!node.usable) {
    facts.pods = 0;
    return facts;
  }
  facts.devices =
      static_cast<int32_t>(std::clamp<int64_t>(node.devices, 0, int64_t{kMostDevicesPerNode}));
  facts.cpu_milli = node.room.cpu_milli;
  facts.memory_bytes = node.room.memory_bytes;
  facts.pods = node.workers;
  return facts;
}

void World::count(const Node& node, int64_t sign) {
  if (!node.usable || node.device_class.empty()) return;
  usable_[node.device_class] += sign * node.devices;
  usable_in_[node.device_class][region_label(&node)] += sign * node.devices;
  tree_.reset();
}

void World::changes(const Node* before, const Node* after) {
  const bool is_alike =
      before != nullptr && after != nullptr && policies_see_alike(*before, *after);
  if (!is_alike) policies_.nodes_changed();
  if (!is_alike) nodes_in_.clear();
  // What runs there counts in another region from now on.
  if (region_label(before) != region_label(after)) tree_.reset();
  if (before != nullptr) count(*before, -1);
}

void World::set_node(const Node& node) {
  const auto known = nodes_.find(node.id);
  if (known != nodes_.end() && known->second == node) return;
  changes(known == nodes_.end() ? nullptr : &known->second, &node);
  const std::set<std::string> here = on_node_[node.id];
  for (const std::string& source : here) lift_holder(holders_.at(source));
  const auto index = fleet_.find(node.id);
  if (index) {
    fleet_.resize(*index, facts_of(node));
  } else {
    fleet_.add(facts_of(node));
  }
  topology_.set(index.value_or(static_cast<NodeIndex>(fleet_.nodes() - 1)), node.id, node.labels);
  nodes_.insert_or_assign(node.id, node);
  count(node, +1);
  for (const std::string& source : here) place_holder(holders_.at(source));
  Sources touched;
  for (const std::string& source : here) {
    touched.merge(neighbours_of(holders_.at(source), on_node_));
  }
  settle(
      std::move(touched), on_node_, holders_, [this](Held& held) { lift_holder(held); },
      [this](Held& held) { place_holder(held); });
}

void World::remove_node(const NodeId& id) {
  const auto known = nodes_.find(id);
  if (known == nodes_.end()) return;
  changes(&known->second, nullptr);
  const std::set<std::string> here = on_node_[id];
  for (const std::string& source : here) lift_holder(holders_.at(source));
  const NodeIndex index = *fleet_.find(id);
  fleet_.resize(index, {.id = id, .device_class = known->second.device_class, .pods = 0});
  topology_.remove(index);
  nodes_.erase(known);
  for (const std::string& source : here) place_holder(holders_.at(source));
  Sources touched;
  for (const std::string& source : here) {
    touched.merge(neighbours_of(holders_.at(source), on_node_));
  }
  settle(
      std::move(touched), on_node_, holders_, [this](Held& held) { lift_holder(held); },
      [this](Held& held) { place_holder(held); });
}

// What runs, runs, whether there is room for it or not.
void World::place_holder(Held& held) {
  const std::vector<Charge>& charges = held.facts.charges;
  held.spots.assign(charges.size(), {});
  held.is_placed.assign(charges.size(), false);
  for (size_t i = 0; i < charges.size(); ++i) {
    const Charge& charge = charges[i];
    if (!nodes_.contains(charge.node)) continue;
    const ShapeId shape = fleet_.shape({.need = {static_cast<int32_t>(charge.devices)},
                                        .cpu_milli = charge.room.cpu_milli,
                                        .memory_bytes = charge.room.memory_bytes});
    held.spots[i] = fleet_.force(shape, *fleet_.find(charge.node));
    held.is_placed[i] = true;
  }
}

void World::lift_holder(Held& held) {
  for (size_t i = held.spots.size(); i > 0; --i) {
    if (held.is_placed[i - 1]) fleet_.give(held.spots[i - 1]);
  }
  held.spots.clear();
  held.is_placed.clear();
}

void World::use_quota(const Holder& holder, int64_t sign) {
  if (!tree_ || holder.leaving) return;  // counted when it is made
  for (const Charge& charge : holder.charges) count_in(*tree_, charge, sign);
}

void World::count_in(QuotaTree& tree, const Charge& charge, int64_t sign) const {
  if (charge.kind != ChargeKind::Admitted || charge.devices == 0) return;
  tree.use(charge.quota, charge.device_class, sign * charge.devices);
  if (!tree.has_regions()) return;
  const std::string& region = region_of(charge);
  if (region.empty()) return;
  tree.use(charge.quota, column_of(charge.device_class, region), sign * charge.devices);
}

const std::string& World::region_of(const NodeId& node) const {
  const auto at = nodes_.find(node);
  return region_label(at == nodes_.end() ? nullptr : &at->second);
}

const std::string& World::region_of(const Charge& charge) const {
  return charge.node.name.empty() ? charge.region : region_of(charge.node);
}

const std::map<std::string, int64_t>& World::usable_in(const DeviceClass& device_class) const {
  static const std::map<std::string, int64_t> kNone;
  const auto at = usable_in_.find(device_class);
  return at == usable_in_.end() ? kNone : at->second;
}

const std::vector<NodeIndex>& World::nodes_in(const DeviceClass& device_class,
                                              const std::string& region) {
  const auto [at, is_new] = nodes_in_.try_emplace({device_class, region});
  if (!is_new) return at->second;
  for (const auto& [id, node] : nodes_) {
    if (node.device_class == device_class && region_label(&node) == region) {
      at->second.push_back(*fleet_.find(id));
    }
  }
  return at->second;
}

void World::set_holder(Holder holder) {
  const std::string source = holder.source;
  remove_holder(source);
  if (holder.charges.empty()) return;
  for (const Charge& charge : holder.charges) on_node_[charge.node].insert(source);
  use_quota(holder, +1);
  Held& made = holders_.emplace(source, Held{.facts = std::move(holder)}).first->second;
  place_holder(made);
  settle(
      neighbours_of(made, on_node_), on_node_, holders_, [this](Held& held) { lift_holder(held); },
      [this](Held& held) { place_holder(held); });
}

void World::remove_holder(const std::string& source) {
  const auto at = holders_.find(source);
  if (at == holders_.end()) return;
  lift_holder(at->second);
  use_quota(at->second.facts, -1);
  for (const Charge& charge : at->second.facts.charges) on_node_[charge.node].erase(source);
  Sources left = neighbours_of(at->second, on_node_);
  holders_.erase(at);
  settle(
      std::move(left), on_node_, holders_, [this](Held& held) { lift_holder(held); },
      [this](Held& held) { place_holder(held); });
}

void World::set_run(const std::string& source, std::optional<Run> run) {
  const auto at = holders_.find(source);
  if (at != holders_.end()) at->second.facts.run = std::move(run);
}

void World::set_slack(const std::string& source, Millis slack) {
  const auto at = holders_.find(source);
  if (at != holders_.end() && at->second.facts.run) at->second.facts.run->job.slack = slack;
}

void World::set_leaving(const std::string& source, bool leaving) {
  const auto at = holders_.find(source);
  if (at == holders_.end() || at->second.facts.leaving == leaving) return;
  use_quota(at->second.facts, -1);
  at->second.facts.leaving = leaving;
  use_quota(at->second.facts, +1);
}

// Prices alone cost next to nothing; all else means that every state is scored anew.
void World::set_outlook(const Outlook& outlook) {
  Outlook repriced = outlook_;
  repriced.prices = outlook.prices;
  repriced.micro_usd_per_hour = outlook.micro_usd_per_hour;
  if (repriced == outlook) {
    fleet_.set_prices(outlook.prices);
  } else {
    fleet_.set_outlook(outlook);
  }
  outlook_ = outlook;
}

void World::set_quotas(std::vector<Quota> quotas) {
  quotas_ = std::move(quotas);
  tree_.reset();
}

void World::set_traits(const std::string& source, std::optional<Traits> traits) {
  if (traits) {
    traits_.insert_or_assign(source, *std::move(traits));
  } else {
    traits_.erase(source);
  }
}

PolicyBook& World::policies() {
  if (policies_.needs_ground() && !policies_.policies().empty()) {
    Ground ground;
    for (const auto& [id, node] : nodes_) {
      ground.indexes.push_back(*fleet_.find(id));
      ground.nodes.push_back(&node);
    }
    policies_.set_ground(std::move(ground));
  }
  return policies_;
}

const Traits& World::traits(const std::string& source) const {
  static const Traits kNone;
  const auto at = traits_.find(source);
  return at == traits_.end() ? kNone : at->second;
}

FairShareInputs World::fairness() const {
  FairShareInputs inputs = fairness_;
  inputs.capacity = usable_;
  return inputs;
}

QuotaTree& World::tree() {
  if (!tree_) {
    std::map<Column, int64_t> capacity = usable_;
    for (const auto& [device_class, by_region] : usable_in_) {
      for (const auto& [region, devices] : by_region) {
        if (!region.empty()) capacity[column_of(device_class, region)] = devices;
      }
    }
    tree_.emplace(quotas_, capacity);
    for (const auto& [source, held] : holders_) use_quota(held.facts, +1);
  }
  return *tree_;
}

const Tier& World::tier(const std::string& name) const {
  const auto at = tiers_.find(name);
  return at == tiers_.end() ? no_tier() : at->second;
}

const std::set<std::string>& World::holders_on(NodeIndex node) const {
  static const std::set<std::string> kNone;
  const auto at = on_node_.find(fleet_.facts(node).id);
  return at == on_node_.end() ? kNone : at->second;
}

const Node* World::node(NodeIndex index) const {
  const auto at = nodes_.find(fleet_.facts(index).id);
  return at == nodes_.end() ? nullptr : &at->second;
}

}  // namespace berth::sched
