#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/enum_names.h"
#include "json/json_fwd.h"
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
Status decode(const Json& json, T& out, const std::string& path = {});

inline std::string path_of(const std::string& parent, std::string_view name) {
  return parent.empty() ? std::string(name) : parent + "." + std::string(name);
}
inline std::string path_of(const std::string& parent, size_t index) {
  return parent + "[" + std::to_string(index) + "]";
}

namespace detail {
inline bool is_blank(const Json& json) {
  return json.is_string() ? json.get_ref<const std::string&>().empty()
                          : json.is_structured() && json.empty();
}
}  // namespace detail

template <class S>
struct EncodeVisitor {
  const S& from;
  Json to = Json::object();

  template <class T>
  void field(const char* name, T S::*member, const Rules& rules, const char*) {
    Json json = encode(from.*member);
    if (json.is_null() || (!rules.required && detail::is_blank(json))) return;
    to[name] = std::move(json);
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
  const std::string& path;
  Status status = Done{};

  template <class T>
  void field(const char* name, T S::*member, const Rules& rules, const char*) {
    if (!status.ok()) return;
    const auto found = from.find(name);
    if (found != from.end() && !found->is_null()) {
      status = decode(*found, to.*member, path_of(path, name));
    } else if (rules.required) {
      status = Error{Code::Invalid, path_of(path, name) + ": required"};
    }
  }
  template <class F>
  void rule(const char*, const char*, F, const char* = "") {}
  template <class F>
  void transition(const char*, const char*, F, const char* = "") {}
};

namespace detail {

inline Error wants(const std::string& path, std::string_view what) {
  return {Code::Invalid, (path.empty() ? "" : path + ": ") + "want " + std::string(what)};
}

template <class T>
Status decode_list(const Json& json, std::vector<T>& out, const std::string& path) {
  if (!json.is_array()) return wants(path, "list");
  out.clear();
  out.reserve(json.size());
  for (size_t i = 0; i < json.size(); ++i) {
    T item{};
    BERTH_TRY(decode(json[i], item, path_of(path, i)));
    out.push_back(std::move(item));
  }
  return Done{};
}

template <class T>
Status decode_map(const Json& json, std::map<std::string, T>& out, const std::string& path) {
  if (!json.is_object()) return wants(path, "object");
  out.clear();
  for (const auto& [key, item] : json.items()) {
    T value{};
    BERTH_TRY(decode(item, value, path_of(path, key)));
    out.emplace(key, std::move(value));
  }
  return Done{};
}

inline Status decode_integer(const Json& json, int64_t& out, const std::string& path) {
  const bool fits = json.is_number_unsigned()
                        ? json.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
                        : json.is_number_integer();
  if (!fits) return wants(path, "integer");
  out = json.get<int64_t>();
  return Done{};
}

// A quantity may be written as a bare number: cpu: 4.
inline Status decode_text(const Json& json, std::string& out, const std::string& path) {
  if (json.is_number_integer()) {
    out = json.dump();
    return Done{};
  }
  if (!json.is_string()) return wants(path, "string");
  out = json.get_ref<const std::string&>();
  return Done{};
}

template <NamedEnum E>
Status decode_enum(const Json& json, E& out, const std::string& path) {
  const auto value =
      json.is_string() ? enum_of<E>(json.get_ref<const std::string&>()) : std::optional<E>{};
  if (value) {
    out = *value;
    return Done{};
  }
  std::string names;
  for (const std::string_view name : enum_names(E{}))
    names += (names.empty() ? "one of " : ", ") + std::string(name);
  return wants(path, names);
}

inline Status decode_instant(const Json& json, Instant& out, const std::string& path) {
  if (!json.is_string()) return wants(path, "an RFC 3339 time");
  const Result<Instant> instant = parse_time(json.get_ref<const std::string&>());
  if (!instant.ok()) return Error{Code::Invalid, path + ": " + instant.error().message};
  out = *instant;
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
Status decode(const Json& json, T& out, const std::string& path) {
  if constexpr (kIsOptional<T>) {
    typename T::value_type value{};
    BERTH_TRY(decode(json, value, path));
    out = std::move(value);
    return Done{};
  } else if constexpr (kIsVector<T>) {
    return detail::decode_list(json, out, path);
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
    if (!json.is_boolean()) return detail::wants(path, "boolean");
    out = json.get<bool>();
    return Done{};
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return detail::decode_integer(json, out, path);
  } else {
    static_assert(std::is_same_v<T, std::string>,
                  "no floats, no other integers: see the API rules");
    return detail::decode_text(json, out, path);
  }
}

}  // namespace berth
