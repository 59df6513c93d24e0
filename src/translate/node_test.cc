#include "translate/node.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sched/bounds.h"
#include "sched/fleet/need.h"

namespace berth::translate {
namespace {

Json node_json() {
  return Json::parse(R"({
    "metadata": {"name": "a", "uid": "u", "labels": {"nvidia.com/gpu.product": "NVIDIA-H200"},
                 "annotations": {"large": "text"}},
    "spec": {},
    "status": {
      "allocatable": {"nvidia.com/gpu": "8", "cpu": "63500m", "memory": "1Ti", "pods": "110"},
      "capacity": {"nvidia.com/gpu": "9", "cpu": "64", "memory": "2Ti", "pods": "110"},
      "conditions": [{"type": "MemoryPressure", "status": "False"},
                     {"type": "Ready", "status": "True"}]}})");
}

Node decoded(const Json& json) { return *decode_node(json, well_known_accelerators()); }

Node changed(const char* pointer, Json value) {
  Json json = node_json();
  json[Json::json_pointer(pointer)] = std::move(value);
  return decoded(json);
}

TEST(Node, IsWhatItsStatusSaysIsAllocatable) {
  const Node node = decoded(node_json());
  EXPECT_EQ(node.resource, "nvidia.com/gpu");
  EXPECT_EQ(node.device_class, "nvidia-h200");
  EXPECT_EQ(node.devices, 8);  // the ninth is broken
  EXPECT_EQ(node.installed, 9);
  EXPECT_EQ(node.room, (sched::Room{63'500, 1LL << 40}));
  EXPECT_EQ(node.pods, 110);
  EXPECT_TRUE(node.is_usable());
  EXPECT_TRUE(node.meta.annotations.empty());
}

TEST(Node, WithoutDevicesHasNoClass) {
  Json json = node_json();
  json["status"]["allocatable"].erase("nvidia.com/gpu");
  EXPECT_EQ(decoded(json).device_class, "");
}

TEST(Node, ThatLostAllItsDevicesKeepsItsClass) {
  const Node node = changed("/status/allocatable/nvidia.com~1gpu", "0");
  EXPECT_EQ(node.device_class, "nvidia-h200");
  EXPECT_EQ(node.devices, 0);
}

TEST(Node, OfTwoResourcesHasTheLargerOne) {
  const Node node = changed("/status/allocatable/amd.com~1gpu", "16");
  EXPECT_EQ(node.resource, "amd.com/gpu");
}

TEST(Node, IsNotUsableUnlessReadyOpenAndThere) {
  EXPECT_FALSE(changed("/spec/unschedulable", true).is_usable());
  EXPECT_FALSE(changed("/status/conditions/1/status", "False").is_usable());
  EXPECT_FALSE(changed("/status/conditions/1/status", "Unknown").is_usable());
  EXPECT_FALSE(changed("/status/conditions", Json::array()).is_usable());
  EXPECT_FALSE(changed("/metadata/deletionTimestamp", "2026-08-22T09:30:00Z").is_usable());
}

TEST(Node, ItsOwnTaintAndSoftOnesKeepNobodyOff) {
  const auto tainted = [](const char* key, const char* effect) {
    return changed("/spec/taints", {{{"key", key}, {"value", "present"}, {"effect", effect}}});
  };
  EXPECT_TRUE(tainted("nvidia.com/gpu", "NoSchedule").is_usable());
  EXPECT_TRUE(tainted("flaky", "PreferNoSchedule").is_usable());
  EXPECT_FALSE(tainted("flaky", "NoSchedule").is_usable());
  EXPECT_FALSE(tainted("node.kubernetes.io/unreachable", "NoExecute").is_usable());
  EXPECT_FALSE(tainted("amd.com/gpu", "NoSchedule").is_usable());
}

TEST(Node, OfANewerServerIsReadAsFarAsItGoes) {
  EXPECT_EQ(changed("/status/allocatable/nvidia.com~1gpu", "eight").devices, 0);
  EXPECT_EQ(changed("/status/allocatable", Json::array()).devices, 0);
  EXPECT_FALSE(changed("/status", "down").is_usable());
  EXPECT_FALSE(decode_node(Json::object(), well_known_accelerators()));
}

TEST(Node, WithAmountsBeyondAllMeasureIsBounded) {
  EXPECT_EQ(changed("/status/allocatable/cpu", Json(int64_t{1} << 62)).room.cpu_milli,
            sched::kMostCpuMilli);
  EXPECT_EQ(changed("/status/allocatable/memory", "-1").room.memory_bytes, 0);
  EXPECT_EQ(changed("/status/allocatable/nvidia.com~1gpu", "-8").devices, 0);
  EXPECT_EQ(devices_beyond(changed("/status/allocatable/nvidia.com~1gpu", "1e30")),
            sched::kMostHeldDevices - sched::kMostDevicesPerNode);
}

TEST(Node, GoesToThePassWithItsLabels) {
  const Node known = decoded(node_json());
  const sched::Node node = to_sched(known);
  EXPECT_EQ(node.id, (sched::NodeId{"", "a"}));
  EXPECT_TRUE(node.usable);
  EXPECT_EQ(node.labels, decoded(node_json()).meta.labels);
  EXPECT_EQ(&node.labels.map(), &known.meta.labels.map()) << "there once";
}

}  // namespace
}  // namespace berth::translate
