#pragma once
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/result.h"
#include "decisionlog/fields.h"
#include "decisionlog/names.h"
#include "decisionlog/policy_fields.h"
#include "sched/core/world.h"
#include "sched/facts.h"

// The kinds of facts that a pass decides from. One more kind is a specialisation of Kind and its
// place in Kinds; what it is made of is described in fields.h.
namespace berth::decisionlog {

struct NamedTier {
  std::string name;
  sched::Tier tier;
};

// A quota that starts nothing more in this window.
struct NamedSpent {
  sched::QuotaId quota;
  sched::SpentBudget spent;
};
// What policies may say of a holder's work.
struct NamedTraits {
  std::string source;
  sched::Traits traits;
};

// Of sched::FairShareInputs what seldom changes, and one leaf's history.
struct Fairness {
  std::map<sched::DeviceClass, sched::ClassValue> values;
  int64_t history_permille = 0;
};
struct Lately {
  sched::QuotaId quota;
  std::map<sched::DeviceClass, int64_t> micro_devices;
};

// Facts of one kind by their key, and what has become of some of them since the pass before.
template <class T>
using Known = std::map<std::string, T>;
template <class T>
struct Change {
  std::vector<T> set;             // new, or not what they were
  std::vector<std::string> gone;  // keys

  bool empty() const { return set.empty() && gone.empty(); }
  void clear() { *this = {}; }
};

template <class T>
struct Kind;

template <class... T>
struct KindsOf {
  using Facts = std::tuple<Known<T>...>;
  using Changes = std::tuple<Change<T>...>;
  static constexpr std::array kNames = {Kind<T>::kName...};
};
template <class T>
struct NoSetter {  // what a pass is given with its asks and not by a setter of the world
  static void give(sched::World&, const auto&, const Change<T>&) {}
};

template <class T>
std::vector<T> values_of(const Known<T>& known) {
  std::vector<T> values;
  for (const auto& [key, value] : known) values.push_back(value);
  return values;
}
void give_fairness(sched::World& world, const Known<Fairness>& fairness,
                   const Known<Lately>& lately);

template <>
struct Kind<sched::Quota> {
  static constexpr std::string_view kName = "quotas";
  static std::string key(const sched::Quota& quota) { return quota.id.name; }
  static void give(sched::World& world, const auto& facts, const Change<sched::Quota>&) {
    world.set_quotas(values_of(std::get<Known<sched::Quota>>(facts)));
  }
};

template <>
struct Kind<NamedTier> {
  static constexpr std::string_view kName = "tiers";
  static std::string key(const NamedTier& tier) { return tier.name; }
  static void give(sched::World& world, const auto& facts, const Change<NamedTier>&) {
    std::map<std::string, sched::Tier> tiers;
    for (const auto& [name, named] : std::get<Known<NamedTier>>(facts)) tiers[name] = named.tier;
    world.set_tiers(std::move(tiers));
  }
};

template <>
struct Kind<NamedSpent> {
  static constexpr std::string_view kName = "spent";
  static std::string key(const NamedSpent& spent) { return spent.quota.name; }
  static void give(sched::World& world, const auto& facts, const Change<NamedSpent>&) {
    std::map<sched::QuotaId, sched::SpentBudget> spent;
    for (const auto& [name, one] : std::get<Known<NamedSpent>>(facts)) spent[one.quota] = one.spent;
    world.set_spent(std::move(spent));
  }
};

template <>
struct Kind<sched::PlacementPolicy> {
  static constexpr std::string_view kName = "policies";
  static std::string key(const sched::PlacementPolicy& policy) { return policy.name; }
  static void give(sched::World& world, const auto& facts, const Change<sched::PlacementPolicy>&) {
    world.set_policies(values_of(std::get<Known<sched::PlacementPolicy>>(facts)));
  }
};

template <>
struct Kind<NamedTraits> {
  static constexpr std::string_view kName = "traits";
  static std::string key(const NamedTraits& traits) { return traits.source; }
  static void give(sched::World& world, const auto&, const Change<NamedTraits>& change) {
    for (const NamedTraits& one : change.set) world.set_traits(one.source, one.traits);
    for (const std::string& source : change.gone) world.set_traits(source, std::nullopt);
  }
};

template <>
struct Kind<Fairness> {
  static constexpr std::string_view kName = "fairness";
  static std::string key(const Fairness&) { return {}; }
  static void give(sched::World& world, const auto& facts, const Change<Fairness>&) {
    give_fairness(world, std::get<Known<Fairness>>(facts), std::get<Known<Lately>>(facts));
  }
};

template <>
struct Kind<Lately> {
  static constexpr std::string_view kName = "lately";
  static std::string key(const Lately& lately) { return lately.quota.name; }
  static void give(sched::World& world, const auto& facts, const Change<Lately>&) {
    give_fairness(world, std::get<Known<Fairness>>(facts), std::get<Known<Lately>>(facts));
  }
};

template <>
struct Kind<sched::Outlook> {
  static constexpr std::string_view kName = "outlook";
  static std::string key(const sched::Outlook&) { return {}; }
  static void give(sched::World& world, const auto&, const Change<sched::Outlook>& change) {
    for (const sched::Outlook& outlook : change.set) world.set_outlook(outlook);
  }
};

template <>
struct Kind<sched::Node> {
  static constexpr std::string_view kName = "nodes";
  static std::string key(const sched::Node& node) { return text_of(node.id); }
  static void give(sched::World& world, const auto&, const Change<sched::Node>& change) {
    for (const sched::Node& node : change.set) world.set_node(node);
    for (const std::string& key : change.gone) {
      sched::NodeId id;
      read_text(key, id);
      world.remove_node(id);
    }
  }
};

template <>
struct Kind<sched::Holder> {
  static constexpr std::string_view kName = "holders";
  static std::string key(const sched::Holder& holder) { return holder.source; }
  static void give(sched::World& world, const auto&, const Change<sched::Holder>& change) {
    for (const sched::Holder& holder : change.set) world.set_holder(holder);
    for (const std::string& source : change.gone) world.remove_holder(source);
  }
};

template <>
struct Kind<sched::ReservationPlan> {
  static constexpr std::string_view kName = "reservations";
  static std::string key(const sched::ReservationPlan& plan) { return plan.facts.uid; }
  static void give(sched::World& world, const auto& facts, const Change<sched::ReservationPlan>&) {
    world.set_reservations(std::get<Known<sched::ReservationPlan>>(facts));
  }
};

template <>
struct Kind<sched::Ask> : NoSetter<sched::Ask> {
  static constexpr std::string_view kName = "asks";
  static std::string key(const sched::Ask& ask) { return ask.id.uid; }
};

// In the order in which they are written and given to a world.
using Kinds = KindsOf<sched::Quota, NamedSpent, NamedTier, sched::PlacementPolicy, Fairness, Lately,
                      sched::Outlook, sched::Node, NamedTraits, sched::Holder,
                      sched::ReservationPlan, sched::Ask>;
using Facts = Kinds::Facts;
using Changes = Kinds::Changes;
inline constexpr size_t kKinds = std::tuple_size_v<Facts>;

// Whether a world may be given them: what the core takes for granted about lengths and ranges.
// Errors: Invalid.
Status check(const Changes& changes);
// Puts the changes into what is known and tells the world. REQUIRES: check().
void apply(const Changes& changes, Facts& facts, sched::World& world);

void describe(auto& v, Of<NamedTier> auto& named) {
  auto& [name, tier] = named;
  v("name", name);
  v("tier", tier);
}
void describe(auto& v, Of<NamedSpent> auto& named) {
  auto& [quota, spent] = named;
  v("quota", quota);
  v("spent", spent);
}
void describe(auto& v, Of<NamedTraits> auto& named) {
  auto& [source, traits] = named;
  v("source", source);
  v("traits", traits);
}
void describe(auto& v, Of<Fairness> auto& fairness) {
  auto& [values, history_permille] = fairness;
  v("values", values);
  v("history_permille", history_permille);
}
void describe(auto& v, Of<Lately> auto& lately) {
  auto& [quota, micro_devices] = lately;
  v("quota", quota);
  v("micro_devices", micro_devices);
}

}  // namespace berth::decisionlog
