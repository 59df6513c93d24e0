#pragma once
#include <compare>
#include <string>
#include <string_view>

namespace berth::sched {

// "" is the cluster that Berth itself runs in.
struct NodeId {
  std::string cluster;
  std::string name;
  auto operator<=>(const NodeId&) const = default;
};

// "CLUSTER/NODE" of another cluster.
inline std::string name_of(const NodeId& id) {
  return id.cluster.empty() ? id.name : id.cluster + "/" + id.name;
}

struct QuotaId {
  std::string name;
  auto operator<=>(const QuotaId&) const = default;
};

// The UID of the object that asks; a name can come back as another object, a UID cannot.
struct WorkloadId {
  std::string uid;
  auto operator<=>(const WorkloadId&) const = default;
};

// VENDOR-MODEL in lower case, for example "nvidia-h200".
using DeviceClass = std::string;

// What limits are about and use is counted in: all devices of a class, by the name of the class, or
// those in one region, "nvidia-h200@eu". A class has no @ in its name. A device counts in every
// column that it matches.
using Column = std::string;
inline Column column_of(const DeviceClass& device_class, const std::string& region) {
  return region.empty() ? device_class : device_class + "@" + region;
}
inline bool is_regional(std::string_view column) {
  return column.find('@') != std::string_view::npos;
}
inline DeviceClass class_in(const Column& column) { return column.substr(0, column.find('@')); }
inline std::string region_in(const Column& column) {
  return is_regional(column) ? column.substr(column.find('@') + 1) : std::string();
}

}  // namespace berth::sched
