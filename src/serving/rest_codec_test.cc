#include "serving/rest_codec.h"

#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "serving/testing/models.h"

namespace berth::serving {
namespace {

using testing::data_of;
using testing::elements_in;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::pairs;

class RestCodec : public ::testing::Test {
 protected:
  Result<Request> parse(std::string body, std::optional<size_t> header_bytes = {}) {
    return parse_infer(signature_, std::move(body), header_bytes, room_);
  }
  // One input with these fields beside its name.
  Result<Request> parse_input(const std::string& fields) {
    return parse(R"({"inputs":[{"name":"x",)" + fields + "}]}");
  }
  std::string refusal(const std::string& fields) {
    const auto request = parse_input(fields);
    return request.ok() ? "taken" : request.error().message;
  }
  void serve(Datatype datatype) { signature_.inputs[0].datatype = datatype; }

  Signature signature_ = pairs();
  http::BodyRoom room_{std::make_shared<std::atomic<size_t>>(0), 10'000};
};

TEST_F(RestCodec, ReadsFlatAndNestedDataInAnyOrderOfFields) {
  for (const char* fields :
       {R"("shape":[2,2],"datatype":"FP32","data":[1,2.5,-3e2,4])",
        R"("shape":[2,2],"datatype":"FP32","data":[[1,2.5],[-3e2,4]])",
        R"("data":[[1,2.5],[-300,4]],"parameters":{"a":[{}]},"datatype":"FP32","shape":[2,2])"}) {
    const auto request = parse_input(fields);
    ASSERT_TRUE(request.ok()) << fields << request.error().message;
    EXPECT_EQ(request->inputs[0].shape, (Shape{2, 2}));
    EXPECT_THAT(elements_in<float>(request->inputs[0]), ElementsAre(1, 2.5, -300, 4));
  }
}

TEST_F(RestCodec, ReadsEveryDatatypeWithAJsonForm) {
  const auto read = [this](Datatype datatype, const std::string& data) {
    serve(datatype);
    return parse_input(R"("shape":[1,2],"datatype":")" + std::string(name_of(datatype)) +
                       R"(","data":)" + data);
  };
  EXPECT_THAT(elements_in<uint8_t>(read(Datatype::Bool, "[true,false]")->inputs[0]),
              ElementsAre(1, 0));
  EXPECT_THAT(elements_in<uint8_t>(read(Datatype::Uint8, "[0,255]")->inputs[0]),
              ElementsAre(0, 255));
  EXPECT_THAT(elements_in<int8_t>(read(Datatype::Int8, "[-128,127]")->inputs[0]),
              ElementsAre(-128, 127));
  EXPECT_THAT(elements_in<int16_t>(read(Datatype::Int16, "[-9,9]")->inputs[0]), ElementsAre(-9, 9));
  EXPECT_THAT(elements_in<int32_t>(read(Datatype::Int32, "[-9,9]")->inputs[0]), ElementsAre(-9, 9));
  EXPECT_THAT(elements_in<int64_t>(read(Datatype::Int64, "[-9007199254740993,1]")->inputs[0]),
              ElementsAre(-9007199254740993, 1));
  EXPECT_THAT(elements_in<double>(read(Datatype::Fp64, "[0.1,1e300]")->inputs[0]),
              ElementsAre(0.1, 1e300));
  for (const auto& [datatype, data] :
       std::vector<std::pair<Datatype, std::string>>{{Datatype::Uint8, "[256,0]"},
                                                     {Datatype::Uint8, "[-1,0]"},
                                                     {Datatype::Int8, "[128,0]"},
                                                     {Datatype::Int32, "[1.5,0]"},
                                                     {Datatype::Bool, "[1,0]"},
                                                     {Datatype::Fp32, "[1e39,0]"},
                                                     {Datatype::Fp32, "[null,0]"},
                                                     {Datatype::Fp32, "[\"1\",0]"}}) {
    EXPECT_THAT(read(datatype, data).error().message,
                HasSubstr("input 'x': element 0 of data does not fit"))
        << data;
  }
  EXPECT_THAT(read(Datatype::Fp16, "[1,2]").error().message, HasSubstr("no form in JSON"));
}

TEST_F(RestCodec, RefusesWhatDoesNotAddUpNamingTheInput) {
  const std::string head = R"("datatype":"FP32",)";
  EXPECT_THAT(refusal(head + R"("shape":[1,3],"data":[1])"),
              HasSubstr("input 'x': shape wants 3 elements, data has 1"));
  EXPECT_THAT(refusal(head + R"("shape":[1,2],"data":[1,2,3])"),
              HasSubstr("shape wants 2 elements, data has more"));
  EXPECT_THAT(refusal(head + R"("shape":[1000000000,2],"data":[1])"), HasSubstr("more elements"));
  EXPECT_THAT(refusal(head + R"("shape":[-1,2],"data":[1])"), HasSubstr("shape: want"));
  EXPECT_THAT(refusal(head + R"("shape":[1,2])"), HasSubstr("data: want a list"));
  EXPECT_THAT(refusal(R"("datatype":"INT32","shape":[1,2],"data":[1,2])"),
              HasSubstr("want datatype FP32, got 'INT32'"));
  EXPECT_THAT(refusal(head + R"("shape":[1,2],"data":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]])"),
              HasSubstr("nested too deep"));
}

TEST_F(RestCodec, RefusesWhatIsNoRequest) {
  for (const auto& [body, want] : std::vector<std::pair<std::string, std::string>>{
           {"", "not JSON"},
           {"hello", "not JSON"},
           {R"({"inputs":[]} trailing)", "not JSON"},
           {R"({"parameters":{"a"::"b":tru]}}]})", "not JSON"},
           {"[1]", "want a JSON object"},
           {"{}", "inputs: want a list"},
           {R"({"inputs":7})", "inputs: want a list"},
           {R"({"inputs":[7]})", "want objects"},
           {R"({"inputs":[{"name":"y"}]})", "input 'y': the model has no such input"},
           {R"({"id":7,"inputs":[]})", "id: want a text"}}) {
    const auto request = parse(body);
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_EQ(request.error().code, Code::Invalid);
    EXPECT_THAT(request.error().message, HasSubstr(want)) << body;
  }
}

TEST_F(RestCodec, TakesBinaryTensorsFromBehindTheJson) {
  const std::string json = R"({"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32",)"
                           R"("parameters":{"binary_data_size":8}}],)"
                           R"("outputs":[{"name":"sum","parameters":{"binary_data":true}}]})";
  const std::vector<float> raw{1.5, 2};
  const std::string body = json + std::string(reinterpret_cast<const char*>(raw.data()), 8);
  const auto request = parse(body, json.size());
  ASSERT_TRUE(request.ok()) << request.error().message;
  EXPECT_THAT(elements_in<float>(request->inputs[0]), ElementsAre(1.5, 2));
  EXPECT_TRUE(request->outputs[0].is_binary);
  EXPECT_EQ(room_.held(), 0U) << "a view of the body";

  EXPECT_THAT(parse(body + "more", json.size()).error().message, HasSubstr("4 B of binary data"));
  EXPECT_THAT(parse(body.substr(0, body.size() - 1), json.size()).error().message,
              HasSubstr("8 B, but 7 B are left"));
  EXPECT_THAT(parse(json, json.size() + 1).error().message,
              HasSubstr("Inference-Header-Content-Length"));
}

TEST_F(RestCodec, TakesRoomForWhatItDecodes) {
  ASSERT_TRUE(parse_input(R"("datatype":"FP32","shape":[1,2],"data":[1,2])").ok());
  EXPECT_EQ(room_.held(), 8U) << "what reading takes is given back";
  ASSERT_TRUE(room_.take(9'500));
  const auto refused = parse_input(R"("datatype":"FP32","shape":[1,2],"data":[1,2])");
  EXPECT_EQ(refused.error().code, Code::Unavailable);
  EXPECT_EQ(room_.held(), 9'508U);
}

TEST_F(RestCodec, OutputsFollowTheRequestUnlessTheySayOtherwise) {
  const auto request = parse(R"({"parameters":{"binary_data_output":true},"inputs":[],)"
                             R"("outputs":[{"name":"sum","parameters":{"binary_data":false}}]})");
  ASSERT_TRUE(request.ok());
  EXPECT_TRUE(request->wants_binary);
  EXPECT_FALSE(request->outputs[0].is_binary);
  EXPECT_THAT(parse(R"({"inputs":[],"outputs":[{"name":"sum","parameters":{"classification":1}}]})")
                  .error()
                  .message,
              HasSubstr("classification is not offered"));
}

Outputs sum_of(std::vector<float> values) {
  const auto rows = static_cast<int64_t>(values.size());
  return {{"sum", Datatype::Fp32, {rows}, data_of(values)}};
}

TEST_F(RestCodec, AnswersInJson) {
  const Request request{.id = "a\"b"};
  const auto answer = render_infer({"m", "3"}, request, sum_of({0.1F, -2}));
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->header_bytes);
  EXPECT_EQ(answer->body, R"({"model_name":"m","model_version":"3","id":"a\"b","outputs":)"
                          R"([{"name":"sum","datatype":"FP32","shape":[2],"data":[0.1,-2]}]})");
}

TEST_F(RestCodec, AnswersWithRawBytesBehindTheJson) {
  const Request request{.wants_binary = true};
  const auto answer = render_infer({"m", "3"}, request, sum_of({0.5F}));
  ASSERT_TRUE(answer->header_bytes);
  const auto json = nlohmann::json::parse(answer->body.substr(0, *answer->header_bytes));
  EXPECT_EQ(json["outputs"][0]["parameters"]["binary_data_size"], 4);
  EXPECT_FALSE(json["outputs"][0].contains("data"));
  EXPECT_EQ(answer->body.substr(*answer->header_bytes), std::string("\0\0\0\x3f", 4));
}

TEST_F(RestCodec, DoesNotInventNumbers) {
  const auto refused =
      render_infer({"m", "3"}, {}, sum_of({1, std::numeric_limits<float>::quiet_NaN()}));
  EXPECT_THAT(refused.error().message, HasSubstr("output 'sum': element 1 is infinite"));
}

TEST_F(RestCodec, EveryFloatComesBackAsItWas) {
  for (const float value : {0.1F, 1e-45F, 3.4028235e38F, -0.0F, 16777217.0F}) {
    const auto answer = render_infer({"m", "1"}, {}, sum_of({value}));
    const auto json = nlohmann::json::parse(answer->body);
    EXPECT_EQ(json["outputs"][0]["data"][0].get<float>(), value);
  }
}

}  // namespace
}  // namespace berth::serving
