#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/common.h"
#include "api/condition.h"
#include "api/kind.h"
#include "json/enum_names.h"
#include "json/object_meta.h"

namespace berth::api {

// What a tenant may use of one device class, in one region or in all of them together.
struct QuotaLimit {
  std::string device_class;
  std::string region;
  int64_t guaranteed = 0;
  int64_t borrowing_limit = 0;
  std::optional<int64_t> lending_limit;  // absent means all

  template <class V>
  static void describe(V& v) {
    v.field("class", &QuotaLimit::device_class,
            {.required = true,
             .min_length = 1,
             .max_length = kCountedClassLength,
             .pattern = kCountedClassPattern},
            "Device class, VENDOR-MODEL in lower case, for example nvidia-h200; or a share of it, "
            "CLASS/NAME with the end of the share's resource, for example "
            "nvidia-h200/mig-1g.18gb, whose numbers are then of shares.");
    v.field("region", &QuotaLimit::region, {.defaulted = true, .max_length = 63},
            "Region of the CapacityPool that the limit is for; empty means all regions together. A "
            "device counts against every entry that matches it. Where all entries of a class name "
            "a region, its devices in other regions may not be used.");
    v.field("guaranteed", &QuotaLimit::guaranteed,
            {.required = true, .minimum = 0, .maximum = kMostDevices},
            "Whole devices that are always there for the tenant.");
    v.field("borrowingLimit", &QuotaLimit::borrowing_limit,
            {.defaulted = true, .minimum = 0, .maximum = kMostDevices},
            "Most devices that may be borrowed above guaranteed while others leave them free.");
    v.field("lendingLimit", &QuotaLimit::lending_limit, {.minimum = 0, .maximum = kMostDevices},
            "Most devices that others may borrow while they are free; absent means all of them.");
  }
  bool operator==(const QuotaLimit&) const = default;
};

enum class BudgetWindow { Day, Week, Month };
constexpr auto enum_names(BudgetWindow) {
  return std::array<std::string_view, 3>{"Day", "Week", "Month"};
}
enum class OnSpent { Hold, Alert };
constexpr auto enum_names(OnSpent) { return std::array<std::string_view, 2>{"Hold", "Alert"}; }

enum class QuotaOrdering { Fair, Fifo };
constexpr auto enum_names(QuotaOrdering) { return std::array<std::string_view, 2>{"Fair", "Fifo"}; }

// What a tenant may spend in each window.
struct Budget {
  BudgetWindow window = BudgetWindow::Month;
  std::optional<int64_t> device_hours;
  std::optional<int64_t> micro_usd;
  OnSpent on_spent = OnSpent::Hold;

  template <class V>
  static void describe(V& v) {
    v.field("window", &Budget::window, {.required = true},
            "Calendar window in UTC after which the budget starts anew.");
    v.field("deviceHours", &Budget::device_hours, {.minimum = 1},
            "Device-hours per window; absent means no such bound.");
    v.field("microUsd", &Budget::micro_usd, {.minimum = 1},
            "Millionths of a US dollar per window; absent means no such bound.");
    v.field("onSpent", &Budget::on_spent, {.defaulted = true},
            "What follows when it is spent: Hold admits nothing more, Alert only says so.");
    v.rule("has(self.deviceHours) || has(self.microUsd)", "a budget needs deviceHours or microUsd",
           [](const Budget& budget) { return budget.device_hours || budget.micro_usd; });
  }
  bool operator==(const Budget&) const = default;
};

struct QuotaSpec {
  std::string parent;
  std::vector<std::string> namespaces;
  int64_t weight = 1;
  std::vector<QuotaLimit> limits;
  std::vector<std::string> tiers;
  QuotaOrdering ordering = QuotaOrdering::Fair;
  std::optional<Budget> budget;

  template <class V>
  static void describe(V& v) {
    v.field("parent", &QuotaSpec::parent,
            {.min_length = 1, .max_length = 63, .pattern = kDnsNamePattern},
            "Quota above this one, with which it borrows and lends; absent means a root. Cannot "
            "change while anything is used.");
    v.field("namespaces", &QuotaSpec::namespaces,
            {.set = true,
             .min_length = 1,
             .max_length = 63,
             .min_items = 1,
             .max_items = 256,
             .pattern = kDnsLabelPattern},
            "Namespaces whose work is charged here; absent for a Quota that only has Quotas below "
            "it.");
    v.field("weight", &QuotaSpec::weight, {.defaulted = true, .minimum = 1, .maximum = 1'000'000},
            "Share of what is free, relative to the siblings' weights.");
    v.field("limits", &QuotaSpec::limits, {.keys = "class,region"},
            "What may be used per device class and region; a class that is not listed may not be "
            "used.");
    v.field("tiers", &QuotaSpec::tiers,
            {.set = true,
             .min_length = 1,
             .max_length = 63,
             .min_items = 1,
             .max_items = 64,
             .pattern = kDnsNamePattern},
            "SLA tiers that the tenant's work may ask for, the first being that of work that names "
            "none; absent means those of the parent, or all where no Quota above lists any.");
    v.field(
        "ordering", &QuotaSpec::ordering, {.defaulted = true},
        "In which order work of one tier starts. Fair: by priority, urgency and the service that "
        "it has had, and what finds no room is passed by what does. Fifo: by priority and age, "
        "and nothing passes what waits for room.");
    v.field("budget", &QuotaSpec::budget, {},
            "What the tenant may spend in each window; absent means no bound.");
    v.rule(
        "self.ordering != 'Fifo' || has(self.namespaces)",
        "only a Quota with namespaces has work to order",
        [](const QuotaSpec& spec) {
          return spec.ordering != QuotaOrdering::Fifo || !spec.namespaces.empty();
        },
        ".ordering");
  }
  bool operator==(const QuotaSpec&) const = default;
};

// What a tenant uses of one device class, in its devices or shares, of admitted work.
struct QuotaUse {
  std::string device_class;
  std::string region;
  int64_t used = 0;
  int64_t subtree_guaranteed = 0;
  int64_t borrowed = 0;
  int64_t lent = 0;
  int64_t pending = 0;
  int64_t unadmitted = 0;

  template <class V>
  static void describe(V& v) {
    v.field("class", &QuotaUse::device_class,
            {.required = true,
             .min_length = 1,
             .max_length = kCountedClassLength,
             .pattern = kCountedClassPattern},
            "Device class.");
    v.field("region", &QuotaUse::region, {.defaulted = true, .max_length = 63},
            "Region; empty means all together.");
    v.field("used", &QuotaUse::used, {.required = true, .minimum = 0},
            "Devices of admitted work, here and in all Quotas below.");
    v.field("subtreeGuaranteed", &QuotaUse::subtree_guaranteed, {.minimum = 0},
            "Sum of guaranteed of this Quota and of all Quotas below it, in devices.");
    v.field("borrowed", &QuotaUse::borrowed, {.minimum = 0}, "Devices used above guaranteed.");
    v.field("lent", &QuotaUse::lent, {.minimum = 0},
            "Devices guaranteed here that others are using.");
    v.field("pending", &QuotaUse::pending, {.minimum = 0},
            "Devices that waiting work asks for, in whatever region.");
    v.field("unadmitted", &QuotaUse::unadmitted, {.minimum = 0},
            "Devices held by pods that nobody admitted: exempt, or older than the Quota.");
  }
  bool operator==(const QuotaUse&) const = default;
};

// What was spent up to an instant. From there on a new leader counts what is `used`, so that
// nothing is lost or counted twice while none leads.
struct BudgetUsed {
  int64_t device_hours = 0;
  int64_t device_milliseconds = 0;
  int64_t micro_usd = 0;
  std::optional<Instant> window_start;
  std::optional<Instant> counted_until;

  template <class V>
  static void describe(V& v) {
    v.field("deviceHours", &BudgetUsed::device_hours, {.minimum = 0},
            "Whole device-hours spent in this window.");
    v.field("deviceMilliseconds", &BudgetUsed::device_milliseconds, {.minimum = 0},
            "The same, exactly, in device-milliseconds.");
    v.field("microUsd", &BudgetUsed::micro_usd, {.minimum = 0},
            "Millionths of a US dollar spent in this window.");
    v.field("windowStart", &BudgetUsed::window_start, {}, "When this window started.");
    v.field("countedUntil", &BudgetUsed::counted_until, {}, "Until when all of this is counted.");
  }
  bool operator==(const BudgetUsed&) const = default;
};

struct QuotaStatus {
  int64_t observed_generation = 0;
  int64_t epoch = 0;
  std::vector<QuotaUse> limits;
  std::string summary;
  std::optional<int64_t> share_of_fair_basis_points;
  std::optional<BudgetUsed> budget_used;
  std::vector<Condition> conditions;

  template <class V>
  static void describe(V& v) {
    v.field("observedGeneration", &QuotaStatus::observed_generation, {.minimum = 0},
            "Generation of the spec that this status is about.");
    v.field("epoch", &QuotaStatus::epoch, {.minimum = 0},
            "Number of the leader that wrote last; never shrinks, so an old leader's write fails.");
    v.field("limits", &QuotaStatus::limits, {.max_items = 128, .keys = "class,region"},
            "Use per device class and region, as spec.limits lists them.");
    v.field("summary", &QuotaStatus::summary, {.max_length = 8192},
            "The limits above on one line, for kubectl get.");
    v.field("shareOfFairBasisPoints", &QuotaStatus::share_of_fair_basis_points, {.minimum = 0},
            "Use relative to the fair share, in hundredths of a percent.");
    v.field("budgetUsed", &QuotaStatus::budget_used, {}, "What was spent in this window.");
    v.field("conditions", &QuotaStatus::conditions, {.keys = "type"},
            "Ready, Borrowing, BudgetSpent.");
  }
  bool operator==(const QuotaStatus&) const = default;
};

// The use per class for people, "nvidia-h200 6/8, nvidia-l4 5/4 (1 borrowed)", in the order of the
// entries; the second number is what is guaranteed.
std::string summary_of(const QuotaSpec& spec, const QuotaStatus& status);

// The C++ twins of the rules at the root of Quota, which need spec, status and the object before.
struct Quota;
bool keeps_epoch(const Quota& now, const Quota& old);
bool keeps_use_within_limits(const Quota& now, const Quota& old);
bool moves_only_while_unused(const Quota& now, const Quota& old);

// How many devices of each class a tenant may use. Quotas form a tree: a Quota with namespaces is
// a leaf, one without holds what its children may share.
struct Quota {
  ObjectMeta meta;
  QuotaSpec spec;
  QuotaStatus status;

  static constexpr KindFacts kKind{
      .kind = "Quota",
      .plural = "quotas",
      .singular = "quota",
      .short_name = "gq",
      .namespaced = false,
      .doc = "How many devices of each class the work of some namespaces may use."};
  static constexpr std::array kColumns{
      Column{"Ready", "string", ".status.conditions[?(@.type=='Ready')].status",
             "Whether the Quota is honoured."},
      Column{"Reason", "string", ".status.conditions[?(@.type=='Ready')].reason",
             "Why it is not honoured."},
      Column{"Parent", "string", ".spec.parent", "Quota above this one."},
      Column{"Use", "string", ".status.summary", "Devices used of those guaranteed, per class."},
      Column{"Namespaces", "string", ".spec.namespaces", "Namespaces charged here.", true},
      Column{"Age", "date", ".metadata.creationTimestamp", "Time since creation."},
  };

  template <class V>
  static void describe(V& v) {
    v.field("metadata", &Quota::meta, {.max_length = 63, .pattern = kDnsNamePattern}, "Metadata.");
    v.field("spec", &Quota::spec, {.required = true}, "What may be used.");
    v.field("status", &Quota::status, {}, "What is used.");
    v.rule(
        "!has(self.spec.parent) || self.spec.parent != self.metadata.name",
        "a Quota cannot be its own parent",
        [](const Quota& quota) { return quota.spec.parent != quota.meta.name; }, ".spec.parent");
    v.transition(kParentCel, "the parent cannot change while anything is used",
                 &moves_only_while_unused, ".spec.parent");
    // At the root: a rule on status is not asked when status itself is taken away.
    v.transition(kEpochCel, "the epoch may not shrink or vanish", &keeps_epoch, ".status.epoch");
    v.transition(kUsedCel, "used may not grow above what the limits allow",
                 &keeps_use_within_limits, ".status.limits");
  }
  bool operator==(const Quota&) const = default;

  static constexpr const char* kParentCel =
      "(has(self.spec.parent) ? self.spec.parent : '') == "
      "(has(oldSelf.spec.parent) ? oldSelf.spec.parent : '') || "
      "!has(oldSelf.status) || !has(oldSelf.status.limits) || "
      "oldSelf.status.limits.all(l, l.used == 0)";
  static constexpr const char* kEpochCel =  // one that is absent counts as 0, before any leader
      "!has(oldSelf.status) || !has(oldSelf.status.epoch) || "
      "(has(self.status) && has(self.status.epoch) ? self.status.epoch : 0) >= "
      "oldSelf.status.epoch";
  // An entry is fine when it is within guaranteed + borrowingLimit, or, for a Quota that has only
  // Quotas below it, within subtreeGuaranteed + borrowingLimit; or when it did not grow, so that an
  // admin may set a limit below what is used and work may then only leave.
  //
  // Why that is the bound of a parent: `used` of a parent counts its whole subtree. By the tree's
  // arithmetic a child c uses at most local(c) of what it does not lend, and the rest of all
  // children's use fits into guaranteed(n) + sum of min(lendingLimit(c), subtree(c)) +
  // borrowingLimit(n). Since local(c) + min(lendingLimit(c), subtree(c)) = subtree(c), the sum over
  // the tree is: used(n) <= all guarantees at and below n + borrowingLimit(n). One object cannot
  // see its children, so the first term is published in the same status.
  static constexpr const char* kUsedCel =
      "!has(self.status) || !has(self.status.limits) || self.status.limits.all(u, "
      "u.used == 0 || "
      "(has(self.spec.limits) && self.spec.limits.exists(l, l.class == u.class && "
      "l.region == u.region && u.used <= l.guaranteed + l.borrowingLimit)) || "
      "(!has(self.spec.namespaces) && has(u.subtreeGuaranteed) && "
      "(u.used <= u.subtreeGuaranteed || (has(self.spec.limits) && self.spec.limits.exists(l, "
      "l.class == u.class && l.region == u.region && "
      "u.used <= u.subtreeGuaranteed + l.borrowingLimit)))) || "
      "(has(oldSelf.status) && has(oldSelf.status.limits) && oldSelf.status.limits.exists(o, "
      "o.class == u.class && o.region == u.region && u.used <= o.used)))";
};

}  // namespace berth::api
