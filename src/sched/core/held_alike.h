#pragma once
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sched/decision.h"
#include "sched/facts.h"

namespace berth::sched {

// Asks that a pass holds, so that those like them are held without a look: of ten thousand most are
// like another. The asks outlive it.
class HeldAlike {
 public:
  explicit HeldAlike(size_t leaves) : of_leaf_(leaves) {}

  // Asks of one shape, of one leaf and with the same `fares` find the same. Who runs for longer
  // than one that found no place meanwhile finds none either.
  std::optional<Hold> find(size_t leaf, const Ask& ask, uint64_t fares) const {
    if (ask.shape.empty()) return std::nullopt;
    const auto at = of_leaf_[leaf].find(key_of(ask, fares));
    if (at == of_leaf_[leaf].end() || at->second.expected > ask.expected) return std::nullopt;
    const Hold& hold = at->second.hold;
    return Hold{ask.id, hold.reason, hold.message, hold.starts};
  }
  void add(size_t leaf, const Ask& ask, uint64_t fares, const Hold& hold) {
    if (ask.shape.empty()) return;
    of_leaf_[leaf].insert_or_assign(key_of(ask, fares), Held{hold, ask.expected});
  }
  void forget() {
    for (auto& of_one : of_leaf_) of_one.clear();
  }

 private:
  // By a hash before the shape itself, for speed. The views are into the asks.
  using Key = std::pair<uint64_t, std::string_view>;
  struct Held {
    Hold hold;
    Millis expected;
  };
  static Key key_of(const Ask& ask, uint64_t fares) {
    return {hash_of(ask.shape) ^ fares, ask.shape};
  }

  // FNV-1a's prime for the tail, eight bytes at a time before it.
  static uint64_t hash_of(std::string_view text) {
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

  std::vector<std::map<Key, Held>> of_leaf_;
};

}  // namespace berth::sched
