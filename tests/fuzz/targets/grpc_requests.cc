#include "serving/rest_codec.h"
#include "tests/fuzz/targets.h"
#include "worker/serve/grpc_codec.h"

namespace berth::fuzz {
namespace {

using namespace serving;

constexpr size_t kGrpcRoom = 1 << 16;

// An input of every datatype, and one whose sizes are open.
const Signature& every_datatype() {
  static const Signature made = [] {
    Signature all;
    for (const Datatype datatype :
         {Datatype::Bool, Datatype::Uint8, Datatype::Int8, Datatype::Int16, Datatype::Int32,
          Datatype::Int64, Datatype::Fp16, Datatype::Bf16, Datatype::Fp32, Datatype::Fp64}) {
      all.inputs.push_back({std::string(name_of(datatype)), datatype, {-1, 2}});
    }
    all.inputs.push_back({"open", Datatype::Fp32, {-1, -1, -1}});
    all.outputs = all.inputs;
    return all;
  }();
  return made;
}

// What is echoed is read as what it was.
void require_echo(const inference::ModelInferRequest& message, const Request& request) {
  inference::ModelInferResponse answer;
  worker::to_proto({"model", "1"}, request, message.raw_input_contents_size() > 0, request.inputs,
                   answer);
  require(answer.id() == message.id(), "another id");
  const int raw = answer.raw_output_contents_size();
  require(raw == 0 || raw == answer.outputs_size(), "raw contents of some outputs only");
  for (const auto& output : answer.outputs()) {
    require(raw == 0 || output.contents().ByteSizeLong() == 0, "raw and typed contents");
  }
  inference::ModelInferResponse again;
  require(again.ParseFromString(answer.SerializeAsString()), "an answer that cannot be read");
}

}  // namespace

// ModelInferRequest as it is encoded, without what gRPC puts before it.
void grpc_requests(std::string_view input) {
  inference::ModelInferRequest message;
  if (!message.ParseFromArray(input.data(), static_cast<int>(input.size()))) return;
  http::BodyRoom room(std::make_shared<std::atomic<size_t>>(0), kGrpcRoom);
  auto request = worker::from_proto(message, every_datatype(), room);
  require(room.held() <= kGrpcRoom, "more held than there is room");
  if (!request.ok()) {
    require(!request.error().message.empty(), "a refusal without a word");
    return;
  }
  require_echo(message, *request);
  const auto fitting = fit(every_datatype(), *request);
  if (!fitting.ok()) return;
  require(fitting->rows > 0, "a request of no rows");
  for (const Tensor& tensor : request->inputs) {
    require(tensor.data.bytes.size() ==
                static_cast<size_t>(*elements_of(tensor.shape)) * bytes_of(tensor.datatype),
            "fewer bytes than the shape has");
  }
}

}  // namespace berth::fuzz
