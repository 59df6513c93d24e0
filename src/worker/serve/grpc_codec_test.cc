#include "worker/serve/grpc_codec.h"

#include <gmock/gmock.h>

#include "serving/testing/models.h"

namespace berth::worker {
namespace {

using serving::Datatype;
using serving::Signature;
using serving::testing::data_of;
using serving::testing::elements_in;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GrpcCodec : public ::testing::Test {
 protected:
  inference::ModelInferRequest::InferInputTensor& add_input(const std::string& datatype = "FP32") {
    auto& input = *message_.add_inputs();
    input.set_name("x");
    input.set_datatype(datatype);
    input.add_shape(1);
    input.add_shape(2);
    return input;
  }
  Result<serving::Request> parse() { return from_proto(message_, signature_, room_); }
  std::string refusal() {
    const auto request = parse();
    return request.ok() ? "taken" : request.error().message;
  }

  Signature signature_ = serving::testing::pairs();
  inference::ModelInferRequest message_;
  http::BodyRoom room_{std::make_shared<std::atomic<size_t>>(0), 100};
};

TEST_F(GrpcCodec, LooksAtRawContentsWhereTheyLie) {
  add_input();
  message_.set_id("7");
  message_.add_outputs()->set_name("sum");
  message_.add_raw_input_contents(std::string(8, '\0'));
  const auto request = parse();
  ASSERT_TRUE(request.ok()) << request.error().message;
  EXPECT_EQ(request->id, "7");
  EXPECT_EQ(request->outputs[0].name, "sum");
  EXPECT_EQ(static_cast<const void*>(request->inputs[0].data.bytes.data()),
            message_.raw_input_contents(0).data());
  EXPECT_EQ(room_.held(), 0U);
}

TEST_F(GrpcCodec, ReadsTypedContentsAndNarrowsThem) {
  auto& contents = *add_input().mutable_contents();
  contents.add_fp32_contents(1.5);
  contents.add_fp32_contents(2);
  EXPECT_THAT(elements_in<float>(parse()->inputs[0]), ElementsAre(1.5, 2));

  message_.Clear();
  signature_.inputs[0].datatype = Datatype::Int8;
  auto& narrow = *add_input("INT8").mutable_contents();
  narrow.add_int_contents(-128);
  narrow.add_int_contents(127);
  EXPECT_THAT(elements_in<int8_t>(parse()->inputs[0]), ElementsAre(-128, 127));
  EXPECT_EQ(room_.held(), 2U);
  narrow.set_int_contents(1, 128);
  EXPECT_EQ(refusal(), "input 'x': element 1 does not fit the datatype");
}

TEST_F(GrpcCodec, RefusesWhatDoesNotAddUp) {
  auto& input = add_input();
  EXPECT_THAT(refusal(), HasSubstr("input 'x': shape [1,2] does not have the 0 elements"));
  input.mutable_contents()->add_fp32_contents(1);
  message_.add_raw_input_contents(std::string(8, '\0'));
  EXPECT_THAT(refusal(), HasSubstr("contents and raw_input_contents in one message"));
  message_.add_raw_input_contents("");
  EXPECT_THAT(refusal(), HasSubstr("raw_input_contents: want one for each of 1 inputs, got 2"));
  message_.clear_raw_input_contents();
  input.set_datatype("FP64");
  EXPECT_THAT(refusal(), HasSubstr("want datatype FP32, got 'FP64'"));
  input.set_name("y");
  EXPECT_THAT(refusal(), HasSubstr("input 'y': the model has no such input"));
  add_input();
  EXPECT_THAT(refusal(), HasSubstr("the model has only 1"));
}

TEST_F(GrpcCodec, HalvesTravelRawOnly) {
  signature_.inputs[0].datatype = Datatype::Fp16;
  add_input("FP16").mutable_contents()->add_fp32_contents(1);
  EXPECT_THAT(refusal(), HasSubstr("FP16 has no typed contents"));
}

TEST_F(GrpcCodec, AnswersAsItWasAskedRawOrTyped) {
  const serving::Outputs outputs{{"sum", Datatype::Fp32, {2}, data_of<float>({1, 2})}};
  const serving::Request request{.id = "7"};
  inference::ModelInferResponse raw;
  to_proto({"m", "1"}, request, true, outputs, raw);
  EXPECT_EQ(raw.id(), "7");
  EXPECT_EQ(raw.raw_output_contents(0).size(), 8U);
  EXPECT_FALSE(raw.outputs(0).has_contents());
  inference::ModelInferResponse typed;
  to_proto({"m", "1"}, request, false, outputs, typed);
  EXPECT_EQ(typed.raw_output_contents_size(), 0);
  EXPECT_THAT(typed.outputs(0).contents().fp32_contents(), ElementsAre(1, 2));
}

TEST_F(GrpcCodec, NeverMixesRawAndTyped) {
  const serving::Outputs outputs{{"sum", Datatype::Fp32, {1}, data_of<float>({1})},
                                 {"half", Datatype::Fp16, {1}, data_of<uint16_t>({1})}};
  inference::ModelInferResponse message;
  to_proto({"m", "1"}, {}, false, outputs, message);
  EXPECT_EQ(message.raw_output_contents_size(), 2);
  EXPECT_FALSE(message.outputs(0).has_contents());
  message.Clear();
  serving::Request request;
  request.outputs = {{"sum"}};
  to_proto({"m", "1"}, request, false, outputs, message);
  EXPECT_EQ(message.raw_output_contents_size(), 0) << "half was not asked for";
}

}  // namespace
}  // namespace berth::worker
