#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/common.h"
#include "api/condition.h"
#include "api/kind.h"
#include "json/enum_names.h"
#include "json/object_meta.h"

namespace berth::api {

// Devices that lie close together: `count` domains of one level with so many devices in each.
struct Cell {
  std::string level;
  int64_t count = 1;
  int64_t devices_per_cell = 1;

  template <class V>
  static void describe(V& v) {
    v.field("level", &Cell::level,
            {.required = true, .min_length = 1, .max_length = 316, .pattern = kLabelKeyPattern},
            "Node label whose value the devices of a cell share.");
    v.field("count", &Cell::count, {.required = true, .minimum = 1, .maximum = kMostDevices},
            "Cells.");
    v.field("devicesPerCell", &Cell::devices_per_cell,
            {.required = true, .minimum = 1, .maximum = kMostDevices}, "Devices in each cell.");
  }
  bool operator==(const Cell&) const = default;
};

enum class RecurrenceUnit { Day, Week };
constexpr auto enum_names(RecurrenceUnit) { return std::array<std::string_view, 2>{"Day", "Week"}; }
enum class Weekday { Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday };
constexpr auto enum_names(Weekday) {
  return std::array<std::string_view, 7>{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                         "Friday", "Saturday", "Sunday"};
}

struct Recurrence {
  RecurrenceUnit every = RecurrenceUnit::Day;
  std::vector<Weekday> weekdays;
  std::optional<Instant> until;

  template <class V>
  static void describe(V& v) {
    v.field("every", &Recurrence::every, {.required = true}, "Distance of two occurrences.");
    v.field("weekdays", &Recurrence::weekdays, {.set = true, .min_items = 1, .max_items = 7},
            "Days of the week in UTC; absent means the start's own.");
    v.field("until", &Recurrence::until, {}, "No occurrence starts after this; absent means ever.");
  }
  bool operator==(const Recurrence&) const = default;
};

struct ReservationSpec {
  std::string device_class;
  int64_t count = 1;
  std::optional<Cell> cell;
  std::optional<Instant> start;
  int64_t duration_seconds = 3600;
  std::optional<Recurrence> recurrence;
  bool allow_backfill = true;

  template <class V>
  static void describe(V& v) {
    v.field("class", &ReservationSpec::device_class,
            {.required = true,
             .min_length = 1,
             .max_length = kCountedClassLength,
             .pattern = kCountedClassPattern},
            "Device class, VENDOR-MODEL in lower case, or a share of it, CLASS/NAME.");
    v.field("count", &ReservationSpec::count,
            {.required = true, .minimum = 1, .maximum = kMostDevices}, "Devices.");
    v.field("cell", &ReservationSpec::cell, {},
            "How close together the devices lie; absent means anywhere.");
    v.field("start", &ReservationSpec::start, {}, "First instant; absent means as soon as it can.");
    v.field("durationSeconds", &ReservationSpec::duration_seconds,
            {.required = true, .minimum = 60, .maximum = kMostSeconds}, "Seconds it lasts.");
    v.field("recurrence", &ReservationSpec::recurrence, {}, "When it comes again; absent is once.");
    v.field("allowBackfill", &ReservationSpec::allow_backfill, {.defaulted = true},
            "Work of others that gives way may use the devices before the start and while they "
            "are idle; work that surely ends before the start always may.");
    v.rule(
        "!has(self.cell) || self.cell.count * self.cell.devicesPerCell == self.count",
        "count has to equal cell.count times cell.devicesPerCell",
        [](const ReservationSpec& spec) {
          return !spec.cell || spec.cell->count * spec.cell->devices_per_cell == spec.count;
        },
        ".count");
    v.rule(
        "!has(self.recurrence) || has(self.start)", "a recurring Reservation needs a start",
        [](const ReservationSpec& spec) { return !spec.recurrence || spec.start; }, ".start");
    v.rule(
        "!has(self.recurrence) || self.recurrence.every != 'Day' || self.durationSeconds <= 86400",
        "windows of every Day last at most a day",
        [](const ReservationSpec& spec) {
          return !spec.recurrence || spec.recurrence->every != RecurrenceUnit::Day ||
                 spec.duration_seconds <= 86'400;
        },
        ".durationSeconds");
    v.rule(
        "!has(self.recurrence) || self.durationSeconds <= 604800",
        "recurring windows last at most a week",
        [](const ReservationSpec& spec) {
          return !spec.recurrence || spec.duration_seconds <= 604'800;
        },
        ".durationSeconds");
  }
  bool operator==(const ReservationSpec&) const = default;
};

struct ReservedNode {
  std::string cluster;
  std::string node;
  int64_t count = 0;

  template <class V>
  static void describe(V& v) {
    v.field("cluster", &ReservedNode::cluster, {.defaulted = true},
            "Cluster that the node is in; empty is this one.");
    v.field("node", &ReservedNode::node, {.required = true, .min_length = 1}, "Name of the node.");
    v.field("count", &ReservedNode::count, {.required = true, .minimum = 1},
            "Devices that are set aside there.");
  }
  bool operator==(const ReservedNode&) const = default;
};

struct ReservationStatus {
  int64_t observed_generation = 0;
  std::optional<Instant> next_start;
  std::optional<Instant> next_end;
  std::vector<ReservedNode> nodes;
  std::vector<Condition> conditions;

  template <class V>
  static void describe(V& v) {
    v.field("observedGeneration", &ReservationStatus::observed_generation, {.minimum = 0},
            "Generation of the spec that this status is about.");
    v.field("nextStart", &ReservationStatus::next_start, {}, "When it starts next, or started.");
    v.field("nextEnd", &ReservationStatus::next_end, {}, "When that occurrence ends.");
    v.field("nodes", &ReservationStatus::nodes, {.max_items = kMostWorkers},
            "Nodes that hold its devices.");
    v.field("conditions", &ReservationStatus::conditions, {.keys = "type"},
            "Ready (it can be honoured), Active, Expired, Short (capacity was lost).");
  }
  bool operator==(const ReservationStatus&) const = default;
};

// Devices set aside for a time. Jobs and endpoints name the Reservation that they use.
struct Reservation {
  ObjectMeta meta;
  ReservationSpec spec;
  ReservationStatus status;

  static constexpr KindFacts kKind{.kind = "Reservation",
                                   .plural = "reservations",
                                   .singular = "reservation",
                                   .short_name = "gr",
                                   .namespaced = true,
                                   .doc = "Devices set aside for a time."};
  static constexpr std::array kColumns{
      Column{"Class", "string", ".spec.class", "Device class."},
      Column{"Count", "integer", ".spec.count", "Devices."},
      Column{"Start", "string", ".status.nextStart", "When it starts next."},
      Column{"End", "string", ".status.nextEnd", "When that occurrence ends."},
      Column{"Ready", "string", ".status.conditions[?(@.type=='Ready')].status",
             "Whether it can be honoured."},
      Column{"Active", "string", ".status.conditions[?(@.type=='Active')].status",
             "Whether it holds devices now."},
      Column{"Age", "date", ".metadata.creationTimestamp", "Time since creation."},
  };

  template <class V>
  static void describe(V& v) {
    v.field("metadata", &Reservation::meta, {}, "Metadata.");
    v.field("spec", &Reservation::spec, {.required = true}, "What is set aside and when.");
    v.field("status", &Reservation::status, {}, "What came of it.");
  }
  bool operator==(const Reservation&) const = default;
};

}  // namespace berth::api
