#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serving/request.h"
#include "serving/tensor.h"

namespace berth::serving {

// One input or output of a model. A dimension of -1 may have any size; the first one of every
// tensor is the batch and is -1, so that requests can be computed together.
struct TensorSpec {
  std::string name;
  Datatype datatype = Datatype::Fp32;
  Shape shape;
  bool operator==(const TensorSpec&) const = default;
};

// What a model takes and gives, in the order of its arguments and results.
struct Signature {
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  bool operator==(const Signature&) const = default;

  const TensorSpec* input(std::string_view name) const;   // null when there is none
  const TensorSpec* output(std::string_view name) const;  // null when there is none
};

// The name under which a TorchScript archive carries its signature (its "extra files"), so that
// the archive's digest covers it too.
inline constexpr const char* kSignatureFile = "signature.json";

// {"inputs": [{"name", "datatype", "shape"}], "outputs": [...]}. Errors: Invalid, with the place.
Result<Signature> parse_signature(std::string_view json);
std::string to_json(const Signature& signature);

// What makes a request one that can share a batch with others.
struct Fit {
  int64_t rows = 0;  // of the batch
  // The same for requests whose inputs can be laid behind one another.
  std::string kind;
};

// Puts the inputs into the signature's order and checks them against it. Errors: Invalid, naming
// the input or output.
Result<Fit> fit(const Signature& signature, Request& request);

}  // namespace berth::serving
