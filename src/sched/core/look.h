#pragma once
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "sched/decision.h"
#include "sched/quota_tree.h"

namespace berth::sched {

// What one look at one alternative found.
struct Look {
  enum class Obstacle { NotListed, Quota, TooLarge, Said, Room };
  std::optional<Admit> admit;
  Obstacle obstacle = Obstacle::NotListed;  // else
  std::optional<QuotaRefusal> refusal;      // of Quota
  std::optional<Hold> said;                 // of Said
};

// A shape that was held, and the least run time with which it was.
struct Alike {
  Hold hold;
  Millis expected;
};

// Of a shape, to compare few of them whole: FNV-1a's prime for the tail, eight bytes at a time
// before it.
inline uint64_t hash_of(std::string_view text) {
  uint64_t hash = text.size();
  for (; text.size() >= sizeof(uint64_t); text.remove_prefix(sizeof(uint64_t))) {
    uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  }
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

}  // namespace berth::sched
