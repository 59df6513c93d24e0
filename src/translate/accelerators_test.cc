#include "translate/accelerators.h"

#include <gtest/gtest.h>

namespace berth::translate {
namespace {

TEST(DeviceClass, IsTheNormalisedProduct) {
  struct {
    const char* resource;
    const char* label;
    const char* product;
    const char* want;
  } const cases[] = {
      {"nvidia.com/gpu", "nvidia.com/gpu.product", "NVIDIA-H200", "nvidia-h200"},
      {"nvidia.com/gpu", "nvidia.com/gpu.product", "NVIDIA-A100-SXM4-80GB",
       "nvidia-a100-sxm4-80gb"},
      {"nvidia.com/gpu", "nvidia.com/gpu.product", "Tesla T4", "nvidia-tesla-t4"},
      {"nvidia.com/gpu", "nvidia.com/gpu.product", "__Odd//Name__", "nvidia-odd-name"},
      {"nvidia.com/gpu", "nvidia.com/gpu.product", "", "nvidia-unknown"},
      {"nvidia.com/gpu", "nvidia.com/gpu.product", "NVIDIA", "nvidia-unknown"},
      {"huawei.com/Ascend910", "node.kubernetes.io/npu.chip.name", "Ascend910B", "ascend-910b"},
      {"amd.com/gpu", "amd.com/gpu.product-name", "AMD_Instinct_MI300X", "amd-instinct-mi300x"},
      {"nvidia.com/gpu", "amd.com/gpu.product-name", "MI300X", "nvidia-unknown"},
      {"example.com/npu", "nvidia.com/gpu.product", "NVIDIA-H200", "example-unknown"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(class_of(c.resource, {{c.label, c.product}}), c.want) << c.product;
  }
}

TEST(DeviceClass, WithoutALabelIsUnknownOfItsVendor) {
  EXPECT_EQ(class_of("nvidia.com/gpu", {}), "nvidia-unknown");
  EXPECT_EQ(class_of("huawei.com/Ascend310P", {}), "ascend-unknown");
}

TEST(DeviceClass, LeadsBackToItsResource) {
  const Accelerators known = well_known_accelerators();
  EXPECT_EQ(resource_of(known, "nvidia-h200"), "nvidia.com/gpu");
  EXPECT_EQ(resource_of(known, "ascend-910b"), "huawei.com/Ascend910");
  EXPECT_EQ(resource_of(known, "ibm-spyre"), "");
  EXPECT_EQ(resource_of(known, "nvidiax-h200"), "");
  EXPECT_EQ(resource_of({{"example.com/npu"}}, "example-unknown"), "example.com/npu");
}

TEST(Accelerators, AreThoseOfTheListOnly) {
  EXPECT_TRUE(well_known_accelerators().contains("nvidia.com/gpu"));
  EXPECT_FALSE(well_known_accelerators().contains("nvidia.com/gpu.shared"));
  EXPECT_FALSE(well_known_accelerators().contains("cpu"));
}

}  // namespace
}  // namespace berth::translate
