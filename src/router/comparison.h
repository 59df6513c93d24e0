#pragma once
#include <optional>
#include <string>

#include "router/numbers.h"

// Whether a candidate answers as the stable version does.
namespace berth::router {

// What a replica answered.
struct WholeAnswer {
  int code = 0;                      // HTTP status or number of the gRPC code
  std::optional<size_t> json_bytes;  // REST: what Inference-Header-Content-Length says
  std::string body;
};

// Two numbers of JSON are the same when they differ by at most kAbsolute + kRelative times the
// given one: a candidate may compute on another device or in fewer bits. kRelative is what
// torch.testing.assert_close allows bfloat16; kAbsolute is for scores near zero.
struct Tolerance {
  static constexpr double kRelative = 0.016;
  static constexpr double kAbsolute = 0.001;
};

// What became of a mirrored request. Skipped where the given answer is a failure, Failed where the
// other one is. Codes have to be the same; of two errors nothing else has. Then, of Open Inference
// answers, the outputs: name, datatype, shape and data, in JSON with Tolerance, else byte for byte;
// which version of which model answered which id is left out. Of any other, all bytes.
ShadowOutcome compare(Protocol protocol, const WholeAnswer& given, const WholeAnswer& shadow);

}  // namespace berth::router
