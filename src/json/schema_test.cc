#include "json/schema.h"

#include <gtest/gtest.h>

#include "json/test_shapes.h"

namespace berth {
namespace {

using shapes::Harbour;
using shapes::HarbourSpec;

Schema property(const char* name) { return schema_of<HarbourSpec>()["properties"][name]; }

TEST(SchemaOf, TakesDefaultsFromTheInitialisers) {
  EXPECT_EQ(property("mood")["default"], "Calm");
  EXPECT_EQ(property("open")["default"], true);
  EXPECT_FALSE(property("depth").contains("default"));
}

TEST(SchemaOf, WritesTheDefaultOfAStructOutSinceRulesAreAskedBeforeDefaultsOfItsFields) {
  EXPECT_EQ(property("quay")["default"].dump(), R"({"metres":3,"name":"q"})");
}

TEST(SchemaOf, BoundsEveryTextListAndMapSoThatCelHasACost) {
  EXPECT_EQ(property("pilot")["maxLength"], 253);
  EXPECT_EQ(property("flags")["maxItems"], 64);
  EXPECT_EQ(property("notes")["maxProperties"], 2);
}

TEST(SchemaOf, TellsListsThatAreMapsOrSets) {
  EXPECT_EQ(property("berths")["x-kubernetes-list-type"], "map");
  EXPECT_EQ(property("berths")["x-kubernetes-list-map-keys"].dump(), R"(["name"])");
  EXPECT_EQ(property("flags")["x-kubernetes-list-type"], "set");
  EXPECT_EQ(property("flags")["items"]["pattern"], "^[a-z]+$");
}

TEST(SchemaOf, ListsTheNamesOfAnEnum) {
  EXPECT_EQ(property("mood")["enum"].dump(), R"(["Calm","Busy"])");
}

TEST(SchemaOf, RefusesWhatIsNotSupportedAtItsOwnPath) {
  const Schema rule = property("pilot")["x-kubernetes-validations"][0];
  EXPECT_EQ(rule["rule"], "false");
  EXPECT_EQ(rule["message"], "pilot is not supported yet");
}

TEST(SchemaOf, GuardsAnImmutableFieldThatIsAlwaysThereAtItself) {
  const Schema spec = schema_of<HarbourSpec>();
  const Schema rule = spec["properties"]["quay"]["x-kubernetes-validations"].back();
  EXPECT_EQ(rule["rule"], "self == oldSelf");
  EXPECT_EQ(rule["message"], "quay is immutable");
}

TEST(SchemaOf, GuardsAnyOtherImmutableFieldAtTheParentSoThatVanishingIsSeen) {
  const Schema rules = schema_of<HarbourSpec>()["x-kubernetes-validations"];
  ASSERT_EQ(rules.size(), 1U);
  EXPECT_EQ(
      rules[0]["rule"],
      "has(self.dock) == has(oldSelf.dock) && (!has(self.dock) || self.dock == oldSelf.dock)");
  EXPECT_EQ(rules[0]["fieldPath"], ".dock");
}

TEST(SchemaOf, LetsATemplateChange) {
  const Schema order = schema_of<Harbour>()["properties"]["order"];
  EXPECT_FALSE(order["properties"]["spec"].contains("x-kubernetes-validations"));
}

TEST(SchemaOf, SaysOfMetadataOnlyWhatANameMayBe) {
  EXPECT_EQ(schema_of<Harbour>()["properties"]["metadata"].dump(),
            R"({"description":"Metadata.","type":"object","properties":{"name":{"type":"string",)"
            R"("maxLength":5,"pattern":"^[a-z]+$"}}})");
}

}  // namespace
}  // namespace berth
