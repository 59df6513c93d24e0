#include "decisionlog/writer.h"

namespace berth::decisionlog {

void append_text(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 0xF];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string text_of(const sched::NodeId& id) {
  const bool is_plain = id.cluster.empty() && id.name.find('/') == std::string::npos;
  return is_plain ? id.name : id.cluster + "/" + id.name;
}

void read_text(const std::string& text, sched::NodeId& id) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) {
    id = {"", text};
  } else {
    id = {text.substr(0, slash), text.substr(slash + 1)};
  }
}

}  // namespace berth::decisionlog
