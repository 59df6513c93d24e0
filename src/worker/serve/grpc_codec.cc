#include "worker/serve/grpc_codec.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "serving/invalid.h"

namespace berth::worker {
namespace {

using google::protobuf::RepeatedField;
using inference::InferTensorContents;
using serving::Datatype;
using serving::invalid;
using serving::Tensor;

// The field of the contents that holds elements of this type; null for those without one.
template <class Contents, class Use>
bool with_field(Contents& contents, Datatype datatype, Use&& use) {
  switch (datatype) {
    case Datatype::Bool: use(contents.bool_contents(), bool{}); return true;
    case Datatype::Uint8: use(contents.uint_contents(), uint8_t{}); return true;
    case Datatype::Int8: use(contents.int_contents(), int8_t{}); return true;
    case Datatype::Int16: use(contents.int_contents(), int16_t{}); return true;
    case Datatype::Int32: use(contents.int_contents(), int32_t{}); return true;
    case Datatype::Int64: use(contents.int64_contents(), int64_t{}); return true;
    case Datatype::Fp32: use(contents.fp32_contents(), float{}); return true;
    case Datatype::Fp64: use(contents.fp64_contents(), double{}); return true;
    case Datatype::Fp16:
    case Datatype::Bf16: break;
  }
  return false;
}

// A field as elements of type T: where it lies when the widths agree, else converted.
template <class Wide, class T>
Result<serving::Data> elements(const RepeatedField<Wide>& field, T, http::BodyRoom& room) {
  if constexpr (std::is_same_v<Wide, T>) {
    return serving::Data{std::as_bytes(std::span(field.data(), static_cast<size_t>(field.size()))),
                         nullptr};
  } else {
    const size_t bytes = static_cast<size_t>(field.size()) * sizeof(T);
    if (!room.take(bytes)) {
      return Error{Code::Unavailable, "there is no room for " + std::to_string(bytes) + " B now"};
    }
    std::vector<std::byte> narrow(bytes);
    size_t at = 0;
    for (const Wide wide : field) {
      const T element = static_cast<T>(wide);
      if (element != wide)
        return invalid("element " + std::to_string(at / sizeof(T)) + " does not fit the datatype");
      std::memcpy(narrow.data() + at, &element, sizeof(T));
      at += sizeof(T);
    }
    return serving::own(std::move(narrow));
  }
}

Result<serving::Data> typed_data(const InferTensorContents& contents, const Tensor& tensor,
                                 http::BodyRoom& room) {
  Result<serving::Data> data = invalid(std::string(serving::name_of(tensor.datatype)) +
                                       " has no typed contents: send raw_input_contents");
  with_field(contents, tensor.datatype,
             [&](const auto& field, auto element) { data = elements(field, element, room); });
  if (!data.ok()) return data;
  const auto want = serving::elements_of(tensor.shape);
  const size_t got = data->bytes.size() / serving::bytes_of(tensor.datatype);
  if (!want || static_cast<size_t>(*want) != got) {
    return invalid("shape " + serving::text_of(tensor.shape) + " does not have the " +
                   std::to_string(got) + " elements of contents");
  }
  return data;
}

Result<Tensor> input_of(const inference::ModelInferRequest& message, int index,
                        const serving::Signature& signature, http::BodyRoom& room) {
  const auto& input = message.inputs(index);
  const serving::TensorSpec* spec = signature.input(input.name());
  if (!spec) return invalid("the model has no such input");
  if (input.datatype() != serving::name_of(spec->datatype)) {
    return invalid("want datatype " + std::string(serving::name_of(spec->datatype)) + ", got '" +
                   input.datatype() + "'");
  }
  if (static_cast<size_t>(input.shape_size()) > serving::kRankMax) {
    return invalid("shape: want at most " + std::to_string(serving::kRankMax) + " sizes");
  }
  Tensor tensor{.name = input.name(),
                .datatype = spec->datatype,
                .shape = {input.shape().begin(), input.shape().end()}};
  if (message.raw_input_contents_size() == 0) {
    tensor.data = BERTH_TRY(typed_data(input.contents(), tensor, room));
    return tensor;
  }
  if (input.contents().ByteSizeLong() > 0) {
    return invalid("contents and raw_input_contents in one message");
  }
  const std::string& raw = message.raw_input_contents(index);
  tensor.data = {std::as_bytes(std::span(raw.data(), raw.size())), nullptr};
  return tensor;
}

void append_typed(const Tensor& tensor, InferTensorContents& contents) {
  const auto append = [&](auto* field, auto element) {
    using T = decltype(element);
    const size_t count = tensor.data.bytes.size() / sizeof(T);
    field->Reserve(static_cast<int>(count));
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(&element, tensor.data.bytes.data() + i * sizeof(T), sizeof(T));
      field->AddAlreadyReserved(element);
    }
  };
  switch (tensor.datatype) {
    case Datatype::Bool: return append(contents.mutable_bool_contents(), bool{});
    case Datatype::Uint8: return append(contents.mutable_uint_contents(), uint8_t{});
    case Datatype::Int8: return append(contents.mutable_int_contents(), int8_t{});
    case Datatype::Int16: return append(contents.mutable_int_contents(), int16_t{});
    case Datatype::Int32: return append(contents.mutable_int_contents(), int32_t{});
    case Datatype::Int64: return append(contents.mutable_int64_contents(), int64_t{});
    case Datatype::Fp32: return append(contents.mutable_fp32_contents(), float{});
    case Datatype::Fp64: return append(contents.mutable_fp64_contents(), double{});
    case Datatype::Fp16:
    case Datatype::Bf16: return;
  }
}

bool is_wanted(const serving::Request& request, const std::string& name) {
  return request.outputs.empty() ||
         std::any_of(request.outputs.begin(), request.outputs.end(),
                     [&name](const serving::Wanted& wanted) { return wanted.name == name; });
}

}  // namespace

Result<serving::Request> from_proto(const inference::ModelInferRequest& message,
                                    const serving::Signature& signature, http::BodyRoom& room) {
  serving::Request request{.id = message.id()};
  const int raw = message.raw_input_contents_size();
  if (raw != 0 && raw != message.inputs_size()) {
    return invalid("raw_input_contents: want one for each of " +
                   std::to_string(message.inputs_size()) + " inputs, got " + std::to_string(raw));
  }
  if (static_cast<size_t>(message.inputs_size()) > signature.inputs.size()) {
    return invalid("inputs: the model has only " + std::to_string(signature.inputs.size()));
  }
  for (int i = 0; i < message.inputs_size(); ++i) {
    auto tensor = input_of(message, i, signature, room);
    if (!tensor.ok()) {
      return Error{tensor.error().code,
                   "input '" + message.inputs(i).name() + "': " + tensor.error().message};
    }
    request.inputs.push_back(std::move(*tensor));
  }
  for (const auto& output : message.outputs()) request.outputs.push_back({output.name()});
  return request;
}

void to_proto(const serving::ModelName& model, const serving::Request& request, bool is_raw,
              const serving::Outputs& outputs, inference::ModelInferResponse& message) {
  message.set_model_name(model.name);
  message.set_model_version(model.version);
  message.set_id(request.id);
  for (const Tensor& output : outputs) {
    is_raw = is_raw || (is_wanted(request, output.name) && !has_json_form(output.datatype));
  }
  for (const Tensor& output : outputs) {
    if (!is_wanted(request, output.name)) continue;
    auto& tensor = *message.add_outputs();
    tensor.set_name(output.name);
    tensor.set_datatype(std::string(serving::name_of(output.datatype)));
    tensor.mutable_shape()->Add(output.shape.begin(), output.shape.end());
    const auto bytes = output.data.bytes;
    if (is_raw) {
      message.add_raw_output_contents(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    } else {
      append_typed(output, *tensor.mutable_contents());
    }
  }
}

void to_proto(const serving::TensorSpec& spec,
              inference::ModelMetadataResponse::TensorMetadata& message) {
  message.set_name(spec.name);
  message.set_datatype(std::string(serving::name_of(spec.datatype)));
  message.mutable_shape()->Add(spec.shape.begin(), spec.shape.end());
}

}  // namespace berth::worker
