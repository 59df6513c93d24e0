#include <simdjson.h>

#include <utility>

#include "serving/invalid.h"
#include "serving/json_data.h"
#include "serving/rest_codec.h"

namespace berth::serving {
namespace {

namespace dom = simdjson::dom;
using simdjson::SUCCESS;

// What the parser needs for a byte of text: a word of its tape, an index, and room for strings.
// Its lazy interface needs less, but takes what is no JSON for what it may rely on.
constexpr size_t kScratchPerByte = 14;

// A parser keeps what it needed for the largest text; beyond this it is not kept.
constexpr size_t kKeptCapacity = size_t{1} << 20;

// Reads object[key] with `read`, where it is there.
template <class Read>
Status optional_field(dom::object object, std::string_view key, Read&& read) {
  dom::element value;
  if (object[key].get(value) != SUCCESS) return Done{};
  return read(value);
}

Status read_text(dom::element value, const char* what, std::string& out) {
  std::string_view text;
  if (value.get_string().get(text) != SUCCESS) return invalid(std::string(what) + ": want a text");
  out = text;
  return Done{};
}

Status read_bool(dom::element value, const char* what, bool& out) {
  if (value.get_bool().get(out) != SUCCESS) {
    return invalid(std::string(what) + ": want true or false");
  }
  return Done{};
}

class InferReader {
 public:
  InferReader(const Signature& signature, const Data& body, size_t header_bytes,
              http::BodyRoom& room)
      : signature_(signature),
        body_(body),
        header_bytes_(header_bytes),
        raw_at_(header_bytes),
        room_(room) {}

  Result<Request> read(dom::element document) {
    dom::object root;
    if (document.get_object().get(root) != SUCCESS) return invalid("want a JSON object");
    BERTH_TRY(optional_field(
        root, "id", [&](dom::element value) { return read_text(value, "id", request_.id); }));
    BERTH_TRY(optional_field(root, "parameters",
                             [&](dom::element value) { return read_parameters(value); }));
    dom::array inputs;
    if (root["inputs"].get_array().get(inputs) != SUCCESS) {
      return invalid("inputs: want a list");
    }
    BERTH_TRY(each(inputs, "inputs", [&](dom::object input) { return read_input(input); }));
    BERTH_TRY(
        optional_field(root, "outputs", [&](dom::element value) { return read_outputs(value); }));
    if (raw_at_ != body_.bytes.size()) {
      return invalid(std::to_string(body_.bytes.size() - raw_at_) +
                     " B of binary data belong to no input");
    }
    return std::move(request_);
  }

 private:
  template <class Read>
  static Status each(dom::array list, const char* what, Read&& read) {
    for (const dom::element entry : list) {
      dom::object object;
      if (entry.get_object().get(object) != SUCCESS) {
        return invalid(std::string(what) + ": want objects in the list");
      }
      BERTH_TRY(read(object));
    }
    return Done{};
  }

  Status read_parameters(dom::element value) {
    dom::object parameters;
    if (value.get_object().get(parameters) != SUCCESS) {
      return invalid("parameters: want an object");
    }
    return optional_field(parameters, "binary_data_output", [&](dom::element flag) {
      return read_bool(flag, "parameters.binary_data_output", request_.wants_binary);
    });
  }

  Status read_input(dom::object object) {
    if (request_.inputs.size() == signature_.inputs.size()) {
      return invalid("inputs: the model has only " + std::to_string(signature_.inputs.size()));
    }
    Tensor tensor;
    BERTH_TRY(optional_field(
        object, "name", [&](dom::element value) { return read_text(value, "name", tensor.name); }));
    const TensorSpec* spec = signature_.input(tensor.name);
    if (!spec) return invalid("input '" + tensor.name + "': the model has no such input");
    Status status = read_tensor(object, *spec, tensor);
    if (!status.ok()) {
      return Error{status.error().code, "input '" + tensor.name + "': " + status.error().message};
    }
    request_.inputs.push_back(std::move(tensor));
    return Done{};
  }

  Status read_tensor(dom::object object, const TensorSpec& spec, Tensor& tensor) {
    std::string datatype;
    BERTH_TRY(optional_field(object, "datatype", [&](dom::element value) {
      return read_text(value, "datatype", datatype);
    }));
    tensor.datatype = spec.datatype;
    if (datatype != name_of(spec.datatype)) {
      return invalid("want datatype " + std::string(name_of(spec.datatype)) + ", got '" + datatype +
                     "'");
    }
    BERTH_TRY(read_shape(object, tensor.shape));
    std::optional<uint64_t> raw_bytes;
    BERTH_TRY(optional_field(object, "parameters",
                             [&](dom::element value) { return read_raw_size(value, raw_bytes); }));
    if (raw_bytes) return take_raw(*raw_bytes, tensor);
    return read_data(object, tensor);
  }

  static Status read_shape(dom::object object, Shape& shape) {
    dom::array sizes;
    if (object["shape"].get_array().get(sizes) != SUCCESS) {
      return invalid("shape: want a list of whole numbers");
    }
    for (const dom::element size : sizes) {
      int64_t number = 0;
      if (size.get_int64().get(number) != SUCCESS || number < 0 || shape.size() == kRankMax) {
        return invalid("shape: want at most " + std::to_string(kRankMax) + " sizes from 0 on");
      }
      shape.push_back(number);
    }
    return Done{};
  }

  static Status read_raw_size(dom::element value, std::optional<uint64_t>& bytes) {
    dom::object parameters;
    if (value.get_object().get(parameters) != SUCCESS) {
      return invalid("parameters: want an object");
    }
    return optional_field(parameters, "binary_data_size", [&](dom::element size) -> Status {
      uint64_t number = 0;
      if (size.get_uint64().get(number) != SUCCESS) {
        return invalid("binary_data_size: want a whole number");
      }
      bytes = number;
      return Done{};
    });
  }

  // The next bytes behind the JSON.
  Status take_raw(uint64_t bytes, Tensor& tensor) {
    if (bytes > body_.bytes.size() - raw_at_) {
      return invalid("binary_data_size: " + std::to_string(bytes) + " B, but " +
                     std::to_string(body_.bytes.size() - raw_at_) + " B are left of the body");
    }
    tensor.data = {body_.bytes.subspan(raw_at_, bytes), body_.owner};
    raw_at_ += bytes;
    return Done{};
  }

  Status read_data(dom::object object, Tensor& tensor) {
    const auto elements = elements_of(tensor.shape);
    dom::array data;
    if (object["data"].get_array().get(data) != SUCCESS) {
      return invalid("data: want a list, or binary_data_size in parameters");
    }
    // Each element and what separates it from the next take two characters.
    if (!elements || static_cast<size_t>(*elements) > header_bytes_) {
      return invalid("shape " + text_of(tensor.shape) + " has more elements than data");
    }
    const size_t bytes = static_cast<size_t>(*elements) * bytes_of(tensor.datatype);
    if (!room_.take(bytes)) {
      return Error{Code::Unavailable, "there is no room for " + std::to_string(bytes) + " B now"};
    }
    std::vector<std::byte> decoded(bytes);
    BERTH_TRY(read_elements(data, tensor.datatype, decoded));
    tensor.data = own(std::move(decoded));
    return Done{};
  }

  Status read_outputs(dom::element value) {
    dom::array outputs;
    if (value.get_array().get(outputs) != SUCCESS) return invalid("outputs: want a list");
    return each(outputs, "outputs", [&](dom::object output) -> Status {
      if (request_.outputs.size() == signature_.outputs.size()) {
        return invalid("outputs: the model has only " + std::to_string(signature_.outputs.size()));
      }
      Wanted wanted{.is_binary = request_.wants_binary};
      BERTH_TRY(optional_field(
          output, "name", [&](dom::element name) { return read_text(name, "name", wanted.name); }));
      BERTH_TRY(optional_field(output, "parameters", [&](dom::element parameters) {
        return read_output_parameters(parameters, wanted);
      }));
      request_.outputs.push_back(std::move(wanted));
      return Done{};
    });
  }

  static Status read_output_parameters(dom::element value, Wanted& wanted) {
    dom::object parameters;
    if (value.get_object().get(parameters) != SUCCESS) {
      return invalid("output '" + wanted.name + "': parameters: want an object");
    }
    BERTH_TRY(optional_field(parameters, "binary_data", [&](dom::element flag) {
      return read_bool(flag, "binary_data", wanted.is_binary);
    }));
    return optional_field(parameters, "classification", [&](dom::element) -> Status {
      return invalid("output '" + wanted.name + "': classification is not offered");
    });
  }

  const Signature& signature_;
  const Data& body_;
  const size_t header_bytes_;
  size_t raw_at_;
  http::BodyRoom& room_;
  Request request_;
};

}  // namespace

Result<Request> parse_infer(const Signature& signature, std::string body,
                            std::optional<size_t> header_bytes, http::BodyRoom& room) {
  const size_t json_bytes = header_bytes.value_or(body.size());
  if (json_bytes > body.size()) {
    return invalid("Inference-Header-Content-Length is " + std::to_string(json_bytes) +
                   ", but the body has only " + std::to_string(body.size()) + " B");
  }
  auto owner = std::make_shared<std::string>(std::move(body));
  // Raw tensors behind the JSON are what the parser may read past its end; else room is made.
  if (owner->size() - json_bytes < simdjson::SIMDJSON_PADDING) {
    owner->reserve(json_bytes + simdjson::SIMDJSON_PADDING);
  }
  const Data bytes{std::as_bytes(std::span(owner->data(), owner->size())), owner};
  const size_t scratch_bytes = kScratchPerByte * json_bytes;
  if (!room.take(scratch_bytes)) {
    return Error{Code::Unavailable,
                 "there is no room to read " + std::to_string(json_bytes) + " B of JSON now"};
  }
  thread_local std::unique_ptr<dom::parser> parser;
  if (!parser) parser = std::make_unique<dom::parser>();
  dom::element document;
  Result<Request> request = invalid("this is not JSON");
  constexpr bool kCopyForPadding = false;
  if (parser->parse(owner->data(), json_bytes, kCopyForPadding).get(document) == SUCCESS) {
    request = InferReader(signature, bytes, json_bytes, room).read(document);
  }
  if (parser->capacity() > kKeptCapacity) parser.reset();
  room.give_back(scratch_bytes);
  return request;
}

}  // namespace berth::serving
