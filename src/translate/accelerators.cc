#include "translate/accelerators.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "sched/share_class.h"

namespace berth::translate {
namespace {

struct Vendor {
  std::string_view resource;
  std::string_view name;
  std::string_view product_label;  // as the vendor's own node labeller writes it
};

constexpr std::array kVendors = {
    Vendor{"nvidia.com/gpu", "nvidia", "nvidia.com/gpu.product"},
    Vendor{"amd.com/gpu", "amd", "amd.com/gpu.product-name"},
    Vendor{"intel.com/gpu", "intel", "gpu.intel.com/product"},
    Vendor{"huawei.com/Ascend910", "ascend", "node.kubernetes.io/npu.chip.name"},
    Vendor{"huawei.com/Ascend310P", "ascend", "node.kubernetes.io/npu.chip.name"},
};

const Vendor* vendor_of(std::string_view resource) {
  const auto at = std::find_if(kVendors.begin(), kVendors.end(),
                               [&](const Vendor& vendor) { return vendor.resource == resource; });
  return at == kVendors.end() ? nullptr : &*at;
}

// Lower case, runs of anything else than letters and digits become one dash, none at the ends.
std::string dashed(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      out.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    } else if (!out.empty() && out.back() != '-') {
      out.push_back('-');
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out;
}

// "example.com/npu" has the vendor "example": the first word of its domain.
std::string unknown_vendor(std::string_view resource) {
  return dashed(resource.substr(0, resource.find_first_of("./")));
}

}  // namespace

bool Accelerators::contains(std::string_view resource) const {
  return std::find(resources.begin(), resources.end(), resource) != resources.end();
}

Accelerators well_known_accelerators() {
  Accelerators known;
  for (const Vendor& vendor : kVendors) known.resources.emplace_back(vendor.resource);
  return known;
}

std::string class_of(std::string_view resource, const std::map<std::string, std::string>& labels) {
  const Vendor* vendor = vendor_of(resource);
  if (vendor == nullptr) return unknown_vendor(resource) + "-unknown";
  const std::string prefix(vendor->name);
  const auto label = labels.find(std::string(vendor->product_label));
  std::string model = label == labels.end() ? std::string() : dashed(label->second);
  if (model.starts_with(prefix)) model = model.substr(prefix.size());
  if (model.starts_with('-')) model = model.substr(1);
  return prefix + "-" + (model.empty() ? "unknown" : model);
}

std::string resource_of(const Accelerators& accelerators, std::string_view device_class) {
  std::string found;
  for (const std::string& resource : accelerators.resources) {
    const Vendor* vendor = vendor_of(resource);
    const std::string name =
        vendor == nullptr ? unknown_vendor(resource) : std::string(vendor->name);
    if (!device_class.starts_with(name + "-")) continue;
    if (!sched::is_share_class(device_class)) {
      if (vendor != nullptr) return resource;  // others of it may be shares
      if (found.empty()) found = resource;
    } else if (sched::share_class(sched::whole_class(device_class), resource) == device_class) {
      return resource;
    }
  }
  return found;
}

}  // namespace berth::translate
