#include "json/describe.h"

#include <gtest/gtest.h>

#include "json/test_shapes.h"

namespace berth {
namespace {

using shapes::Berth;
using shapes::Harbour;
using shapes::HarbourSpec;
using shapes::Mood;

Json parse(const char* text) { return Json::parse(text, nullptr, false); }

template <class T>
std::string decode_error(const char* text) {
  T value{};
  const Status status = decode(parse(text), value);
  return status.ok() ? "" : status.error().message;
}

TEST(Encode, LeavesOutWhatIsAbsentAndWritesEveryNumber) {
  EXPECT_EQ(encode(HarbourSpec{}).dump(),
            R"({"mood":"Calm","open":true,"quay":{"metres":3,"name":"q"}})");
}

TEST(Encode, WritesRequiredTextEvenWhenEmptySoThatItIsRefusedByName) {
  EXPECT_EQ(encode(Berth{}).dump(), R"({"metres":10,"name":""})");
}

TEST(Encode, SpellsEnumsTimesAndMaps) {
  HarbourSpec spec{.mood = Mood::Busy, .notes = {{"b", "2"}, {"a", "1"}}, .since = Instant{}};
  const Json json = encode(spec);
  EXPECT_EQ(json["mood"], "Busy");
  EXPECT_EQ(json["since"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(json["notes"].dump(), R"({"a":"1","b":"2"})");
}

TEST(Encode, WritesAnEmptyStructThatIsThere) {
  Harbour harbour;
  harbour.order.emplace();
  EXPECT_TRUE(encode(harbour).contains("order"));
}

TEST(Decode, KeepsInitialisersForWhatIsAbsentOrNull) {
  HarbourSpec spec;
  ASSERT_TRUE(decode(parse(R"({"open":null,"dock":null})"), spec).ok());
  EXPECT_EQ(spec, HarbourSpec{});
}

TEST(Decode, IgnoresFieldsOfANewerVersion) {
  Berth berth;
  ASSERT_TRUE(decode(parse(R"({"name":"a","crane":{"tons":7}})"), berth).ok());
  EXPECT_EQ(berth.name, "a");
}

TEST(Decode, TakesABareNumberForAQuantity) {
  HarbourSpec spec;
  ASSERT_TRUE(decode(parse(R"({"depth":4})"), spec).ok());
  EXPECT_EQ(spec.depth, "4");
}

TEST(Decode, ReplacesWhatWasInAListOrMap) {
  HarbourSpec spec{.flags = {"old"}, .notes = {{"old", "1"}}};
  ASSERT_TRUE(decode(parse(R"({"flags":["new"],"notes":{"new":"2"}})"), spec).ok());
  EXPECT_EQ(spec.flags, std::vector<std::string>{"new"});
  EXPECT_EQ(spec.notes, (std::map<std::string, std::string>{{"new", "2"}}));
}

TEST(Decode, NamesThePathOfWhatIsWrong) {
  const struct {
    const char* json;
    const char* want;
  } kCases[] = {
      {R"([])", "want object"},
      {R"({})", "spec: required"},
      {R"({"spec":null})", "spec: required"},
      {R"({"spec":[]})", "spec: want object"},
      {R"({"spec":{"open":1}})", "spec.open: want boolean"},
      {R"({"spec":{"mood":"Angry"}})", "spec.mood: want one of Calm, Busy"},
      {R"({"spec":{"mood":7}})", "spec.mood: want one of Calm, Busy"},
      {R"({"spec":{"flags":"a"}})", "spec.flags: want list"},
      {R"({"spec":{"flags":["a",true]}})", "spec.flags[1]: want string"},
      {R"({"spec":{"notes":{"k":[]}}})", "spec.notes.k: want string"},
      {R"({"spec":{"berths":[{"name":"a"},{}]}})", "spec.berths[1].name: required"},
      {R"({"spec":{"berths":[{"name":"a","metres":1.5}]}})", "spec.berths[0].metres: want integer"},
      {R"({"spec":{"berths":[{"name":"a","metres":9223372036854775808}]}})",
       "spec.berths[0].metres: want integer"},
      {R"({"spec":{"since":"today"}})", "spec.since: want an RFC 3339 time, got \"today\""},
  };
  for (const auto& c : kCases) EXPECT_EQ(decode_error<Harbour>(c.json), c.want) << c.json;
}

TEST(Decode, ReadsObjectMetadataAsApiServersWriteIt) {
  ObjectMeta meta;
  ASSERT_TRUE(decode(parse(R"({
    "name": "train", "namespace": "blue", "uid": "u1", "resourceVersion": "42", "generation": 3,
    "creationTimestamp": "2026-08-22T09:30:00Z", "deletionTimestamp": null,
    "finalizers": ["berth.dev/release"], "labels": {"a": "b"},
    "managedFields": [{"manager": "kubectl"}],
    "ownerReferences": [
      {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u2"},
      {"apiVersion": "berth.dev/v1alpha1", "kind": "GpuJob", "name": "j", "uid": "u3",
       "controller": true, "blockOwnerDeletion": true}]})"),
                     meta)
                  .ok());
  EXPECT_EQ(meta.name_space, "blue");
  EXPECT_EQ(meta.generation, 3);
  EXPECT_TRUE(meta.creation.has_value());
  EXPECT_FALSE(meta.deletion.has_value());
  ASSERT_NE(meta.controller(), nullptr);
  EXPECT_EQ(meta.controller()->uid, "u3");
}

TEST(Decode, ReadsWhatEncodeWrites) {
  Harbour harbour;
  harbour.meta = {.name = "kiel", .labels = {{"a", ""}}};
  harbour.spec = {.mood = Mood::Busy,
                  .open = false,
                  .berths = {{"a", 1}, {"b", 400}},
                  .flags = {"x"},
                  .notes = {{"k", "v"}},
                  .dock = Berth{"d", 2},
                  .since = Instant{Millis{1234}},
                  .depth = "4Gi",
                  .pilot = "p"};
  harbour.order.emplace();
  harbour.tide = -3;
  Harbour back;
  const Status status = decode(encode(harbour), back);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(back, harbour);
}

}  // namespace
}  // namespace berth
