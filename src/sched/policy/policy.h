#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/labels.h"
#include "sched/ids.h"

// Where some work has to run, or should rather run, as data. docs/algorithms/policies.md says how
// policies act together.
namespace berth::sched {

// What a pool says of its nodes, as labels of sched::Node.
inline constexpr const char* kPoolLabel = "berth.dev/pool";
inline constexpr const char* kRegionLabel = "berth.dev/region";
inline constexpr const char* kInterruptibleLabel = "berth.dev/interruptible";  // "true", "false"
inline constexpr const char* kPriceLabel = "berth.dev/price";  // micro-USD per device-hour

enum class Comparison { In, NotIn, Exists, DoesNotExist };

// A label of the node, and what it may be. As in Kubernetes, NotIn also takes nodes without it.
struct LabelTerm {
  std::string key;
  Comparison comparison = Comparison::In;
  std::set<std::string> values;
  bool operator==(const LabelTerm&) const = default;
};

struct ClassTerm {
  std::set<DeviceClass> classes;
  bool operator==(const ClassTerm&) const = default;
};

// A node whose price nobody has said is not known to cost at most this.
struct PriceTerm {
  int64_t most_micro_usd_per_device_hour = 0;
  bool operator==(const PriceTerm&) const = default;
};

// The work's own workers: all in one domain of the level, or spread over its domains, none of which
// gets more of them than an even spread would give it.
struct DomainTerm {
  std::string level;
  bool is_spread = false;
  bool operator==(const DomainTerm&) const = default;
};

// In a domain where work with these labels holds devices, or in one where none does. With keys only
// work whose labels of those keys have the values of the work's own: its like, as matchLabelKeys in
// Kubernetes (KEP-3633). Work without one of them is like no other.
struct AffinityTerm {
  Labels labels;
  std::string level;
  bool is_away = false;
  std::set<std::string> match_label_keys = {};
  bool operator==(const AffinityTerm&) const = default;
};

using Term = std::variant<LabelTerm, ClassTerm, PriceTerm, DomainTerm, AffinityTerm>;

struct Preference {
  Term term;
  int64_t weight = 1;
  bool operator==(const Preference&) const = default;
};

// Which work a policy is about: all that is given has to match; nothing given matches everything.
struct WorkMatch {
  std::set<std::string> namespaces;
  std::set<std::string> tiers;
  Labels labels;
  std::set<DeviceClass> classes;
  int64_t min_devices = 0;
  bool operator==(const WorkMatch&) const = default;
};

struct PlacementPolicy {
  std::string name;
  int64_t priority = 0;  // the higher wins; equals go by name
  WorkMatch match;
  std::vector<Term> require;  // all of it
  std::vector<Preference> prefer;
  bool is_shadow = false;  // only reports what it would have changed
  bool operator==(const PlacementPolicy&) const = default;
};

}  // namespace berth::sched
