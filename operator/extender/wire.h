#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "operator/extender/pod_facts.h"
#include "translate/accelerators.h"

// The scheduler extender's wire, exactly as kube-scheduler 1.36 speaks it. The types have no JSON
// tags there, so the keys are Go field names (PascalCase) and an absent list is null; the Pod
// inside is an ordinary Kubernetes object. tests/golden/extender holds what kube-scheduler prints.
namespace berth::extender {

// POST /filter, nodeCacheCapable: true.
struct FilterArgs {
  // Of a pod of Berth's own only who it is and whose; all facts of any other accelerator pod.
  PodFacts pod;
  std::vector<std::string_view> node_names;  // views into the decoder
  bool has_nodes = false;  // kube-scheduler was told nodeCacheCapable: false and sent whole nodes
};

// A node and why it was refused.
struct FailedNode {
  std::string_view node;
  std::string_view reason;  // a literal: few and stable, or kube-scheduler re-patches the pod

  bool operator==(const FailedNode&) const = default;
};

// What /filter answers: either an error (the pod is retried), or the nodes that may be used. Nodes
// are views into the arguments, so the answer is a subset of what was asked about, as
// kube-scheduler demands.
struct FilterResult {
  std::vector<std::string_view> node_names;
  // FailedAndUnresolvableNodes: preemption is Berth's, kube-scheduler need not try.
  std::vector<FailedNode> unresolvable;
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

// Decodes bodies, reusing its buffers; one per thread. What filter_args() returns is good until the
// next call. Keys are matched without regard to case, as Go does; unknown keys are ignored, one
// that is there twice is refused. Errors are Invalid and name the place: "NodeNames[3]: want a
// string".
class WireDecoder {
 public:
  explicit WireDecoder(translate::Accelerators accelerators);
  ~WireDecoder();

  Result<const FilterArgs*> filter_args(std::string_view body);
  Result<BindingArgs> binding_args(std::string_view body);
  // How much its buffers hold, so that one giant body is not kept for ever.
  size_t capacity_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Appends the reply with the newline that Go's encoder puts at the end.
void encode(const FilterResult& result, std::string& out);
void encode_binding_result(std::string_view error, std::string& out);

}  // namespace berth::extender
