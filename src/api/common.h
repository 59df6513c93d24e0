#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "json/rules.h"

// Shapes that several kinds share, and the spellings of names.
namespace berth::api {

// VENDOR-MODEL in lower case. The pseudo-class "cpu" has no dash and is allowed only in asks.
inline constexpr std::string_view kDeviceClassPattern = "^[a-z][a-z0-9]*(-[a-z0-9]+)+$";
// Where devices are counted, a kind of share is a class of its own: CLASS/NAME, NAME being what
// follows the last slash of its resource.
inline constexpr std::string_view kCountedClassPattern =
    "^[a-z][a-z0-9]*(-[a-z0-9]+)+(/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$";
inline constexpr int64_t kCountedClassLength = 63 + 1 + 63;
inline constexpr std::string_view kAskedClassPattern = "^([a-z][a-z0-9]*(-[a-z0-9]+)+|cpu)$";
inline constexpr std::string_view kDnsLabelPattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
inline constexpr std::string_view kDnsNamePattern =
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
inline constexpr std::string_view kLabelKeyPattern =
    "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$";
inline constexpr std::string_view kSha256Pattern = "^[0-9a-f]{64}$";
inline constexpr std::string_view kReasonWordPattern = "^[A-Za-z][A-Za-z0-9]*$";
inline constexpr std::string_view kImageDigestCel = "self.image.matches('@sha256:[0-9a-f]{64}$')";

// More devices than any one entry can mean; keeps sums far away from overflow in CEL and in C++.
inline constexpr int64_t kMostDevices = 1'000'000;
inline constexpr int64_t kMostSeconds = 10LL * 365 * 86'400;
inline constexpr int64_t kMostWorkers = 4096;  // an index of four digits, see kJobNameLength
// JOB-ATTEMPT-INDEX is a pod's name and its host name: 63 characters, of which two are dashes, four
// the index and seven the attempt.
inline constexpr int64_t kJobNameLength = 50;
// Its replicas are GpuJobs NAME-rSLOT.
inline constexpr int64_t kEndpointNameLength = kJobNameLength - 6;

// True when the image ends in "@sha256:" and 64 lower-case hexadecimal digits.
bool has_digest(std::string_view image);

// A node of a cluster; cluster "" is the one that holds the object.
struct NodeRef {
  std::string cluster;
  std::string node;

  template <class V>
  static void describe(V& v) {
    v.field("cluster", &NodeRef::cluster, {.defaulted = true},
            "Cluster that the node is in; empty is this one.");
    v.field("node", &NodeRef::node, {.required = true, .min_length = 1}, "Name of the node.");
  }
  auto operator<=>(const NodeRef&) const = default;
};

// A part of a device: a MIG profile, an MPS or a time-slicing share.
struct DeviceShare {
  std::string memory;
  int64_t compute_percent = 0;

  template <class V>
  static void describe(V& v) {
    v.field("memory", &DeviceShare::memory, {.required = true, .quantity = true},
            "Device memory of the share, at least, for example 10Gi.");
    v.field("computePercent", &DeviceShare::compute_percent,
            {.required = true, .minimum = 1, .maximum = 100},
            "Percent of the device's compute units, at least.");
  }
  bool operator==(const DeviceShare&) const = default;
};

// One acceptable kind of device for a worker.
struct DeviceAsk {
  std::string device_class;
  int64_t count = 1;
  std::optional<DeviceShare> share;
  std::optional<int64_t> speed_percent;

  template <class V>
  static void describe(V& v) {
    v.field("class", &DeviceAsk::device_class,
            {.required = true, .min_length = 1, .max_length = 63, .pattern = kAskedClassPattern},
            "Device class, VENDOR-MODEL in lower case, for example nvidia-h200; cpu may come last: "
            "the worker then runs without a device, on any usable node, and none is charged.");
    v.field("count", &DeviceAsk::count, {.defaulted = true, .minimum = 1, .maximum = 1024},
            "Devices per worker, all on one node; of cpu it is left out.");
    v.field("share", &DeviceAsk::share, {},
            "A part of a device in place of a whole one: the smallest that a CapacityPool of the "
            "class names and that has as much, of which count are given; absent means whole "
            "devices.");
    v.field("speedPercent", &DeviceAsk::speed_percent, {.minimum = 1, .maximum = 1000},
            "Speed of this class for this work, in percent of the first one listed. Classes whose "
            "speed is told compete with the first by time, price and scarcity; the others are "
            "taken only where those have no room, in their order.");
    v.rule(
        "self.class != 'cpu' || self.count == 1", "the class cpu has no count",
        [](const DeviceAsk& ask) { return !ask.is_cpu() || ask.count == 1; }, ".count");
    v.rule(
        "self.class != 'cpu' || !has(self.share)", "the class cpu has no shares",
        [](const DeviceAsk& ask) { return !ask.is_cpu() || !ask.share; }, ".share");
  }
  bool operator==(const DeviceAsk&) const = default;

  bool is_cpu() const { return device_class == "cpu"; }
};

// What a worker needs of its node besides devices.
struct WorkerResources {
  std::string cpu;
  std::string memory;

  template <class V>
  static void describe(V& v) {
    v.field("cpu", &WorkerResources::cpu, {.quantity = true},
            "CPU cores per worker, for example 4 or 500m; absent means none are requested.");
    v.field("memory", &WorkerResources::memory, {.quantity = true},
            "Memory per worker in bytes, for example 16Gi; absent means none is requested.");
  }
  bool operator==(const WorkerResources&) const = default;
};

}  // namespace berth::api
