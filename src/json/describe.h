#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "json/enum_names.h"
#include "json/json_fwd.h"
#include "json/path.h"
#include "json/rules.h"
#include "json/time.h"

// Each API struct says once, in `template <class V> static void describe(V& v)`, what its fields
// are called, what they may hold and what they mean:
//   v.field("maxFailures", &Retry::max_failures, {.minimum = 0}, "Failed attempts ...");
//   v.rule("self.min <= self.max", "max may not be below min", predicate, ".max");
//   v.transition("self.epoch >= oldSelf.epoch", "...", predicate_of_now_and_old, ".epoch");
// A visitor per use reads it: encode and decode here, the CRD schema in schema.h, checks in
// validate.h. Rules carry CEL for the API server and its twin in C++, side by side.
//
// Plain visitor structs on purpose: gcc 12 mis-resolves generic lambdas that recurse into nested
// structs.
namespace berth {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsMap = false;
template <class T>
inline constexpr bool kIsMap<std::map<std::string, T>> = true;
template <>
inline constexpr bool kIsMap<Labels> = true;

// Accepts every description and does nothing; stands for "any visitor" in the concept below.
struct NullVisitor {
  template <class T, class S>
  void field(const char*, T S::*, const Rules&, const char*) {}
  template <class F>
  void rule(const char*, const char*, F, const char* = "") {}
  template <class F>
  void transition(const char*, const char*, F, const char* = "") {}
};

template <class T>
concept Described = requires(NullVisitor& v) {
  T::describe(v);
};

// The value as JSON. What is absent (empty optional, and text, list, map or struct that is empty
// without being required) is left out; numbers and booleans are always written.
template <class T>
Json encode(const T& value);

// Reads `json` into `out`. Null is absent, unknown fields are ignored (the object may be of a newer
// version), absent fields keep the struct's initialisers. `path` is where `json` stands, "" at the
// root. Errors: Invalid, with the path: `spec.limits[0].guaranteed: want integer`.
template <class T>
Status decode(const Json& json, T& out, const Path& path = {});

// What a field does that does not depend on its type is out of line, in describe.cc: there are
// hundreds of fields.
namespace detail {

// Puts `value` into `object`, unless it is null, or blank where it may be left out.
void put(Json& object, const char* name, Json&& value, bool is_blank_kept);
// The field's value, or nullptr when it is absent. An absent one that is required is an error.
const Json* find_field(const Json& object, const char* name, bool is_required, const Path& path,
                       Status& status);
Error wants(const Path& path, std::string_view what);
Status decode_bool(const Json& json, bool& out, const Path& path);
Status decode_integer(const Json& json, int64_t& out, const Path& path);
Status decode_text(const Json& json, std::string& out, const Path& path);
Status decode_instant(const Json& json, Instant& out, const Path& path);
// The place of the name in `names`.
Result<size_t> decode_name(const Json& json, std::span<const std::string_view> names,
                           const Path& path);

}  // namespace detail

template <class S>
struct EncodeVisitor {
  const S& from;
  Json to = Json::object();

  template <class T>
  void field(const char* name, T S::*member, const Rules& rules, const char*) {
    detail::put(to, name, encode(from.*member), rules.required || kIsOptional<T>);
  }
  template <class F>
  void rule(const char*, const char*, F, const char* = "") {}
  template <class F>
  void transition(const char*, const char*, F, const char* = "") {}
};

template <class S>
struct DecodeVisitor {
  const Json& from;
  S& to;
  const Path& path;
  Status status = Done{};

  template <class T>
  void field(const char* name, T S::*member, const Rules& rules, const char*) {
    if (!status.ok()) return;
    const Json* found = detail::find_field(from, name, rules.required, path, status);
    if (found != nullptr) status = decode(*found, to.*member, Path(path, name));
  }
  template <class F>
  void rule(const char*, const char*, F, const char* = "") {}
  template <class F>
  void transition(const char*, const char*, F, const char* = "") {}
};

namespace detail {

template <class T>
Status decode_list(const Json& json, std::vector<T>& out, const Path& path) {
  if (!json.is_array()) return wants(path, "list");
  out.clear();
  out.reserve(json.size());
  for (size_t i = 0; i < json.size(); ++i) {
    T item{};
    BERTH_TRY(decode(json[i], item, Path(path, i)));
    out.push_back(std::move(item));
  }
  return Done{};
}

template <class T>
Status decode_map(const Json& json, std::map<std::string, T>& out, const Path& path) {
  if (!json.is_object()) return wants(path, "object");
  out.clear();
  for (const auto& [key, item] : json.items()) {
    T value{};
    BERTH_TRY(decode(item, value, Path(path, key)));
    out.emplace(key, std::move(value));
  }
  return Done{};
}

template <NamedEnum E>
Status decode_enum(const Json& json, E& out, const Path& path) {
  static constexpr auto kNames = enum_names(E{});
  out = static_cast<E>(BERTH_TRY(decode_name(json, kNames, path)));
  return Done{};
}

}  // namespace detail

template <class T>
Json encode(const T& value) {
  if constexpr (kIsOptional<T>) {
    return value ? encode(*value) : Json();
  } else if constexpr (kIsVector<T>) {
    Json list = Json::array();
    for (const auto& item : value) list.push_back(encode(item));
    return list;
  } else if constexpr (kIsMap<T>) {
    Json map = Json::object();
    for (const auto& [key, item] : value) map[key] = encode(item);
    return map;
  } else if constexpr (Described<T>) {
    EncodeVisitor<T> visitor{value};
    T::describe(visitor);
    return std::move(visitor.to);
  } else if constexpr (NamedEnum<T>) {
    return Json(std::string(name_of(value)));
  } else if constexpr (std::is_same_v<T, Instant>) {
    return Json(format_time(value));
  } else {
    return Json(value);
  }
}

template <class T>
Status decode(const Json& json, T& out, const Path& path) {
  if constexpr (kIsOptional<T>) {
    typename T::value_type value{};
    BERTH_TRY(decode(json, value, path));
    out = std::move(value);
    return Done{};
  } else if constexpr (kIsVector<T>) {
    return detail::decode_list(json, out, path);
  } else if constexpr (std::is_same_v<T, Labels>) {
    Labels::Map labels;
    BERTH_TRY(detail::decode_map(json, labels, path));
    out = std::move(labels);
    return Done{};
  } else if constexpr (kIsMap<T>) {
    return detail::decode_map(json, out, path);
  } else if constexpr (Described<T>) {
    if (!json.is_object()) return detail::wants(path, "object");
    DecodeVisitor<T> visitor{json, out, path};
    T::describe(visitor);
    return std::move(visitor.status);
  } else if constexpr (NamedEnum<T>) {
    return detail::decode_enum(json, out, path);
  } else if constexpr (std::is_same_v<T, Instant>) {
    return detail::decode_instant(json, out, path);
  } else if constexpr (std::is_same_v<T, bool>) {
    return detail::decode_bool(json, out, path);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return detail::decode_integer(json, out, path);
  } else {
    static_assert(std::is_same_v<T, std::string>,
                  "no floats, no other integers: see the API rules");
    return detail::decode_text(json, out, path);
  }
}

}  // namespace berth
