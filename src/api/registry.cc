#include "api/registry.h"

#include <algorithm>
#include <array>

#include "api/checker.h"
#include "api/codec.h"

namespace berth::api {

namespace {

template <class K>
constexpr std::optional<Scale> scale_of() {
  if constexpr (requires { K::kScale; }) return K::kScale;
  return std::nullopt;
}

template <class K>
KindEntry entry_of() {
  return {.facts = K::kKind,
          .columns = K::kColumns,
          .scale = scale_of<K>(),
          .schema = []() -> const Schema& { return checker_of<K>().schema(); },
          .validate = &validate<K>,
          .normalize =
              [](Json& object) {
                checker_of<K>().prune(object);
                checker_of<K>().fill_defaults(object);
              }};
}

}  // namespace

std::span<const KindEntry> all_kinds() {
#define BERTH_ENTRY(K) entry_of<K>(),
  static const std::array entries{BERTH_FOR_EACH_KIND(BERTH_ENTRY)};
#undef BERTH_ENTRY
  return entries;
}

const KindEntry* find_kind(std::string_view kind) {
  const auto kinds = all_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const KindEntry& entry) { return entry.facts.kind == kind; });
  return found == kinds.end() ? nullptr : &*found;
}

}  // namespace berth::api
