#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "json/json_fwd.h"

// Reading objects that the API server has validated: a field that is absent or of another type
// reads as empty, so that a newer server cannot break an older Berth. References live as long as
// `from`.
namespace berth::translate {

inline const Json& value_at(const Json& from, const char* name) {
  static const Json kNull;
  if (!from.is_object()) return kNull;
  const auto at = from.find(name);
  return at == from.end() ? kNull : *at;
}

inline const Json& object_at(const Json& from, const char* name) {
  static const Json kEmpty = Json::object();
  const Json& value = value_at(from, name);
  return value.is_object() ? value : kEmpty;
}

inline const Json& array_at(const Json& from, const char* name) {
  static const Json kEmpty = Json::array();
  const Json& value = value_at(from, name);
  return value.is_array() ? value : kEmpty;
}

inline std::string text_at(const Json& from, const char* name) {
  const Json& value = value_at(from, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

inline int64_t integer_at(const Json& from, const char* name) {
  const Json& value = value_at(from, name);
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

inline bool flag_at(const Json& from, const char* name) {
  const Json& value = value_at(from, name);
  return value.is_boolean() && value.get<bool>();
}

}  // namespace berth::translate
