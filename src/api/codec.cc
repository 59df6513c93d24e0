#include "api/codec.h"

#include "json/describe.h"
#include "json/schema.h"
#include "json/schema_checker.h"
#include "json/validate.h"

namespace berth::api {

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
  static const SchemaChecker checker(schema_of<K>());
  return validate_with<K>(checker, now, old);
}

#define BERTH_DEFINE_CODEC(K)                \
  template Json to_json<K>(const K&);        \
  template Result<K> from_json(const Json&); \
  template Violations validate<K>(const Json&, const Json*);
BERTH_FOR_EACH_KIND(BERTH_DEFINE_CODEC)
#undef BERTH_DEFINE_CODEC

}  // namespace berth::api
