#pragma once
#include <simdjson.h>

#include "base/result.h"
#include "serving/tensor.h"

namespace berth::serving {

// Reads the elements of a tensor, an array that is flat or nested as its shape is, into `out`,
// which has room for exactly those of the shape. Errors: Invalid with what is wrong with them,
// for a caller that names the tensor.
Status read_elements(simdjson::dom::array array, Datatype datatype, std::span<std::byte> out);

// Appends the elements, flat, as a JSON array. Errors: Invalid when the datatype has no form in
// JSON, or a value is infinite or no number.
Status write_elements(const Tensor& tensor, std::string& out);

}  // namespace berth::serving
