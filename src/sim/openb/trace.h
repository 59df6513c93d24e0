#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/csv.h"

namespace berth::sim::openb {

inline constexpr int32_t kWhole = 1000;     // thousandths of a device
inline constexpr int32_t kDevicesMax = 16;  // of one node
inline constexpr int32_t kModelsMax = 64;   // one bit each

struct Node {
  std::string name;
  int64_t cpu_milli = 0;
  int64_t memory_mib = 0;
  int32_t devices = 0;
  int32_t model = 0;  // an index of Trace::models
  bool operator==(const Node&) const = default;
};

// What a pod asks for. Pods that ask for the same share one, so that a policy can remember scores.
struct Shape {
  int32_t id = 0;  // an index of Trace::shapes
  int64_t cpu_milli = 0;
  int64_t memory_mib = 0;
  int32_t devices = 0;
  int32_t device_milli = 0;  // of each device: kWhole, or less of one device, or 0 without any
  uint64_t models = 0;       // bit i allows Trace::models[i]; 0 allows every model

  int64_t total_milli() const { return int64_t{devices} * device_milli; }
  bool is_share() const { return devices == 1 && device_milli < kWhole; }
  bool allows(int32_t model) const { return models == 0 || ((models >> model) & 1U) != 0; }
  auto operator<=>(const Shape&) const = default;
};

struct Pod {
  std::string name;
  int32_t shape = 0;  // an index of Trace::shapes
};

// A node list and a pod list of Alibaba's openb trace (cluster-trace-gpu-v2023).
struct Trace {
  std::vector<std::string> models;
  std::vector<Node> nodes;  // by name
  std::vector<Shape> shapes;
  std::vector<Pod> pods;  // by name

  const Shape& shape_of(size_t pod) const { return shapes[static_cast<size_t>(pods[pod].shape)]; }
  int64_t capacity_milli() const;
};

// The names of the models that a shape is bound to, ascending; none where any will do.
std::vector<std::string> allowed_models(const Trace& trace, const Shape& shape);

// Columns are found by title; gpu_spec may be missing. Errors: Invalid with "FILE:LINE: ..." for a
// number that cannot be, a name that comes twice, a list without devices or without a pod that asks
// for one.
Result<Trace> load_trace(const Csv& nodes, const Csv& pods);
Result<Trace> read_trace(const std::string& nodes_path, const std::string& pods_path);

}  // namespace berth::sim::openb
