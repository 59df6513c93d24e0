#pragma once
#include <span>
#include <string_view>

namespace berth::api {

inline constexpr std::string_view kGroup = "berth.dev";
inline constexpr std::string_view kVersion = "v1alpha1";
inline constexpr std::string_view kApiVersion = "berth.dev/v1alpha1";

// A column of `kubectl get`. `path` is a JSONPath below the object; wide columns need `-o wide`.
struct Column {
  std::string_view name;
  std::string_view type;  // string, integer or date
  std::string_view path;
  std::string_view doc;
  bool wide = false;
};

// Where `kubectl scale` and autoscalers find the replica counts.
struct Scale {
  std::string_view spec_replicas;
  std::string_view status_replicas;
  std::string_view status_selector;  // of the pods, without which HorizontalPodAutoscalers refuse
};

// What the API server has to know about a kind besides its schema.
struct KindFacts {
  std::string_view kind;      // "GpuJob"
  std::string_view plural;    // "gpujobs"
  std::string_view singular;  // "gpujob"
  std::string_view short_name;
  bool namespaced = true;
  std::string_view doc;  // one sentence, for `kubectl explain`
};

}  // namespace berth::api
