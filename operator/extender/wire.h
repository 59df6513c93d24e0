#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "operator/extender/pod_facts.h"

// The scheduler extender's wire, exactly as kube-scheduler 1.36 speaks it. The types have no JSON
// tags there, so the keys are Go field names (PascalCase) and an absent list is null; the Pod
// inside is an ordinary Kubernetes object. tests/golden/extender holds what kube-scheduler prints.
namespace berth::extender {

// POST /filter, nodeCacheCapable: true. Views into the decoder's buffers: see WireDecoder.
struct FilterArgs {
  PodFacts pod;
  std::vector<std::string_view> node_names;
};

// A node and why it was refused.
struct FailedNode {
  std::string node;
  std::string_view reason;  // a literal: few and stable, or kube-scheduler re-patches the pod
};

// What /filter answers. Either an error (the pod is retried) or the nodes that may be used, a
// subset of those asked about.
struct FilterResult {
  std::vector<std::string> node_names;
  std::vector<FailedNode> unresolvable;  // FailedAndUnresolvableNodes: our preemption, not theirs
  std::string error;

  bool operator==(const FilterResult&) const = default;
};

// POST /bind.
struct BindingArgs {
  std::string pod_name;
  std::string pod_namespace;
  std::string pod_uid;
  std::string node;

  bool operator==(const BindingArgs&) const = default;
};

inline constexpr int kJsonDepthMax = 64;

// Decodes bodies, reusing its buffers; one per thread. What it returns is valid until its next
// call and while `body` is. Keys are matched without regard to case, as Go does; unknown keys are
// ignored. Errors are Invalid and name the place: "filter: NodeNames[3]: want string".
class WireDecoder {
 public:
  // `accelerators`: the resource names that pod.devices is indexed by.
  explicit WireDecoder(std::vector<std::string> accelerators);
  ~WireDecoder();
  WireDecoder(WireDecoder&&) noexcept;

  Result<const FilterArgs*> filter_args(std::string_view body);
  Result<BindingArgs> binding_args(std::string_view body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Appends the reply with its trailing newline.
void encode(const FilterResult& result, std::string& out);
void encode_binding_result(std::string_view error, std::string& out);

}  // namespace berth::extender
