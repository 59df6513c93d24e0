#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "json/enum_names.h"
#include "json/object_meta.h"
#include "json/rules.h"

// Small shapes with one of everything, for the tests of this folder.
namespace berth::shapes {

enum class Mood { Calm, Busy };
constexpr auto enum_names(Mood) { return std::array<std::string_view, 2>{"Calm", "Busy"}; }

struct Berth {
  std::string name;
  int64_t metres = 10;

  template <class V>
  static void describe(V& v) {
    v.field("name", &Berth::name, {.required = true, .min_length = 1, .max_length = 8}, "Name.");
    v.field("metres", &Berth::metres, {.defaulted = true, .minimum = 1, .maximum = 400}, "Length.");
    v.rule(
        "self.name != 'none' || self.metres == 1", "none is one metre long",
        [](const Berth& berth) { return berth.name != "none" || berth.metres == 1; }, ".metres");
  }
  bool operator==(const Berth&) const = default;
};

struct HarbourSpec {
  Mood mood = Mood::Calm;
  bool open = true;
  std::vector<Berth> berths;
  std::vector<std::string> flags;
  std::map<std::string, std::string> notes;
  std::optional<Berth> dock;
  std::optional<Instant> since;
  std::string depth;
  std::string pilot;
  Berth quay{.name = "q", .metres = 3};

  template <class V>
  static void describe(V& v) {
    v.field("mood", &HarbourSpec::mood, {.defaulted = true}, "Mood.");
    v.field("open", &HarbourSpec::open, {.defaulted = true}, "Open.");
    v.field("berths", &HarbourSpec::berths, {.max_items = 3, .keys = "name"}, "Berths.");
    v.field("flags", &HarbourSpec::flags, {.set = true, .min_items = 1, .pattern = "^[a-z]+$"},
            "Flags.");
    v.field("notes", &HarbourSpec::notes, {.max_items = 2}, "Notes.");
    v.field("dock", &HarbourSpec::dock, {.immutable = true}, "Dock.");
    v.field("since", &HarbourSpec::since, {}, "Since.");
    v.field("depth", &HarbourSpec::depth, {.quantity = true}, "Depth.");
    v.field("pilot", &HarbourSpec::pilot, {.unsupported = true}, "Pilot.");
    v.field("quay", &HarbourSpec::quay, {.defaulted = true, .immutable = true}, "Quay.");
  }
  bool operator==(const HarbourSpec&) const = default;
};

struct Order {
  HarbourSpec spec;

  template <class V>
  static void describe(V& v) {
    v.field("spec", &Order::spec, {.required = true, .is_template = true}, "Harbour to build.");
  }
  bool operator==(const Order&) const = default;
};

struct Harbour {
  ObjectMeta meta;
  HarbourSpec spec;
  std::optional<Order> order;
  int64_t tide = 0;

  template <class V>
  static void describe(V& v) {
    v.field("metadata", &Harbour::meta, {.max_length = 5, .pattern = "^[a-z]+$"}, "Metadata.");
    v.field("spec", &Harbour::spec, {.required = true}, "Spec.");
    v.field("order", &Harbour::order, {}, "Order.");
    v.field("tide", &Harbour::tide, {}, "Tide.");
    v.transition(
        "self.tide >= oldSelf.tide", "the tide only rises",
        [](const Harbour& now, const Harbour& old) { return now.tide >= old.tide; }, ".tide");
  }
  bool operator==(const Harbour&) const = default;
};

}  // namespace berth::shapes
