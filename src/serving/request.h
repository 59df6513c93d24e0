#pragma once
#include <string>
#include <vector>

#include "serving/tensor.h"

namespace berth::serving {

// An output that a client asked for, and how it wants it over REST.
struct Wanted {
  std::string name;
  bool is_binary = false;
};

// One inference request, whatever protocol brought it.
struct Request {
  std::string id;  // echoed; empty when the client gave none
  std::vector<Tensor> inputs;
  std::vector<Wanted> outputs;  // empty: all that the model gives
  bool wants_binary = false;    // over REST, for outputs that do not say
};

// What a model gives, in the signature's order.
using Outputs = std::vector<Tensor>;

}  // namespace berth::serving
