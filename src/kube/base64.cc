#include "kube/base64.h"

#include <cstdint>

namespace berth::kube {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  uint32_t group = 0;
  int filled = 0;   // characters in the group, padding included
  int padding = 0;  // '=' seen; nothing may follow them
  for (const char c : text) {
    if (is_space(c)) continue;
    const size_t value = kAlphabet.find(c);
    if (c == '=' && filled >= 2) {
      ++padding;
    } else if (value == std::string_view::npos || padding > 0) {
      return std::nullopt;
    }
    group = group << 6U | static_cast<uint32_t>(c == '=' ? 0 : value);
    if (++filled < 4) continue;
    for (int i = 0; i < 3 - padding; ++i)
      bytes += static_cast<char>(group >> static_cast<unsigned>(16 - 8 * i) & 0xFFU);
    group = 0;
    filled = 0;
  }
  if (filled != 0) return std::nullopt;
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view three = bytes.substr(at, 3);
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i)
      group = group << 8U | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
    for (size_t i = 0; i < 4; ++i)
      text += i <= three.size() ? kAlphabet[group >> (18 - 6 * i) & 0x3FU] : '=';
  }
  return text;
}

}  // namespace berth::kube
