#include "router/protobuf.h"

#include <algorithm>

namespace berth::router {
namespace {

constexpr size_t kHead = 5;  // whether it is compressed, and its size

enum class WireType : uint8_t { Varint = 0, Fixed64 = 1, Length = 2, Fixed32 = 5 };

std::optional<uint64_t> take_varint(std::string_view& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < std::min<size_t>(bytes.size(), 10); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) != 0) continue;
    bytes.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> message_of(std::string_view body) {
  if (body.size() < kHead || body[0] != 0) return std::nullopt;
  return body.substr(kHead);
}

std::optional<Field> take_field(std::string_view& message) {
  const std::string_view all = message;
  const auto key = take_varint(message);
  if (!key) return std::nullopt;
  uint64_t size = 0;
  switch (static_cast<WireType>(*key & 7)) {
    case WireType::Varint:
      if (!take_varint(message)) return std::nullopt;
      break;
    case WireType::Fixed64: size = 8; break;
    case WireType::Fixed32: size = 4; break;
    case WireType::Length: {
      const auto length = take_varint(message);
      if (!length) return std::nullopt;
      size = *length;
      break;
    }
    default: return std::nullopt;
  }
  if (size > message.size()) return std::nullopt;
  const bool has_length = static_cast<WireType>(*key & 7) == WireType::Length;
  Field field{.number = *key >> 3, .content = message.substr(0, has_length ? size : 0)};
  message.remove_prefix(size);
  field.bytes = all.substr(0, all.size() - message.size());
  return field;
}

}  // namespace berth::router
