#include "router/variant_choice.h"

#include <optional>
#include <string>

namespace berth::router {
namespace {

constexpr uint64_t fnv1a(std::string_view text, uint64_t hash) {
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

constexpr uint64_t finalize(uint64_t hash) {
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

std::optional<Variant> by_rule(const Endpoint& endpoint, const api::Route& route,
                               const HeaderOf& header) {
  if (route.header) {
    if (header(route.header->name) != route.header->value) return std::nullopt;
    return route.variant;
  }
  const std::string_view key = header(route.split_key_header);
  if (key.empty()) return std::nullopt;
  const uint32_t slot = sticky_slot(endpoint.name + "/" + route.name, key);
  const auto share = static_cast<uint32_t>(route.candidate_percent.value_or(0)) * kSlots / 100;
  return slot < share ? Variant::Candidate : Variant::Stable;
}

}  // namespace

uint32_t sticky_slot(std::string_view salt, std::string_view key) {
  using namespace std::string_view_literals;
  const uint64_t hash = fnv1a(key, fnv1a("\0"sv, fnv1a(salt, 0xcbf29ce484222325)));
  return static_cast<uint32_t>(finalize(hash) % kSlots);
}

Variant choose_variant(const Endpoint& endpoint, Presence presence, const HeaderOf& header,
                       uint64_t draw) {
  if (presence.stable != presence.candidate) {
    return presence.stable ? Variant::Stable : Variant::Candidate;
  }
  for (const api::Route& route : endpoint.routes) {
    if (const auto variant = by_rule(endpoint, route, header)) return *variant;
  }
  return draw % 100 < static_cast<uint64_t>(endpoint.candidate_percent) ? Variant::Candidate
                                                                        : Variant::Stable;
}

}  // namespace berth::router
