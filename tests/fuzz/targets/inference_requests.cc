#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>

#include "serving/rest_codec.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

using namespace serving;

constexpr size_t kRoom = 1 << 16;

// An input of every datatype, and one whose sizes are open.
const Signature& signature() {
  static const Signature made = [] {
    Signature all;
    for (const Datatype datatype :
         {Datatype::Bool, Datatype::Uint8, Datatype::Int8, Datatype::Int16, Datatype::Int32,
          Datatype::Int64, Datatype::Fp16, Datatype::Fp32, Datatype::Fp64}) {
      all.inputs.push_back({std::string(name_of(datatype)), datatype, {-1, 2}});
    }
    all.inputs.push_back({"open", Datatype::Fp32, {-1, -1, -1}});
    all.outputs = all.inputs;
    return all;
  }();
  return made;
}

// What was read of a request is whole, and can be said again as an answer.
void check(const Request& request, const http::BodyRoom& room) {
  require(room.held() <= kRoom, "more held than there is room");
  size_t decoded = 0;
  for (const Tensor& tensor : request.inputs) {
    const TensorSpec* spec = signature().input(tensor.name);
    require(spec && spec->datatype == tensor.datatype, "an input that the model has not");
    decoded += tensor.data.bytes.size();
  }
  require(room.held() <= decoded, "more held than decoded");
  const auto answer = render_infer({"model", "1"}, request, request.inputs);
  if (!answer.ok()) return;
  const std::string_view json =
      std::string_view(answer->body).substr(0, answer->header_bytes.value_or(answer->body.size()));
  require(nlohmann::json::accept(json), "an answer that is not JSON");
}

}  // namespace

// The first line is Inference-Header-Content-Length, or empty; then the body.
void inference_requests(std::string_view input) {
  const std::string_view line = take_until(input, '\n');
  std::optional<size_t> header_bytes;
  size_t number = 0;
  if (std::from_chars(line.data(), line.data() + line.size(), number).ec == std::errc{}) {
    header_bytes = number;
  }
  http::BodyRoom room(std::make_shared<std::atomic<size_t>>(0), kRoom);
  auto request = parse_infer(signature(), std::string(input), header_bytes, room);
  if (!request.ok()) {
    require(!request.error().message.empty(), "a refusal without a word");
    return;
  }
  check(*request, room);
  const auto fitting = fit(signature(), *request);
  if (!fitting.ok()) return;
  require(fitting->rows > 0, "a request of no rows");
  for (const Tensor& tensor : request->inputs) {
    require(tensor.data.bytes.size() ==
                static_cast<size_t>(*elements_of(tensor.shape)) * bytes_of(tensor.datatype),
            "fewer bytes than the shape has");
  }
}

}  // namespace berth::fuzz
