#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/common.h"
#include "api/condition.h"
#include "api/kind.h"
#include "json/enum_names.h"
#include "json/object_meta.h"

namespace berth::api {

// Which work a policy is about. All that is given has to match; nothing given matches everything.
struct PolicyMatch {
  std::vector<std::string> namespaces;
  std::vector<std::string> tiers;
  std::map<std::string, std::string> labels;
  std::vector<std::string> classes;
  std::optional<int64_t> min_devices;

  template <class V>
  static void describe(V& v) {
    v.field("namespaces", &PolicyMatch::namespaces,
            {.set = true, .min_length = 1, .max_length = 63, .pattern = kDnsLabelPattern},
            "Namespaces of the work; absent means all.");
    v.field("tiers", &PolicyMatch::tiers, {.set = true, .min_length = 1, .max_length = 63},
            "SLA tiers of the work; absent means all.");
    v.field("labels", &PolicyMatch::labels, {.max_length = 63, .max_items = 16},
            "Labels that the work carries.");
    v.field("classes", &PolicyMatch::classes,
            {.set = true,
             .min_length = 1,
             .max_length = kCountedClassLength,
             .pattern = kCountedClassPattern},
            "Device classes that the work asks for, or shares, CLASS/NAME; absent means all.");
    v.field("minDevices", &PolicyMatch::min_devices, {.minimum = 1, .maximum = kMostDevices},
            "Only work that asks for at least so many devices.");
  }
  bool operator==(const PolicyMatch&) const = default;
};

enum class Operator { In, NotIn, Exists, DoesNotExist };
constexpr auto enum_names(Operator) {
  return std::array<std::string_view, 4>{"In", "NotIn", "Exists", "DoesNotExist"};
}

// A label of the node, and what it may be.
struct NodeLabelTerm {
  std::string key;
  Operator op = Operator::In;
  std::vector<std::string> values;

  template <class V>
  static void describe(V& v) {
    v.field("key", &NodeLabelTerm::key,
            {.required = true, .min_length = 1, .max_length = 316, .pattern = kLabelKeyPattern},
            "Node label.");
    v.field("operator", &NodeLabelTerm::op, {.required = true}, "How it is compared.");
    v.field("values", &NodeLabelTerm::values, {.set = true, .max_length = 63},
            "Values for In and NotIn.");
    v.rule(
        "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
        "In and NotIn need values, Exists and DoesNotExist have none",
        [](const NodeLabelTerm& term) {
          const bool compares = term.op == Operator::In || term.op == Operator::NotIn;
          return compares == !term.values.empty();
        },
        ".values");
  }
  bool operator==(const NodeLabelTerm&) const = default;
};

enum class Spread { Same, Spread };
constexpr auto enum_names(Spread) { return std::array<std::string_view, 2>{"Same", "Spread"}; }

// Workers in one domain of a level, or spread over its domains.
struct DomainTerm {
  std::string level;
  Spread mode = Spread::Same;

  template <class V>
  static void describe(V& v) {
    v.field("level", &DomainTerm::level,
            {.required = true, .min_length = 1, .max_length = 316, .pattern = kLabelKeyPattern},
            "Node label whose values are the domains.");
    v.field("mode", &DomainTerm::mode, {.required = true}, "In one domain, or over many.");
  }
  bool operator==(const DomainTerm&) const = default;
};

// Nearness to other work, or distance from it.
struct AffinityTerm {
  std::map<std::string, std::string> labels;
  DomainTerm domain;
  std::vector<std::string> match_label_keys;

  template <class V>
  static void describe(V& v) {
    v.field("labels", &AffinityTerm::labels, {.max_length = 63, .max_items = 16},
            "Labels of the other work; with neither these nor matchLabelKeys all of it.");
    v.field("matchLabelKeys", &AffinityTerm::match_label_keys,
            {.set = true,
             .min_length = 1,
             .max_length = 316,
             .min_items = 1,
             .max_items = 16,
             .pattern = kLabelKeyPattern},
            "Labels of the other work that have the same value as those of the work itself.");
    v.field("domain", &AffinityTerm::domain, {.required = true},
            "Where it is: in the same domain, or in another one.");
  }
  bool operator==(const AffinityTerm&) const = default;
};

// One thing to ask of a place. Exactly one of the members is given.
struct PlacementTerm {
  std::optional<NodeLabelTerm> node_label;
  std::vector<std::string> classes;
  std::vector<std::string> pools;
  std::vector<std::string> regions;
  std::optional<int64_t> max_micro_usd_per_device_hour;
  std::optional<bool> interruptible;
  std::optional<DomainTerm> domain;
  std::optional<AffinityTerm> affinity;

  template <class V>
  static void describe(V& v) {
    v.field("nodeLabel", &PlacementTerm::node_label, {}, "A label of the node.");
    v.field("classes", &PlacementTerm::classes,
            {.set = true,
             .min_length = 1,
             .max_length = kCountedClassLength,
             .min_items = 1,
             .pattern = kCountedClassPattern},
            "One of these device classes.");
    v.field("pools", &PlacementTerm::pools,
            {.set = true, .min_length = 1, .max_length = 63, .min_items = 1},
            "One of these CapacityPools.");
    v.field("regions", &PlacementTerm::regions,
            {.set = true, .min_length = 1, .max_length = 63, .min_items = 1},
            "One of these regions.");
    v.field("maxMicroUsdPerDeviceHour", &PlacementTerm::max_micro_usd_per_device_hour,
            {.minimum = 0}, "At most this price, in millionths of a US dollar.");
    v.field("interruptible", &PlacementTerm::interruptible, {},
            "Capacity that may be taken away, or not.");
    v.field("domain", &PlacementTerm::domain, {}, "The work's own workers: together or spread.");
    v.field("affinity", &PlacementTerm::affinity, {}, "Near other work, or away from it.");
    v.rule(
        "[has(self.nodeLabel), has(self.classes), has(self.pools), has(self.regions), "
        "has(self.maxMicroUsdPerDeviceHour), has(self.interruptible), has(self.domain), "
        "has(self.affinity)].filter(given, given).size() == 1",
        "a term asks for exactly one thing", &PlacementTerm::asks_one_thing);
  }
  bool operator==(const PlacementTerm&) const = default;

  static bool asks_one_thing(const PlacementTerm& term) {
    return term.node_label.has_value() + !term.classes.empty() + !term.pools.empty() +
               !term.regions.empty() + term.max_micro_usd_per_device_hour.has_value() +
               term.interruptible.has_value() + term.domain.has_value() +
               term.affinity.has_value() ==
           1;
  }
};

struct Preference {
  PlacementTerm term;
  int64_t weight = 1;

  template <class V>
  static void describe(V& v) {
    v.field("term", &Preference::term, {.required = true}, "What is preferred.");
    v.field("weight", &Preference::weight, {.defaulted = true, .minimum = 1, .maximum = 100},
            "How much, relative to other preferences.");
  }
  bool operator==(const Preference&) const = default;
};

enum class PolicyMode { Enforce, Shadow };
constexpr auto enum_names(PolicyMode) {
  return std::array<std::string_view, 2>{"Enforce", "Shadow"};
}

struct PlacementPolicySpec {
  int64_t priority = 0;
  PolicyMatch match;
  std::vector<PlacementTerm> require;
  std::vector<Preference> prefer;
  PolicyMode mode = PolicyMode::Shadow;

  template <class V>
  static void describe(V& v) {
    v.field("priority", &PlacementPolicySpec::priority,
            {.defaulted = true, .minimum = 0, .maximum = 1'000'000},
            "Where policies disagree, the higher one wins.");
    v.field("match", &PlacementPolicySpec::match, {.required = true}, "Work that it is about.");
    v.field("require", &PlacementPolicySpec::require, {.max_items = 16},
            "What a place has to be; all of it.");
    v.field("prefer", &PlacementPolicySpec::prefer, {.max_items = 16},
            "What makes a place better.");
    v.field("mode", &PlacementPolicySpec::mode, {.defaulted = true},
            "Enforce decides; Shadow only reports what it would have changed.");
    v.rule(
        "(has(self.require) && size(self.require) > 0) || "
        "(has(self.prefer) && size(self.prefer) > 0)",
        "a policy requires or prefers something", [](const PlacementPolicySpec& spec) {
          return !spec.require.empty() || !spec.prefer.empty();
        });
  }
  bool operator==(const PlacementPolicySpec&) const = default;
};

struct PlacementPolicyStatus {
  int64_t observed_generation = 0;
  int64_t matched = 0;
  int64_t would_change = 0;
  std::vector<Condition> conditions;

  template <class V>
  static void describe(V& v) {
    v.field("observedGeneration", &PlacementPolicyStatus::observed_generation, {.minimum = 0},
            "Generation of the spec that this status is about.");
    v.field("matched", &PlacementPolicyStatus::matched, {.minimum = 0}, "Work that it is about.");
    v.field("wouldChange", &PlacementPolicyStatus::would_change, {.minimum = 0},
            "Placements that a Shadow policy would have changed.");
    v.field("conditions", &PlacementPolicyStatus::conditions, {.keys = "type"},
            "Ready, Conflicting.");
  }
  bool operator==(const PlacementPolicyStatus&) const = default;
};

// Where some work has to run, or should rather run.
struct PlacementPolicy {
  ObjectMeta meta;
  PlacementPolicySpec spec;
  PlacementPolicyStatus status;

  static constexpr KindFacts kKind{.kind = "PlacementPolicy",
                                   .plural = "placementpolicies",
                                   .singular = "placementpolicy",
                                   .short_name = "gpp",
                                   .namespaced = false,
                                   .doc = "Where some work has to run, or should rather run."};
  static constexpr std::array kColumns{
      Column{"Mode", "string", ".spec.mode", "Enforce or Shadow."},
      Column{"Priority", "integer", ".spec.priority", "The higher one wins."},
      Column{"Matched", "integer", ".status.matched", "Work that it is about."},
      Column{"Ready", "string", ".status.conditions[?(@.type=='Ready')].status",
             "Whether it can be met."},
      Column{"Age", "date", ".metadata.creationTimestamp", "Time since creation."},
  };

  template <class V>
  static void describe(V& v) {
    v.field("metadata", &PlacementPolicy::meta, {}, "Metadata.");
    v.field("spec", &PlacementPolicy::spec, {.required = true}, "What is asked of a place.");
    v.field("status", &PlacementPolicy::status, {}, "What came of it.");
  }
  bool operator==(const PlacementPolicy&) const = default;
};

}  // namespace berth::api
