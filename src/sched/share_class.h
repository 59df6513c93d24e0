#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/saturating.h"

// What a kind of share is called where devices are counted: CLASS/NAME, a class of its own, where
// NAME is what follows the last slash of the resource ("nvidia-h200/mig-1g.18gb").
namespace berth::sched {

inline std::string_view share_name(std::string_view resource) {
  return resource.substr(resource.rfind('/') + 1);
}

inline std::string share_class(std::string_view device_class, std::string_view resource) {
  return std::string(device_class) + "/" + std::string(share_name(resource));
}

inline bool is_share_class(std::string_view device_class) {
  return device_class.find('/') != std::string_view::npos;
}

// Of the devices that shares are cut from; the same where it is no share.
inline std::string_view whole_class(std::string_view device_class) {
  return device_class.substr(0, device_class.find('/'));
}

// What a share costs of a device's price, rounded up.
inline int64_t price_of_share(int64_t price, int64_t compute_percent) {
  constexpr int64_t kWhole = 100;
  const int64_t rest = (price % kWhole * compute_percent + kWhole - 1) / kWhole;
  return add_saturating(multiply_saturating(price / kWhole, compute_percent), rest);
}

}  // namespace berth::sched
