#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/body_room.h"
#include "serving/request.h"
#include "serving/signature.h"

// Inference requests and answers as the Open Inference Protocol v2 writes them over REST: JSON, and
// with the extension for binary tensor data a JSON header with raw bytes behind it.
// Facts: kserve/open-inference-protocol, inference_rest.md;
// triton-inference-server/server, extension_binary_data.md.
namespace berth::serving {

// Reads a request for a model of this signature. `header_bytes` is Inference-Header-Content-Length:
// how much of the body is JSON; absent, all of it. What is decoded is taken from `room`; raw
// tensors stay where they are in the body, which the request then owns.
// Errors: Invalid, naming the input; Unavailable when there is no room.
Result<Request> parse_infer(const Signature& signature, std::string body,
                            std::optional<size_t> header_bytes, http::BodyRoom& room);

struct ModelName {
  std::string name;
  std::string version;
};

struct InferAnswer {
  std::string body;
  std::optional<size_t> header_bytes;  // with raw tensors behind it: how much of the body is JSON
};

// Errors: Invalid when an output has no form in JSON and was not asked for as binary data.
Result<InferAnswer> render_infer(const ModelName& model, const Request& request,
                                 const Outputs& outputs);

std::string error_json(std::string_view message);  // {"error": "..."}

}  // namespace berth::serving
