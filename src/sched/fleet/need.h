#pragma once
#include <compare>
#include <cstdint>
#include <vector>

namespace berth::sched {

inline constexpr int32_t kWholeDevice = 1'000;  // milli-devices
inline constexpr int32_t kMostDevicesPerNode = 64;
inline constexpr int32_t kMostSlicedDevicesPerNode = 32;  // that are cut by a SliceTable
inline constexpr int32_t kMostSharesPerWorker = 8;

// What one worker takes of the devices of its node: `devices` of them, each whole or a share of
// `milli` thousandths; or `devices` slices of a MIG-like profile, by its index in the SliceTable of
// the devices. Shares and slices may lie on one device or on several.
struct Need {
  int32_t devices = 0;
  int32_t milli = kWholeDevice;
  int32_t profile = -1;

  bool is_whole() const { return profile < 0 && milli >= kWholeDevice; }
  bool is_none() const { return devices == 0; }
  int64_t total_milli() const { return int64_t{devices} * milli; }
  auto operator<=>(const Need&) const = default;
};

// How a device is cut into slices: `slots` in a row, and for each profile how many it takes and at
// which it may start (bit i: slot i). A free run of slots can be of no use to a profile that may
// not start there, which is why slots are kept and not their number. Source: NVIDIA MIG User Guide,
// "MIG Device Profiles" (an H100's 3g.40gb takes 4 memory slots and starts at 0 or 4).
struct SliceTable {
  struct Profile {
    int32_t slots = 1;
    uint32_t starts = 1;
    bool operator==(const Profile&) const = default;
  };
  int32_t slots = 0;  // 0: the devices are not cut into slices but shared by the thousandth
  std::vector<Profile> profiles;
  bool operator==(const SliceTable&) const = default;
};

}  // namespace berth::sched
