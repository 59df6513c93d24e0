#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

// As much of protobuf as a router needs that does not know the messages: what is none gives
// nothing, and nothing is read past the end.
namespace berth::router {

// The message in a gRPC body of one uncompressed message.
std::optional<std::string_view> message_of(std::string_view body);

struct Field {
  uint64_t number = 0;
  std::string_view bytes;    // all of it, as encoded
  std::string_view content;  // of a field with a length; else empty
};

// The first field, taken off the front of `message`. Groups, which are obsolete, are none.
std::optional<Field> take_field(std::string_view& message);

}  // namespace berth::router
