#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How accelerators are called: from a cluster's resources and labels to Berth's device classes.
namespace berth::translate {

// The extended resources that are accelerators here ("nvidia.com/gpu"). The admission policies of
// the chart gate pods by the same list.
struct Accelerators {
  std::vector<std::string> resources;

  bool contains(std::string_view resource) const;
};

// The resources of the vendors that Berth knows without configuration.
Accelerators well_known_accelerators();

// The device class of a node's devices: its product label, normalised to VENDOR-MODEL in lower case
// ("NVIDIA-H200" is nvidia-h200, "Ascend910B" is ascend-910b), else VENDOR-unknown.
std::string class_of(std::string_view resource, const std::map<std::string, std::string>& labels);

// The resource behind a class when no node says it: by the vendor, first of the list, those that
// Berth knows before others; of a share the one of its name. Empty when the vendor has none.
std::string resource_of(const Accelerators& accelerators, std::string_view device_class);

}  // namespace berth::translate
