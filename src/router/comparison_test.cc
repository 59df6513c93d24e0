#include "router/comparison.h"

#include <gtest/gtest.h>

namespace berth::router {
namespace {

using namespace std::string_literals;

constexpr auto kSame = ShadowOutcome::Same;
constexpr auto kDifferent = ShadowOutcome::Different;

std::string scores(const std::string& data, const std::string& head = "\"model_name\":\"m\"") {
  return "{" + head + R"(,"outputs":[{"name":"scores","datatype":"FP32","shape":[1,2],"data":)" +
         data + "}]}";
}

ShadowOutcome rest(const std::string& given, const std::string& shadow, int code = 200) {
  return compare(Protocol::Rest, {.code = code, .body = given}, {.code = code, .body = shadow});
}

TEST(Comparison, TakesNumbersForTheSameThatDifferByRoundingOnly) {
  EXPECT_EQ(rest(scores("[0.7,20]"), scores("[0.705,20.3]")), kSame);
  EXPECT_EQ(rest(scores("[0.7,20]"), scores("[0.72,20]")), kDifferent);
  EXPECT_EQ(rest(scores("[0,20]"), scores("[0.0009,20]")), kSame);
  EXPECT_EQ(rest(scores("[0,20]"), scores("[0.002,20]")), kDifferent);
  EXPECT_EQ(rest(scores("[1,2]"), scores("[1.0,2.0]")), kSame);
}

TEST(Comparison, LeavesOutWhichVersionAnsweredWhichId) {
  EXPECT_EQ(rest(scores("[1,2]", R"("model_name":"m","model_version":"1","id":"a")"),
                 scores("[1,2]", R"("model_version":"2","model_name":"m")")),
            kSame);
}

TEST(Comparison, TakesNestedAndFlatDataForTheSame) {
  EXPECT_EQ(rest(scores("[[1,2]]"), scores("[1,2]")), kSame);
  EXPECT_EQ(rest(scores("[[1,2]]"), scores("[1,2,3]")), kDifferent);
}

TEST(Comparison, WantsTheSameTensorsInTheSameOrder) {
  const std::string other =
      R"({"outputs":[{"name":"labels","datatype":"FP32","shape":[1,2],"data":[1,2]}]})";
  EXPECT_EQ(rest(scores("[1,2]"), other), kDifferent);
  EXPECT_EQ(rest(scores("[1,2]"), R"({"outputs":[]})"), kDifferent);
  EXPECT_EQ(rest(scores("[true,2]"), scores("[1,2]")), kDifferent);
}

TEST(Comparison, ComparesByteForByteWhatIsNoAnswerOfOpenInference) {
  EXPECT_EQ(rest("hello", "hello"), kSame);
  EXPECT_EQ(rest("hello", "hallo"), kDifferent);
  EXPECT_EQ(rest(R"({"text":1.0})", R"({"text":1.00001})"), kDifferent);
  EXPECT_EQ(rest(scores("[1,2]"), "not json"), kDifferent);
  EXPECT_EQ(rest(scores(std::string(100, '[') + std::string(100, ']')), scores("[1,2]")),
            kDifferent);
}

TEST(Comparison, ComparesBinaryTensorsByteForByte) {
  const std::string first = R"({"model_version":"1","outputs":[{"name":"y"}]})";
  const std::string second = R"({"model_version":"22","outputs":[{"name":"y"}]})";
  const WholeAnswer given{.code = 200, .json_bytes = first.size(), .body = first + "\1\2"};
  WholeAnswer shadow{.code = 200, .json_bytes = second.size(), .body = second + "\1\2"};
  EXPECT_EQ(compare(Protocol::Rest, given, shadow), kSame);
  shadow.body.back() = '\3';
  EXPECT_EQ(compare(Protocol::Rest, given, shadow), kDifferent);
  shadow.json_bytes = 1'000'000;
  EXPECT_EQ(compare(Protocol::Rest, given, shadow), kDifferent);
}

TEST(Comparison, ComparesOutputsOfGrpcAsTheyAreEncoded) {
  const std::string outputs = "\x2a\x03\x0a\x01y"s + "\x32\x02\x01\x02"s;
  const auto answer = [](const std::string& message) {
    return WholeAnswer{.code = 0, .body = std::string(5, '\0') + message};
  };
  const WholeAnswer given = answer("\x0a\x01m\x12\x01\x31"s + outputs);
  EXPECT_EQ(compare(Protocol::Grpc, given, answer("\x0a\x01m\x12\x01\x32"s + outputs)), kSame);
  EXPECT_EQ(compare(Protocol::Grpc, given, answer("\x0a\x01m"s + "\x2a\x03\x0a\x01z"s)),
            kDifferent);
  EXPECT_EQ(compare(Protocol::Grpc, given, answer("\x0a\x7f"s)), kDifferent) << "is no message";
}

TEST(Comparison, ComparesCodesBeforeAnythingElse) {
  const auto outcome = [](Protocol protocol, int given, int shadow) {
    return compare(protocol, {.code = given, .body = "a"}, {.code = shadow, .body = "b"});
  };
  EXPECT_EQ(outcome(Protocol::Rest, 200, 400), kDifferent);
  EXPECT_EQ(outcome(Protocol::Rest, 400, 400), kSame) << "errors may say it in other words";
  EXPECT_EQ(outcome(Protocol::Grpc, 3, 3), kSame);
  EXPECT_EQ(outcome(Protocol::Rest, 200, 503), ShadowOutcome::Failed);
  EXPECT_EQ(outcome(Protocol::Grpc, 0, 14), ShadowOutcome::Failed);
  EXPECT_EQ(outcome(Protocol::Rest, 500, 200), ShadowOutcome::Skipped);
}

}  // namespace
}  // namespace berth::router
