#include <nlohmann/json.hpp>

#include "kube/request.h"
#include "tests/simulation/simulation.h"

// What becomes of nodes. Most of it passes.
namespace berth::simulation {
namespace {

Millis for_a_while(uint32_t draw) { return Millis{500 + draw % 20'000}; }

bool is_there(Simulation& s, const std::string& node) {
  return s.cluster.server.find(kube::kNodes, "", node) != nullptr;
}

void set_status(Simulation& s, const std::string& node, const Json& status) {
  s.cluster.server.handle(kube::patch_status(kube::kNodes, "", node, {{"status", status}}));
}

void set_spec(Simulation& s, const std::string& node, const Json& spec) {
  s.cluster.server.handle(kube::patch_merge(kube::kNodes, "", node, {{"spec", spec}}));
}

void rejects(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  s.cluster.rejects(node, act.draws[2] % 2 == 0 ? "OutOfcpu" : "UnexpectedAdmissionError");
  s.later(for_a_while(act.draws[1]), [&s, node] { s.cluster.rejects(node, ""); });
}

void starts_nothing(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  s.cluster.starts_nothing(node);
  s.later(for_a_while(act.draws[1]), [&s, node] { s.cluster.starts_nothing(node, false); });
}

void ends_nothing(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  s.cluster.ends_nothing(node);
  s.later(for_a_while(act.draws[1]), [&s, node] { s.cluster.ends_nothing(node, false); });
}

void lost(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  if (!is_there(s, node)) return;
  s.cluster.delete_node(node);
  s.later(for_a_while(act.draws[1]), [&s, node] {
    if (!is_there(s, node)) s.add_node(node);
  });
}

Json ready(const char* status) {
  return {{"conditions", {{{"type", "Ready"}, {"status", status}}}}};
}

void flaps(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  set_status(s, node, ready(act.draws[2] % 2 == 0 ? "False" : "Unknown"));
  s.later(for_a_while(act.draws[1]), [&s, node] { set_status(s, node, ready("True")); });
}

void devices_vanish(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  const auto has = [](uint32_t devices) {
    return Json{{"allocatable", {{"nvidia.com/gpu", std::to_string(devices)}}}};
  };
  set_status(s, node, has(act.draws[2] % 4));
  s.later(for_a_while(act.draws[1]), [&s, node, has] { set_status(s, node, has(4)); });
}

void cordoned(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  set_spec(s, node, {{"unschedulable", true}});
  s.later(for_a_while(act.draws[1]), [&s, node] {
    set_spec(s, node, {{"unschedulable", nullptr}});
  });
}

void tainted(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  const char* effect = act.draws[2] % 2 == 0 ? "NoSchedule" : "NoExecute";
  set_spec(s, node, {{"taints", {{{"key", "example.com/out"}, {"effect", effect}}}}});
  s.later(for_a_while(act.draws[1]), [&s, node] { set_spec(s, node, {{"taints", nullptr}}); });
}

void out_of_service(Simulation& s, const Act& act) {
  const std::string node = s.node(act.draws[0]);
  set_status(s, node, ready("Unknown"));
  set_spec(s, node,
           {{"taints", {{{"key", "node.kubernetes.io/out-of-service"}, {"effect", "NoExecute"}}}}});
  s.later(for_a_while(act.draws[1]), [&s, node] {
    set_spec(s, node, {{"taints", nullptr}});
    set_status(s, node, ready("True"));
  });
}

}  // namespace

std::vector<ActKind> node_acts() {
  return {{"node_rejects", true, 2, rejects},
          {"node_starts_nothing", true, 2, starts_nothing},
          {"pods_stuck_terminating", true, 2, ends_nothing},
          {"node_lost", true, 2, lost},
          {"node_flaps", true, 2, flaps},
          {"devices_vanish", true, 2, devices_vanish},
          {"node_cordoned", true, 1, cordoned},
          {"node_tainted", true, 1, tainted},
          {"node_out_of_service", true, 1, out_of_service}};
}

}  // namespace berth::simulation
