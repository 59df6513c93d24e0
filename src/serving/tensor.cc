#include "serving/tensor.h"

#include <array>
#include <utility>

namespace berth::serving {
namespace {

struct Row {
  std::string_view name;
  size_t bytes;
};

// In the order of Datatype.
constexpr std::array<Row, 10> kDatatypes = {{{"BOOL", 1},
                                             {"UINT8", 1},
                                             {"INT8", 1},
                                             {"INT16", 2},
                                             {"INT32", 4},
                                             {"INT64", 8},
                                             {"FP16", 2},
                                             {"BF16", 2},
                                             {"FP32", 4},
                                             {"FP64", 8}}};

constexpr int64_t kElementsMax = int64_t{1} << 40;

}  // namespace

std::string_view name_of(Datatype datatype) {
  return kDatatypes[static_cast<size_t>(datatype)].name;
}

std::optional<Datatype> datatype_of(std::string_view name) {
  for (size_t i = 0; i < kDatatypes.size(); ++i) {
    if (kDatatypes[i].name == name) return static_cast<Datatype>(i);
  }
  return std::nullopt;
}

size_t bytes_of(Datatype datatype) { return kDatatypes[static_cast<size_t>(datatype)].bytes; }

bool has_json_form(Datatype datatype) {
  return datatype != Datatype::Fp16 && datatype != Datatype::Bf16;
}

std::optional<int64_t> elements_of(const Shape& shape) {
  int64_t elements = 1;
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(elements, size, &elements)) return std::nullopt;
    if (elements > kElementsMax) return std::nullopt;
  }
  return elements;
}

std::string text_of(const Shape& shape) {
  std::string text = "[";
  for (const int64_t size : shape) {
    if (text.size() > 1) text += ",";
    text += std::to_string(size);
  }
  return text + "]";
}

Data own(std::vector<std::byte> bytes) {
  auto owner = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  const std::span<const std::byte> view = *owner;
  return {view, std::move(owner)};
}

}  // namespace berth::serving
