#include "cli/documents.h"

#include <gtest/gtest.h>

namespace berth::cli {
namespace {

TEST(Documents, ReadsYamlWithTheTypesOfPlainAndQuotedScalars) {
  const auto documents = parse_documents(
      "f", "a: 1\nb: '1'\nc: [true, null, 1.5, 10Gi, nan]\n---\n---\n{\"d\": {\"e\": \"x\"}}\n");
  ASSERT_TRUE(documents) << documents.error().message;
  ASSERT_EQ(documents->size(), 2U);
  EXPECT_EQ(documents->at(0).value,
            Json::parse(R"({"a":1,"b":"1","c":[true,null,1.5,"10Gi","nan"]})"));
  EXPECT_EQ(documents->at(0).place, "f:1");
  EXPECT_EQ(documents->at(1).value, Json::parse(R"({"d":{"e":"x"}})"));
}

TEST(Documents, SayWhereTheyAreWrong) {
  EXPECT_EQ(parse_documents("f", "a: 1\n---\n- b\n").error().message, "f:3: want an object");
  EXPECT_EQ(parse_documents("f", "a: {\n").error().message.substr(0, 4), "f:2:");
  EXPECT_EQ(read_documents("no such file").error().code, Code::NotFound);
}

TEST(Documents, RefuseWhatTheParserWouldReadForEver) {
  EXPECT_EQ(parse_documents("f", "a: 1\n---\n!:10, 1e3, .inf,  ]").error().message,
            "f:3: this is no YAML");
}

TEST(Documents, MayStandOnEveryLine) {
  EXPECT_EQ(parse_documents("f", "{a: 1}\n--- {b: 1}\n--- {c: 1}")->size(), 3U);
}

TEST(Documents, RefuseAliasesThatGrowWithoutBound) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int at = 1; at < 9; ++at) {
    const std::string before = "*a" + std::to_string(at - 1);
    text += "a" + std::to_string(at) + ": &a" + std::to_string(at) + " [" + before;
    for (int more = 0; more < 9; ++more) text += ", " + before;
    text += "]\n";
  }
  EXPECT_EQ(parse_documents("f", text).error().message, "f:1: too many values, or too deep");
}

}  // namespace
}  // namespace berth::cli
