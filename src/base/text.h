#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth {

// "1 node", "2 nodes".
inline std::string count_text(int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

// The longest prefix of at most `limit` bytes that does not cut a UTF-8 character in two.
inline std::string_view cut_utf8(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  const auto continues = [&](size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  while (limit > 0 && continues(limit)) --limit;
  return text.substr(0, limit);
}

}  // namespace berth
