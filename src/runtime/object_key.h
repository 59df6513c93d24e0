#pragma once
#include <compare>
#include <string>

#include "json/object_meta.h"

namespace berth::runtime {

// What an object is called: its namespace (empty for cluster-scoped kinds) and its name. Says
// nothing about which incarnation of that name is meant; a uid does.
struct ObjectKey {
  std::string name_space;
  std::string name;

  auto operator<=>(const ObjectKey&) const = default;
};

inline ObjectKey key_of(const ObjectMeta& meta) { return {meta.name_space, meta.name}; }

// "namespace/name", or the name alone.
inline std::string to_string(const ObjectKey& key) {
  return key.name_space.empty() ? key.name : key.name_space + "/" + key.name;
}

}  // namespace berth::runtime
