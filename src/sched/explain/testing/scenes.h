#pragma once
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "sched/core/testing/scene.h"
#include "sched/explain/scene.h"

namespace berth::sched::testing {

inline constexpr const char* kOther = "nvidia-l4";

// SceneBuilder().node("a", 8).quota("blue", 8).run("r", "blue", {{"a", 4}}).ask("x", "blue", 1, 4)
struct SceneBuilder {
  sched::Scene scene;

  SceneBuilder() { scene.now = at_hour(100); }
  SceneBuilder& node(const std::string& name, int64_t devices, const std::string& of = kGpu) {
    scene.nodes.push_back({.id = {"", name},
                           .device_class = of,
                           .devices = devices,
                           .room = {64'000, 1LL << 40},
                           .workers = 110});
    scene.nodes.back().labels["rack"] = std::string(1, static_cast<char>('0' + name[0] % 2));
    return *this;
  }
  SceneBuilder& quota(const std::string& name, int64_t guaranteed, int64_t borrowing = 0,
                      const std::string& parent = "", int64_t lending = kUnlimited) {
    sched::Quota made{
        .id = {name}, .parent = {}, .limits = {{kGpu, {guaranteed, borrowing, lending}}}};
    if (!parent.empty()) made.parent = QuotaId{parent};
    scene.quotas.push_back(std::move(made));
    return *this;
  }
  SceneBuilder& limit(const std::string& quota, const std::string& of, int64_t guaranteed) {
    for (sched::Quota& one : scene.quotas) {
      if (one.id.name == quota) one.limits[of].guaranteed = guaranteed;
    }
    return *this;
  }

  struct Options {
    int64_t priority = 0;
    int64_t hours_ago = 2;
    int64_t hours = 0;  // that it will run on for; 0: not known
  };
  SceneBuilder& run(const std::string& name, const std::string& quota,
                    const std::vector<std::pair<std::string, int64_t>>& places, Options o) {
    Holder holder{.source = name, .charges = {}, .run = {}};
    for (const auto& [on, count] : places) {
      DeviceClass device_class = kGpu;
      for (const Node& node : scene.nodes) {
        if (node.id.name == on) device_class = node.device_class;
      }
      holder.charges.push_back({.node = {"", on},
                                .device_class = device_class,
                                .devices = count,
                                .room = {1'000, 1 << 20},
                                .kind = ChargeKind::Admitted,
                                .quota = {quota}});
    }
    const Instant since = scene.now - std::chrono::hours{o.hours_ago};
    Run run{.job = {.id = {name}, .started = since}};
    if (o.hours > 0) run.ends = scene.now + std::chrono::hours{o.hours};
    holder.run = std::move(run);
    scene.running.push_back({std::move(holder), "team/" + name, since});
    return *this;
  }
  SceneBuilder& run(const std::string& name, const std::string& quota,
                    const std::vector<std::pair<std::string, int64_t>>& places) {
    return run(name, quota, places, Options{});
  }
  SceneBuilder& ask(const std::string& name, const std::string& quota, int workers, int64_t devices,
                    Options o) {
    Ask made{.id = {name}, .name = "team/" + name, .quota = QuotaId{quota}, .priority = o.priority};
    made.created = scene.now - std::chrono::hours{o.hours_ago} +
                   Millis{static_cast<int64_t>(scene.waiting.size())};
    made.alternatives = {{kGpu, std::vector<int64_t>(static_cast<size_t>(workers), devices)}};
    made.rooms.assign(static_cast<size_t>(workers), {1'000, 1 << 20});
    made.shape = shape_of(made);
    scene.waiting.push_back(std::move(made));
    return *this;
  }
  SceneBuilder& ask(const std::string& name, const std::string& quota, int workers,
                    int64_t devices) {
    return ask(name, quota, workers, devices, Options{});
  }
};

// A cluster of two classes under a tree of quotas, mostly full, with a few asks of every form.
inline sched::Scene random_scene(uint32_t seed) {
  std::mt19937 random(seed);
  const auto up_to = [&](int64_t most) {
    return std::uniform_int_distribution<int64_t>(0, most)(random);
  };
  SceneBuilder b;
  const std::vector<std::string> nodes = {"a", "b", "c", "d", "e", "f"};
  std::map<std::string, int64_t> free;
  for (const std::string& name : nodes) {
    const int64_t devices = up_to(1) == 0 ? 4 : 8;
    b.node(name, devices, up_to(2) == 0 ? kOther : kGpu);
    free[name] = devices;
  }
  b.quota("org", up_to(4), up_to(8));
  for (const char* leaf : {"blue", "red", "green"}) {
    b.quota(leaf, up_to(10), up_to(8), std::string(leaf) == "green" ? "" : "org",
            up_to(1) == 0 ? kUnlimited : up_to(4));
    if (up_to(1) == 0) b.limit(leaf, kOther, up_to(8));
  }
  const std::vector<std::string> leaves = {"blue", "red", "green"};
  for (int i = 0; i < 8; ++i) {
    const std::string on = nodes[static_cast<size_t>(up_to(5))];
    const int64_t devices = std::min(free[on], 1 + up_to(3));
    if (devices == 0) continue;
    free[on] -= devices;
    b.run("r" + std::to_string(i), leaves[static_cast<size_t>(up_to(2))], {{on, devices}},
          {.hours_ago = 1 + up_to(9), .hours = up_to(4)});
  }
  for (int i = 0; i < 4; ++i) {
    b.ask("x" + std::to_string(i), leaves[static_cast<size_t>(up_to(2))],
          static_cast<int>(1 + up_to(3)), 1 + up_to(3),
          {.priority = up_to(2), .hours_ago = up_to(9)});
    Ask& ask = b.scene.waiting.back();
    if (up_to(4) == 0) ask.only = std::set<NodeId>{{"", nodes[static_cast<size_t>(up_to(5))]}};
    if (up_to(3) == 0) ask.near = Nearness{.levels = {"rack", kHostLevel}, .required = true};
    if (up_to(2) == 0) ask.max_runtime = std::chrono::hours{1 + up_to(5)};
    ask.shape = shape_of(ask);
  }
  return std::move(b.scene);
}

}  // namespace berth::sched::testing
