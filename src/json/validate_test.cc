#include "json/validate.h"

#include <gtest/gtest.h>

#include "json/test_shapes.h"

namespace berth {
namespace {

using shapes::Harbour;

Json harbour() { return Json::parse(R"({"metadata":{"name":"kiel"},"spec":{}})"); }

const SchemaChecker& checker() {
  static const SchemaChecker made(schema_of<Harbour>());
  return made;
}

std::string said(const Json& now, const Json* old = nullptr) {
  std::string text;
  for (const Violation& violation : validate_with<Harbour>(checker(), now, old))
    text += (text.empty() ? "" : "; ") + violation.path + ": " + violation.message;
  return text;
}

std::string said_of(const char* pointer, const char* value) {
  Json now = harbour();
  now[Json::json_pointer(pointer)] = Json::parse(value);
  return said(now);
}

TEST(Validate, AcceptsWhatKeepsTheRules) {
  EXPECT_EQ(said(harbour()), "");
  EXPECT_EQ(said_of("/spec/berths", R"([{"name":"a"},{"name":"b","metres":400}])"), "");
  EXPECT_EQ(said_of("/spec/depth", "4"), "");
  EXPECT_EQ(said_of("/spec/depth", R"("0.5Gi")"), "");
  EXPECT_EQ(said_of("/spec/crane", R"("of a newer version")"), "");
}

TEST(Validate, SaysWhereTheSchemaIsBroken) {
  const struct {
    const char* pointer;
    const char* value;
    const char* want;
  } kCases[] = {
      {"/spec/mood", R"("Angry")", R"(spec.mood: supported values: "Calm", "Busy")"},
      {"/spec/open", "1", "spec.open: must be of type boolean"},
      {"/spec/flags", "[]", "spec.flags: should have at least 1 items"},
      {"/spec/flags", R"(["a","a"])", "spec.flags[1]: Duplicate value"},
      {"/spec/flags", R"(["A"])", "spec.flags[0]: should match '^[a-z]+$'"},
      {"/spec/berths", R"([{"name":"a","metres":0}])",
       "spec.berths[0].metres: should be greater than or equal to 1"},
      {"/spec/berths", R"([{"name":"a","metres":401}])",
       "spec.berths[0].metres: should be less than or equal to 400"},
      {"/spec/berths", R"([{"metres":1}])", "spec.berths[0].name: Required value"},
      {"/spec/berths", R"([{"name":""}])", "spec.berths[0].name: should be at least 1 chars long"},
      {"/spec/berths", R"([{"name":"ninechars"}])",
       "spec.berths[0].name: Too long: may not be more than 8"},
      {"/spec/berths", R"([{"name":"a"},{"name":"b"},{"name":"a"}])",
       "spec.berths[2]: Duplicate value"},
      {"/spec/berths", R"([{"name":"a"},{"name":"b"},{"name":"c"},{"name":"d"}])",
       "spec.berths: Too many: must have at most 3 items"},
      {"/spec/notes", R"({"a":"1","b":"2","c":"3"})",
       "spec.notes: Too many: must have at most 2 items"},
      {"/spec/notes", R"({"a":1})", "spec.notes.a: must be of type string"},
      {"/spec/since", R"("today")", "spec.since: must be of type date-time"},
      {"/spec/depth", "0", "spec.depth: should be greater than or equal to 1"},
      {"/spec", "7", "spec: must be of type object"},
      {"/metadata/name", R"("toolong")", "metadata.name: Too long: may not be more than 5"},
  };
  for (const auto& c : kCases) EXPECT_EQ(said_of(c.pointer, c.value), c.want) << c.value;
}

TEST(Validate, CountsCharactersNotBytes) {
  EXPECT_EQ(said_of("/spec/berths", R"([{"name":"üüüüüüüü"}])"), "");
}

TEST(Validate, AcceptsOnlyQuantitiesAboveZero) {
  for (const char* good : {R"("1")", R"("500m")", R"("16Gi")", R"("0.5")", R"("10.")", R"(".5G")"})
    EXPECT_EQ(said_of("/spec/depth", good), "") << good;
  for (const char* bad : {R"("0")", R"("0.0Gi")", R"("-1")", R"("1GB")", R"("one")", R"("")",
                          R"(".")", R"("1 Gi")", R"("1e3Gi")"})
    EXPECT_NE(said_of("/spec/depth", bad), "") << bad;
}

TEST(Validate, AsksTheTwinsOfCelRulesAtTheirFieldPath) {
  EXPECT_EQ(said_of("/spec/berths", R"([{"name":"a"},{"name":"none"}])"),
            "spec.berths[1].metres: none is one metre long");
}

TEST(Validate, RefusesAFieldWithoutBehaviourEvenWhenItIsEmpty) {
  EXPECT_EQ(said_of("/spec/pilot", R"("")"), "spec.pilot: pilot is not supported yet");
}

TEST(Validate, ComparesWithTheObjectBefore) {
  Json old = harbour();
  old["tide"] = 3;
  old["spec"]["dock"] = {{"name", "d"}};
  Json now = old;
  EXPECT_EQ(said(now, &old), "");
  now["tide"] = 2;
  EXPECT_EQ(said(now, &old), "tide: the tide only rises");
  now["tide"] = 4;
  now["spec"]["dock"]["metres"] = 11;
  EXPECT_EQ(said(now, &old), "spec.dock: dock is immutable");
  now["spec"].erase("dock");
  EXPECT_EQ(said(now, &old), "spec.dock: dock is immutable");
  EXPECT_EQ(said(old, &now), "spec.dock: dock is immutable; tide: the tide only rises")
      << "appearing is a change too";
}

TEST(Validate, TakesNullForAbsent) {
  EXPECT_EQ(said_of("/spec/dock", "null"), "");
  EXPECT_EQ(said_of("/spec/pilot", "null"), "");
  EXPECT_EQ(said_of("/spec", "null"), "spec: Required value");
  EXPECT_EQ(said_of("/spec/flags", "[null]"), "spec.flags[0]: must be of type string");
}

TEST(Validate, TakesADefaultForUnchanged) {
  const Json old = harbour();
  Json now = old;
  now["spec"]["quay"] = {{"name", "q"}, {"metres", 3}};
  EXPECT_EQ(said(now, &old), "");
  now["spec"]["quay"]["metres"] = 4;
  EXPECT_EQ(said(now, &old), "spec.quay: quay is immutable");
}

TEST(Validate, LetsATemplateChange) {
  Json old = harbour();
  old["order"] = {{"spec", {{"dock", {{"name", "d"}}}}}};
  Json now = old;
  now["order"]["spec"]["dock"]["name"] = "e";
  EXPECT_EQ(said(now, &old), "");
}

TEST(SchemaChecker, FillsInDefaultsAndDropsWhatItDoesNotKnow) {
  Json object = Json::parse(
      R"({"apiVersion":"v1","kind":"Harbour","metadata":{"name":"kiel","x":1},"junk":1,)"
      R"("spec":{"open":null,"berths":[{"name":"a","junk":1}]}})");
  checker().prune(object);
  checker().fill_defaults(object);
  EXPECT_EQ(object,
            Json::parse(R"({"apiVersion":"v1","kind":"Harbour","metadata":{"name":"kiel","x":1},)"
                        R"("spec":{"mood":"Calm","open":true,"quay":{"name":"q","metres":3},)"
                        R"("berths":[{"name":"a","metres":10}]}})"));
}

}  // namespace
}  // namespace berth
