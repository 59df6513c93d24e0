#pragma once
#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <array>
#include <vector>

#include "serving/tensor.h"

// What libtorch calls the things of the protocol.
namespace berth::worker {

inline at::ScalarType type_of(serving::Datatype datatype) {
  // In the order of Datatype.
  constexpr std::array<at::ScalarType, 10> kTypes = {
      at::kBool, at::kByte, at::kChar,     at::kShort, at::kInt,
      at::kLong, at::kHalf, at::kBFloat16, at::kFloat, at::kDouble};
  return kTypes[static_cast<size_t>(datatype)];
}

// A model gives one tensor, a list or a tuple of them.
inline std::vector<at::Tensor> tensors_in(const at::IValue& value) {
  if (value.isTensor()) return {value.toTensor()};
  if (value.isTensorList()) return value.toTensorVector();
  std::vector<at::Tensor> tensors;
  if (!value.isTuple()) return tensors;
  for (const at::IValue& element : value.toTupleRef().elements()) {
    if (element.isTensor()) tensors.push_back(element.toTensor());
  }
  return tensors;
}

}  // namespace berth::worker
