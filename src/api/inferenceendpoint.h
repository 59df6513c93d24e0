#pragma once
#include <array>

#include "api/inferenceendpoint_spec.h"
#include "api/inferenceendpoint_status.h"
#include "api/kind.h"
#include "json/object_meta.h"

namespace berth::api {

// A model that answers requests, on as many replicas as its load needs.
struct InferenceEndpoint {
  ObjectMeta meta;
  InferenceEndpointSpec spec;
  InferenceEndpointStatus status;

  static constexpr KindFacts kKind{.kind = "InferenceEndpoint",
                                   .plural = "inferenceendpoints",
                                   .singular = "inferenceendpoint",
                                   .short_name = "ie",
                                   .namespaced = true,
                                   .doc = "A model that answers requests."};
  static constexpr Scale kScale{.spec_replicas = ".spec.scaling.minReplicas",
                                .status_replicas = ".status.replicas.ready",
                                .status_selector = ".status.selector"};
  static constexpr std::array kColumns{
      Column{"Ready", "string", ".status.conditions[?(@.type=='Ready')].status",
             "Whether enough replicas serve."},
      Column{"Version", "string", ".status.variants[?(@.role=='Stable')].version",
             "Version that serves."},
      Column{"Candidate", "string", ".status.variants[?(@.role=='Candidate')].version",
             "Version that is tried."},
      Column{"Weight", "integer", ".status.variants[?(@.role=='Candidate')].weightPercent",
             "Percent of requests that the candidate gets."},
      Column{"Replicas", "integer", ".status.replicas.ready", "Replicas that are ready."},
      Column{"P99", "integer", ".status.slo.p99Milliseconds", "99th percentile in milliseconds."},
      Column{"Budget", "integer", ".status.slo.budgetRemainingBasisPoints",
             "Error budget left, in hundredths of a percent.", true},
      Column{"Age", "date", ".metadata.creationTimestamp", "Time since creation."},
  };

  template <class V>
  static void describe(V& v) {
    v.field("metadata", &InferenceEndpoint::meta,
            {.max_length = kEndpointNameLength, .pattern = kDnsLabelPattern}, "Metadata.");
    v.field("spec", &InferenceEndpoint::spec, {.required = true},
            "What serves and how it changes.");
    v.field("status", &InferenceEndpoint::status, {}, "How it goes.");
  }
  bool operator==(const InferenceEndpoint&) const = default;
};

// Whether the number of replicas follows the load: where spec.scaling leaves a choice.
inline bool is_scaled(const InferenceEndpoint& endpoint) {
  const Scaling& scaling = endpoint.spec.scaling;
  return scaling.min_replicas < scaling.max_replicas && !endpoint.spec.suspend &&
         !endpoint.meta.deletion;
}

}  // namespace berth::api
