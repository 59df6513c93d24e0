#pragma once
#include <string>
#include <variant>
#include <vector>

#include "sched/core/order.h"
#include "sched/core/pass.h"

namespace berth::sched::testing {

inline constexpr const char* kGpu = "nvidia-h200";
inline Instant at_hour(int64_t hour) { return Instant{std::chrono::hours{hour}}; }

// Scene().node("a", 8).quota("blue", 8).run("r", "blue", {{"a", 4}}).ask("x", "blue", 1, 4)
struct Scene {
  World world;
  std::vector<Ask> asks;
  Instant now = at_hour(100);

  explicit Scene(CoreSettings settings = {}) : world(settings) {
    world.set_tiers({{"Premium", {.order = 0, .device_time_percent = 95}},
                     {"Standard", {.order = 10, .device_time_percent = 70, .preemptible = true}},
                     {"Spot", {.order = 20, .preemptible = true}}});
  }
  Scene& node(const std::string& name, int64_t devices, const std::string& rack = "") {
    Node made{.id = {"", name},
              .device_class = kGpu,
              .devices = devices,
              .room = {64'000, 1LL << 40},
              .workers = 110};
    if (!rack.empty()) made.labels["rack"] = rack;
    world.set_node(made);
    return *this;
  }
  Scene& quota(const std::string& name, int64_t guaranteed, int64_t borrowing = 0,
               const std::string& parent = "") {
    Quota made{.id = {name},
               .limits = {{kGpu, {.guaranteed = guaranteed, .borrowing = borrowing}}}};
    if (!parent.empty()) made.parent = QuotaId{parent};
    quotas.push_back(std::move(made));
    world.set_quotas(quotas);
    return *this;
  }

  struct Options {
    std::string tier = "Standard";
    int64_t priority = 0;
    int64_t hours_ago = 2;  // started, or asked
    int64_t hours = 1;      // expected from now on
    std::optional<Nearness> near = {};
    bool saves = false;  // when it is told to go
    size_t least = 0;    // workers of an elastic gang
    size_t runs_with = 0;
  };
  // A job that has run for `hours_ago`, saved nothing yet, with so many devices on each node.
  Scene& run(const std::string& name, const std::string& quota,
             const std::vector<std::pair<std::string, int64_t>>& places, Options o) {
    Holder holder{.source = name};
    int64_t devices = 0;
    for (const auto& [node, count] : places) {
      holder.charges.push_back(
          {{"", node}, kGpu, count, {1'000, 1 << 20}, ChargeKind::Admitted, {quota}});
      devices += count;
    }
    holder.run = Run{.job = {.id = {name},
                             .devices = devices,
                             .started = now - std::chrono::hours{o.hours_ago},
                             .saves_on_notice = o.saves,
                             .preemptible = world.tier(o.tier).preemptible,
                             .min_runtime = world.tier(o.tier).min_runtime},
                     .tier = o.tier,
                     .priority = o.priority,
                     .ends = now + std::chrono::hours{o.hours},
                     .least_workers = o.least};
    world.set_holder(std::move(holder));
    return *this;
  }
  Scene& run(const std::string& name, const std::string& quota,
             const std::vector<std::pair<std::string, int64_t>>& places) {
    return run(name, quota, places, Options{});
  }
  Scene& ask(const std::string& name, const std::string& quota, int workers, int64_t devices,
             Options o) {
    Ask made{.id = {name}, .name = "team/" + name, .quota = QuotaId{quota}, .priority = o.priority};
    made.created =
        now - std::chrono::hours{o.hours_ago} + Millis{static_cast<int64_t>(asks.size())};
    made.alternatives = {{kGpu, std::vector<int64_t>(static_cast<size_t>(workers), devices)}};
    made.rooms.assign(static_cast<size_t>(workers), {1'000, 1 << 20});
    made.tier = o.tier;
    made.expected = std::chrono::hours{o.hours};
    made.near = o.near;
    made.least_workers = o.least;
    made.runs_with = o.runs_with;
    made.shape = shape_of(made);
    asks.push_back(std::move(made));
    return *this;
  }
  Scene& ask(const std::string& name, const std::string& quota, int workers, int64_t devices) {
    return ask(name, quota, workers, devices, Options{});
  }

  std::vector<Decision> decide() {
    std::vector<const Ask*> all;
    for (const Ask& ask : asks) all.push_back(&ask);
    return run_pass(world, all, now);
  }
  // "x on a b", "x NoCapacity", "x on a for r1 r2", one line per decision; of a victim that goes
  // on with fewer workers "x on a for r1(a a)".
  std::string told() {
    std::string text;
    for (const Decision& decision : decide()) text += line(decision) + "\n";
    return text;
  }
  static std::string line(const Decision& decision) {
    if (const auto* hold = std::get_if<Hold>(&decision)) {
      return hold->id.uid + " " + std::string(name_of(hold->reason));
    }
    if (const auto* admit = std::get_if<Admit>(&decision)) return line(*admit);
    if (const auto* resize = std::get_if<Resize>(&decision)) {
      return line(resize->placement) + " grown from " + std::to_string(resize->from);
    }
    const auto& preempt = std::get<Preempt>(decision);
    std::string text = line(preempt.placement) + " for";
    for (const Victim& victim : preempt.victims) text += " " + victim.id.uid + kept_by(victim);
    return text;
  }
  static std::string kept_by(const Victim& victim) {
    std::string text;
    for (const NodeId& node : victim.keeps) text += (text.empty() ? "(" : " ") + node.name;
    return text.empty() ? text : text + ")";
  }
  static std::string line(const Admit& admit) {
    std::string text = admit.id.uid + " on";
    for (const NodeId& node : admit.nodes) text += " " + node.name;
    return text;
  }

  std::vector<Quota> quotas;
};

}  // namespace berth::sched::testing
