#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "json/json_fwd.h"
#include "json/object_meta.h"
#include "json/parse.h"
#include "sched/ledger.h"
#include "translate/accelerators.h"
#include "translate/node_match.h"

namespace berth::translate {

inline constexpr std::string_view kGate = "berth.dev/admission";
inline constexpr std::string_view kPlanAnnotation = "berth.dev/plan";
inline constexpr std::string_view kClassAnnotation = "berth.dev/class";  // beside the plan
inline constexpr std::string_view kGroupLabel = "berth.dev/group";
inline constexpr std::string_view kGroupSizeLabel = "berth.dev/group-size";

enum class PodPhase { Pending, Running, Succeeded, Failed, Unknown };

// What a pod asks for, as Kubernetes counts it: containers and sidecars together, or the largest
// step of initialisation if that is more. Limits stand in for absent requests.
struct PodRequests {
  std::map<std::string, int64_t> devices;  // by accelerator resource; none with 0
  sched::Room room;
  bool operator==(const PodRequests&) const = default;
};
PodRequests requests_of(const Json& pod_spec, const Accelerators& accelerators);

// The parts of a Pod that Berth looks at. Of the metadata only Berth's own labels and annotations
// and the controlling owner are kept: there are many pods. Accelerator pods of others keep all
// labels.
struct Pod {
  ObjectMeta meta;
  std::string node;         // bound to; empty before
  std::string pinned_node;  // the one node that its required affinity allows by name
  std::string scheduler;
  bool gated = false;        // by Berth's gate
  size_t gate_place = 0;     // of that gate in spec.schedulingGates
  bool other_gates = false;  // by anybody else's
  PodPhase phase = PodPhase::Pending;
  bool ready = false;
  bool started = false;              // a container has run
  bool disrupted = false;            // condition DisruptionTarget: somebody takes it away
  std::string reason;                // status.reason: "OutOfcpu", "Evicted", "NodeLost"
  std::string detail;                // status.message, or why a container waits
  std::optional<int32_t> exit_code;  // of the first container that ended badly, else of the first
  std::string termination_message;   // of that container
  std::string ip;
  std::optional<Instant> started_at;
  PodRequests requests;
  NodeDemands demands;  // selectors and tolerations; kept for gated pods only

  bool is_terminal() const { return phase == PodPhase::Succeeded || phase == PodPhase::Failed; }
  // Holds what it asks for: on a node, or promised one, and not yet ended. A terminating pod
  // holds until it is gone.
  bool holds_node() const { return !is_terminal() && (!node.empty() || is_pinned_and_free()); }
  bool is_pinned_and_free() const { return !gated && !pinned_node.empty(); }
  const std::string& where() const { return node.empty() ? pinned_node : node; }
};

// What decode_pod() reads, for those who make JSON for it from text.
ReadMembers pod_members();

// The UID of the GpuJob that controls the pod; empty for foreign pods.
std::string owner_job(const Pod& pod);

Result<Pod> decode_pod(const Json& pod, const Accelerators& accelerators);

}  // namespace berth::translate
