#include "serving/signature.h"

#include <gmock/gmock.h>

#include "serving/testing/models.h"

namespace berth::serving {
namespace {

using testing::data_of;
using ::testing::HasSubstr;
using testing::pairs;

TEST(Signature, ReadsWhatItWrites) {
  const Signature two{.inputs = {{"x", Datatype::Fp16, {-1, 3, -1}}, {"y", Datatype::Bool, {-1}}},
                      .outputs = {{"z", Datatype::Int64, {-1, 10}}}};
  const auto again = parse_signature(to_json(two));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, two);
}

TEST(Signature, RefusesWhatCannotBeServedAndSaysWhere) {
  const std::string good = R"({"name":"a","datatype":"FP32","shape":[-1,2]})";
  const auto inputs = [](const std::string& input) {
    return R"({"inputs":[)" + input + R"(],"outputs":[]})";
  };
  for (const auto& [json, want] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "want a JSON object"},
           {"{", "want a JSON object"},
           {"{}", "inputs: want at least one"},
           {inputs(good), "outputs: want at least one"},
           {inputs("7"), "inputs[0]: want an object"},
           {inputs(good + "," + good), "inputs[1].name: is there already"},
           {inputs(R"({"datatype":"FP32","shape":[-1]})"), "inputs[0].name"},
           {inputs(R"({"name":"a","datatype":"BYTES","shape":[-1]})"), "'BYTES' is not one"},
           {inputs(R"({"name":"a","datatype":"FP32","shape":[2,2]})"), "want -1, the batch"},
           {inputs(R"({"name":"a","datatype":"FP32","shape":[-1,-2]})"), "want -1 or a size"},
           {inputs(R"({"name":"a","datatype":"FP32","shape":[]})"), "inputs[0].shape"},
           {inputs(R"({"name":"a","datatype":"FP32","shape":[1.5]})"), "want whole numbers"}}) {
    const auto signature = parse_signature(json);
    ASSERT_FALSE(signature.ok()) << json;
    EXPECT_EQ(signature.error().code, Code::Invalid);
    EXPECT_THAT(signature.error().message, HasSubstr(want)) << json;
  }
}

Request with(Tensor tensor) {
  Request request;
  request.inputs.push_back(std::move(tensor));
  return request;
}

TEST(Fit, CountsRowsAndTakesOnlyWhatTheSignatureSays) {
  Request good = with({"x", Datatype::Fp32, {3, 2}, data_of<float>({1, 2, 3, 4, 5, 6})});
  EXPECT_EQ(fit(pairs(), good)->rows, 3);

  const auto data = data_of<float>({1, 2});
  for (const auto& [tensor, want] : std::vector<std::pair<Tensor, std::string>>{
           {{"y", Datatype::Fp32, {1, 2}, data}, "input 'y': the model has no such input"},
           {{"x", Datatype::Fp64, {1, 2}, data}, "want datatype FP32, got FP64"},
           {{"x", Datatype::Fp32, {2}, data}, "want shape [-1,2], got [2]"},
           {{"x", Datatype::Fp32, {1, 3}, data}, "want shape [-1,2], got [1,3]"},
           {{"x", Datatype::Fp32, {0, 2}, data}, "at least one element"},
           {{"x", Datatype::Fp32, {2, 2}, data}, "shape [2,2] wants 16 B, got 8"},
           {{"x", Datatype::Fp32, {int64_t{1} << 62, 2}, data}, "too large"}}) {
    Request request = with(tensor);
    const auto refused = fit(pairs(), request);
    ASSERT_FALSE(refused.ok()) << want;
    EXPECT_EQ(refused.error().code, Code::Invalid);
    EXPECT_THAT(refused.error().message, HasSubstr(want));
  }
}

TEST(Fit, PutsInputsInOrderAndWantsEachOnce) {
  const Signature two{.inputs = {{"a", Datatype::Int8, {-1}}, {"b", Datatype::Int8, {-1}}},
                      .outputs = {{"c", Datatype::Int8, {-1}}}};
  const Tensor a{"a", Datatype::Int8, {1}, data_of<int8_t>({1})};
  const Tensor b{"b", Datatype::Int8, {1}, data_of<int8_t>({2})};
  const Tensor longer{"b", Datatype::Int8, {2}, data_of<int8_t>({2, 2})};
  Request swapped{.inputs = {b, a}};
  ASSERT_TRUE(fit(two, swapped).ok());
  EXPECT_EQ(swapped.inputs[0].name, "a");
  for (const auto& [inputs, want] : std::vector<std::pair<std::vector<Tensor>, std::string>>{
           {{a}, "input 'b': is missing"},
           {{a, a}, "input 'a': is there twice"},
           {{a, longer}, "input 'b': want 1 rows"}}) {
    Request request{.inputs = inputs};
    EXPECT_THAT(fit(two, request).error().message, HasSubstr(want));
  }
}

TEST(Fit, OnlyOpenSizesMakeADifferentKind) {
  const Signature text{.inputs = {{"tokens", Datatype::Int64, {-1, -1}}},
                       .outputs = {{"c", Datatype::Fp32, {-1}}}};
  const auto kind_of = [&](Shape shape) {
    Request request =
        with({"tokens", Datatype::Int64, shape,
              data_of(std::vector<int64_t>(static_cast<size_t>(shape[0] * shape[1])))});
    return fit(text, request)->kind;
  };
  EXPECT_EQ(kind_of({1, 8}), kind_of({4, 8}));
  EXPECT_NE(kind_of({1, 8}), kind_of({1, 9}));
}

TEST(Fit, WantsOutputsThatTheModelHas) {
  Request request = testing::pair_request(1, 2);
  request.outputs = {{"nothing"}};
  EXPECT_THAT(fit(pairs(), request).error().message, HasSubstr("output 'nothing'"));
}

}  // namespace
}  // namespace berth::serving
