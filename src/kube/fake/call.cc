#include "kube/fake/call.h"

#include <algorithm>
#include <vector>

namespace berth::kube::fake {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(at), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
}

std::string unescape(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      plain += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      plain += text[i] == '+' ? ' ' : text[i];
    }
  }
  return plain;
}

}  // namespace

std::string Call::param(std::string_view wanted) const {
  const auto found = query.find(wanted);
  return found == query.end() ? std::string() : found->second;
}

std::optional<Call> parse_call(const Request& request) {
  const auto parts = split(request.path, '/');
  const bool core = !parts.empty() && parts[0] == "api";
  size_t at = core ? 2 : 3;
  if (parts.size() <= at || (!core && parts[0] != "apis")) return std::nullopt;

  Call call;
  call.group = core ? std::string() : std::string(parts[1]);
  call.version = parts[at - 1];
  // "namespaces/NS/PLURAL" is inside a namespace, "namespaces/NS" and "namespaces/NS/status" is it.
  const bool inside = parts[at] == "namespaces" && parts.size() > at + 2 &&
                      parts[at + 2] != "status" && parts[at + 2] != "finalize";
  if (inside) {
    call.name_space = unescape(parts[at + 1]);
    at += 2;
  }
  call.plural = parts[at];
  if (parts.size() > at + 1) call.name = unescape(parts[at + 1]);
  if (parts.size() > at + 2) call.subresource = parts[at + 2];
  for (const std::string_view pair : split(request.query, '&')) {
    const size_t equals = std::min(pair.find('='), pair.size());
    call.query[std::string(pair.substr(0, equals))] =
        unescape(pair.substr(std::min(equals + 1, pair.size())));
  }
  return call;
}

}  // namespace berth::kube::fake
