#pragma once
#include "api/checker.h"
#include "api/codec.h"
#include "json/describe.h"
#include "json/schema.h"
#include "json/schema_checker.h"
#include "json/validate.h"

// The bodies behind codec.h. Only codec_*.cc include this: each instantiates a part of the kinds,
// so that no file takes a minute to compile.
namespace berth::api {

template <class K>
const SchemaChecker& checker_of() {
  static const SchemaChecker checker(schema_of<K>());
  return checker;
}

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

#define BERTH_DEFINE_CODEC(K)                    \
  template const SchemaChecker& checker_of<K>(); \
  template Json to_json<K>(const K&);            \
  template Result<K> from_json(const Json&);     \
  template Violations validate<K>(const Json&, const Json*)

}  // namespace berth::api
