#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace berth::serving {

// The element types of the Open Inference Protocol that libtorch computes with. The others (UINT16,
// UINT32, UINT64, BYTES) are unknown here, so no model can ask for them.
enum class Datatype { Bool, Uint8, Int8, Int16, Int32, Int64, Fp16, Bf16, Fp32, Fp64 };

std::string_view name_of(Datatype datatype);
std::optional<Datatype> datatype_of(std::string_view name);
size_t bytes_of(Datatype datatype);  // of one element
// FP16 and BF16 have no form in JSON: they travel as raw bytes alone.
bool has_json_form(Datatype datatype);

using Shape = std::vector<int64_t>;

inline constexpr size_t kRankMax = 16;

// Elements of a shape; nothing when a dimension is negative or the product leaves 2^40, which no
// request can hold.
std::optional<int64_t> elements_of(const Shape& shape);
std::string text_of(const Shape& shape);  // [2,3]

// Elements in row-major order and this machine's byte order, and what keeps them alive.
struct Data {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

// Takes over what `bytes` holds.
Data own(std::vector<std::byte> bytes);

struct Tensor {
  std::string name;
  Datatype datatype = Datatype::Fp32;
  Shape shape;
  Data data;
};

}  // namespace berth::serving
