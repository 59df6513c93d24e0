#include "router/proxy/call.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace berth::router {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::optional<int64_t> parse_count(std::string_view text) {
  int64_t count = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  return is_whole && count > 0 ? std::optional(count) : std::nullopt;
}

constexpr int64_t kLongestMilliseconds = int64_t{24} * 3600 * 1000;

}  // namespace

bool equal_names(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view find_field(const Fields& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (equal_names(field, name)) return value;
  }
  return {};
}

bool is_of_one_hop(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kNames{
      "connection", "keep-alive",        "proxy-connection", "te",     "trailer",       "upgrade",
      "host",       "transfer-encoding", "content-length",   "expect", "http2-settings"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view one) { return equal_names(one, name); });
}

std::optional<Micros> parse_timeout(std::string_view text) {
  const auto count = parse_count(text);
  if (!count) return std::nullopt;
  return std::chrono::milliseconds(std::min(*count, kLongestMilliseconds));
}

std::optional<Micros> parse_grpc_timeout(std::string_view text) {
  if (text.size() < 2 || text.size() > 9) return std::nullopt;
  const auto count = parse_count(text.substr(0, text.size() - 1));
  if (!count) return std::nullopt;
  const auto in_milliseconds = [&](int64_t each) -> Micros {
    return std::chrono::milliseconds(std::min(*count * each, kLongestMilliseconds));
  };
  switch (text.back()) {
    case 'H': return in_milliseconds(3'600'000);
    case 'M': return in_milliseconds(60'000);
    case 'S': return in_milliseconds(1'000);
    case 'm': return in_milliseconds(1);
    case 'u': return Micros(*count);
    case 'n': return Micros(*count / 1'000 + 1);
    default: return std::nullopt;
  }
}

std::string grpc_timeout_text(Micros left) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  return std::to_string(std::clamp<int64_t>(milliseconds, 1, 99'999'999)) + "m";
}

std::optional<int> grpc_code(const Fields& fields) {
  const std::string_view text = find_field(fields, "grpc-status");
  int code = 2;  // UNKNOWN
  if (text.empty()) return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), code);
  return code;
}

int code_of(Refusal why, Protocol protocol) {
  const bool is_rest = protocol == Protocol::Rest;
  switch (why) {
    case Refusal::NoEndpoint: return is_rest ? 404 : 5;    // NOT_FOUND
    case Refusal::Malformed: return is_rest ? 400 : 3;     // INVALID_ARGUMENT
    case Refusal::TooLarge: return is_rest ? 413 : 8;      // RESOURCE_EXHAUSTED
    case Refusal::Crowded: return is_rest ? 503 : 8;       // RESOURCE_EXHAUSTED
    case Refusal::NoReplica: return is_rest ? 503 : 14;    // UNAVAILABLE
    case Refusal::Late: return is_rest ? 504 : 4;          // DEADLINE_EXCEEDED
    case Refusal::ReplicaGone: return is_rest ? 502 : 14;  // UNAVAILABLE
  }
  __builtin_unreachable();
}

}  // namespace berth::router
