#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace berth::kube {

// RFC 4648 with '+' and '/'. Decoding skips white space, wants whole groups of four, and gives
// nothing for anything else.
std::optional<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

}  // namespace berth::kube
