#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace berth::simulation {

class Simulation;

// One thing that happens, as data: so that a run can be repeated, printed and cut down. What the
// draws mean is the kind's business; they choose among what there is at that moment, so that every
// subset of a schedule is a schedule.
struct Act {
  Millis at{0};  // since the start
  size_t kind = 0;
  std::array<uint32_t, 3> draws{};

  bool operator==(const Act&) const = default;
};

struct ActKind {
  const char* name;
  bool is_fault;  // else: what users do all day
  int weight;     // how often it is drawn, against the others; 0: only when asked for
  void (*happen)(Simulation& simulation, const Act& act);
  bool is_of_endpoints = false;  // drawn only in schedules that have some
};

// All that can happen: users, workers, nodes, lines, processes, servers.
const std::vector<ActKind>& act_kinds();
std::optional<size_t> kind_named(std::string_view name);

// What each file contributes.
std::vector<ActKind> user_acts();
std::vector<ActKind> admin_acts();
std::vector<ActKind> endpoint_acts();
std::vector<ActKind> router_acts();
std::vector<ActKind> worker_acts();
std::vector<ActKind> node_acts();
std::vector<ActKind> line_acts();
std::vector<ActKind> process_acts();
std::vector<ActKind> proxy_acts();
std::vector<ActKind> server_acts();

}  // namespace berth::simulation
