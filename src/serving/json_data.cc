#include "serving/json_data.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "serving/invalid.h"

namespace berth::serving {
namespace {

namespace dom = simdjson::dom;

// Calls `use` with a value of the type that holds an element in memory.
template <class Use>
Status with_type(Datatype datatype, Use&& use) {
  switch (datatype) {
    case Datatype::Bool: return use(bool{});
    case Datatype::Uint8: return use(uint8_t{});
    case Datatype::Int8: return use(int8_t{});
    case Datatype::Int16: return use(int16_t{});
    case Datatype::Int32: return use(int32_t{});
    case Datatype::Int64: return use(int64_t{});
    case Datatype::Fp32: return use(float{});
    case Datatype::Fp64: return use(double{});
    case Datatype::Fp16:
    case Datatype::Bf16: break;
  }
  return invalid(std::string(name_of(datatype)) +
                 " has no form in JSON: send and ask for it as "
                 "binary data");
}

bool read_one(dom::element value, bool& out) {
  return value.get_bool().get(out) == simdjson::SUCCESS;
}

template <class T>
bool read_one(dom::element value, T& out) {
  if constexpr (std::is_floating_point_v<T>) {
    double number = 0;
    if (value.get_double().get(number) != simdjson::SUCCESS) return false;
    out = static_cast<T>(number);
    return std::isfinite(out);
  } else {
    int64_t number = 0;
    if (value.get_int64().get(number) != simdjson::SUCCESS) return false;
    out = static_cast<T>(number);
    return out == number;
  }
}

// Fills a tensor's memory element by element.
template <class T>
class Filler {
 public:
  explicit Filler(std::span<std::byte> out) : out_(out) {}

  Status read(dom::array array, size_t depth) {
    for (const dom::element element : array) {
      dom::array inner;
      if (element.get(inner) != simdjson::SUCCESS) {
        BERTH_TRY(take(element));
      } else if (depth == kRankMax) {
        return invalid("data is nested too deep");
      } else {
        BERTH_TRY(read(inner, depth + 1));
      }
    }
    return Done{};
  }

  Status finish() const {
    if (filled_ == count()) return Done{};
    return invalid("shape wants " + std::to_string(count()) + " elements, data has " +
                   std::to_string(filled_));
  }

 private:
  Status take(dom::element value) {
    if (filled_ == count()) {
      return invalid("shape wants " + std::to_string(count()) + " elements, data has more");
    }
    T element{};
    if (!read_one(value, element)) {
      return invalid("element " + std::to_string(filled_) + " of data does not fit the datatype");
    }
    std::memcpy(out_.data() + filled_ * sizeof(T), &element, sizeof(T));
    ++filled_;
    return Done{};
  }
  size_t count() const { return out_.size() / sizeof(T); }

  std::span<std::byte> out_;
  size_t filled_ = 0;
};

constexpr size_t kNumberSizeMax = 32;  // the longest shortest form of a double has 24 characters

template <class T>
Status write_all(const Tensor& tensor, std::string& out) {
  const size_t count = tensor.data.bytes.size() / sizeof(T);
  size_t at = out.size();
  out.resize(at + 2 + count * (kNumberSizeMax + 1));
  char* to = out.data() + at;
  *to++ = '[';
  for (size_t i = 0; i < count; ++i) {
    T element{};
    std::memcpy(&element, tensor.data.bytes.data() + i * sizeof(T), sizeof(T));
    if (i > 0) *to++ = ',';
    if constexpr (std::is_same_v<T, bool>) {
      const std::string_view word = element ? "true" : "false";
      to = std::copy(word.begin(), word.end(), to);
    } else {
      if constexpr (std::is_floating_point_v<T>) {
        if (!std::isfinite(element)) {
          return invalid("element " + std::to_string(i) +
                         " is infinite or no number, which JSON cannot say: ask for binary data");
        }
      }
      to = std::to_chars(to, to + kNumberSizeMax, element).ptr;
    }
  }
  *to++ = ']';
  at = static_cast<size_t>(to - out.data());
  out.resize(at);
  return Done{};
}

}  // namespace

Status read_elements(dom::array array, Datatype datatype, std::span<std::byte> out) {
  return with_type(datatype, [&](auto element) -> Status {
    Filler<decltype(element)> filler(out);
    BERTH_TRY(filler.read(array, 1));
    return filler.finish();
  });
}

Status write_elements(const Tensor& tensor, std::string& out) {
  return with_type(tensor.datatype, [&](auto element) -> Status {
    return write_all<decltype(element)>(tensor, out);
  });
}

}  // namespace berth::serving
