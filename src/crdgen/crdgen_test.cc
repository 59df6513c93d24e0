#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "crdgen/crd.h"
#include "crdgen/reference.h"
#include "crdgen/yaml.h"

namespace berth::crdgen {
namespace {

TEST(Yaml, QuotesWhateverAReaderMightTakeForSomethingElse) {
  EXPECT_EQ(to_yaml({{"kind", "Quota"},
                     {"on", "yes"},
                     {"text", "a b"},
                     {"number", "7"},
                     {"pattern", "^[a-z]\\.$"},
                     {"seven", 7},
                     {"nothing", Schema::object()},
                     {"list", {"x", true}}}),
            "kind: Quota\n\"on\": \"yes\"\ntext: \"a b\"\nnumber: \"7\"\n"
            "pattern: \"^[a-z]\\\\.$\"\nseven: 7\nnothing: {}\nlist:\n  - x\n  - true\n");
}

TEST(Yaml, IsReadBackAsItWas) {
  for (const api::KindEntry& kind : api::all_kinds()) {
    const Schema document = custom_resource_definition(kind);
    const YAML::Node read = YAML::Load(to_yaml(document));
    EXPECT_EQ(read["metadata"]["name"].as<std::string>(),
              document["metadata"]["name"].get<std::string>());
    const auto schema = read["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    EXPECT_EQ(schema["properties"]["spec"]["properties"].size(),
              kind.schema()["properties"]["spec"]["properties"].size());
  }
}

TEST(CustomResourceDefinition, HasWhatKubectlNeeds) {
  const Schema crd = custom_resource_definition(*api::find_kind("InferenceEndpoint"));
  EXPECT_EQ(crd["metadata"]["name"], "inferenceendpoints.berth.dev");
  EXPECT_EQ(crd["spec"]["names"]["shortNames"].dump(), R"(["ie"])");
  EXPECT_EQ(crd["spec"]["names"]["categories"].dump(), R"(["berth"])");
  EXPECT_EQ(crd["spec"]["scope"], "Namespaced");
  const Schema& version = crd["spec"]["versions"][0];
  EXPECT_TRUE(version["subresources"].contains("status"));
  EXPECT_EQ(version["subresources"]["scale"]["specReplicasPath"], ".spec.scaling.minReplicas");
  EXPECT_EQ(version["additionalPrinterColumns"].back()["name"], "Age");
}

TEST(CustomResourceDefinition, IsTheSameEachTime) {
  for (const api::KindEntry& kind : api::all_kinds())
    EXPECT_EQ(to_yaml(custom_resource_definition(kind)), to_yaml(custom_resource_definition(kind)));
}

TEST(ReferencePage, SaysTypeDefaultBoundsAndMeaning) {
  const std::string page = reference_page(api::all_kinds());
  EXPECT_NE(page.find("## GpuJob"), std::string::npos);
  EXPECT_NE(page.find("| `spec.retry.maxFailures` | integer | `3` | 0 to 1000 | Failed attempts "
                      "that are forgiven. |"),
            std::string::npos);
  EXPECT_NE(
      page.find("| `spec.inputs[]` | list of object |  | at most 64 items; one per name | Data "
                "that the workers read. **Not supported yet.** |"),
      std::string::npos);
  EXPECT_NE(page.find("- `spec.parent`: a Quota cannot be its own parent"), std::string::npos);
}

}  // namespace
}  // namespace berth::crdgen
