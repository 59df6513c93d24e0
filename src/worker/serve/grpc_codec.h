#pragma once
#include <inference.pb.h>

#include "base/result.h"
#include "http/body_room.h"
#include "serving/rest_codec.h"

namespace berth::worker {

// Messages of the protocol to and from what the server computes with.

// Tensors are views into `message` where it holds them as they are in memory (raw, or typed in the
// same width), so it must outlive the request. What has to be converted is taken from `room`.
// Errors: Invalid, naming the input; Unavailable when there is no room.
Result<serving::Request> from_proto(const inference::ModelInferRequest& message,
                                    const serving::Signature& signature, http::BodyRoom& room);

// Raw contents where the request had them or an output has no typed form, else typed ones; never
// both in one message.
void to_proto(const serving::ModelName& model, const serving::Request& request, bool is_raw,
              const serving::Outputs& outputs, inference::ModelInferResponse& message);

void to_proto(const serving::TensorSpec& spec,
              inference::ModelMetadataResponse::TensorMetadata& message);

}  // namespace berth::worker
