#include "api/codec.h"

#include <algorithm>
#include <array>

#include "api/registry.h"
#include "json/describe.h"
#include "json/schema.h"
#include "json/schema_checker.h"
#include "json/validate.h"

namespace berth::api {
namespace {

template <class K>
const SchemaChecker& checker_of() {
  static const SchemaChecker checker(schema_of<K>());
  return checker;
}

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

template <class K>
Json to_json(const K& object) {
  Json json = encode(object);
  json["apiVersion"] = kApiVersion;
  json["kind"] = K::kKind.kind;
  return json;
}

template <class K>
Result<K> from_json(const Json& json) {
  K object{};
  BERTH_TRY(decode(json, object));
  return object;
}

template <class K>
Violations validate(const Json& now, const Json* old) {
  return validate_with<K>(checker_of<K>(), now, old);
}

#define BERTH_DEFINE_CODEC(K)                \
  template Json to_json<K>(const K&);        \
  template Result<K> from_json(const Json&); \
  template Violations validate<K>(const Json&, const Json*);
BERTH_FOR_EACH_KIND(BERTH_DEFINE_CODEC)
#undef BERTH_DEFINE_CODEC

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
