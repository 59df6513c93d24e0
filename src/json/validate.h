#pragma once
#include <string>
#include <utility>

#include "json/describe.h"
#include "json/schema_checker.h"
#include "json/violation.h"

// The C++ twins of the CEL rules in a description, asked of a decoded object.
namespace berth {

// One value, with its JSON (to know what is there at all) and both of the object before an update.
template <class T>
struct Checked {
  const T& now;
  const Json& json;
  const T* old = nullptr;
  const Json* old_json = nullptr;
  bool is_frozen = true;  // false inside of a template for other objects
};

template <class T>
void check_rules(const Checked<T>& value, const Path& path, Violations& found);

namespace detail {

const Json* child_of(const Json* json, const char* name);
// "spec" and CEL's ".max" are "spec.max".
std::string path_at(const Path& path, std::string_view field_path);
void refuse_unsupported(const Path& path, const char* name, Violations& found);
void refuse_change(const Path& path, const char* name, Violations& found);

}  // namespace detail

template <class S>
struct RuleVisitor {
  const Checked<S>& value;
  const Path& path;
  Violations& found;

  template <class T>
  void field(const char* name, T S::*member, const Rules& rules, const char*) {
    const Json* json = detail::child_of(&value.json, name);
    const Json* old_json = detail::child_of(value.old_json, name);
    if (rules.unsupported && json != nullptr) detail::refuse_unsupported(path, name, found);
    if (rules.immutable && value.is_frozen && value.old != nullptr) {
      const bool is_same =
          (json == nullptr) == (old_json == nullptr) && value.now.*member == value.old->*member;
      if (!is_same) detail::refuse_change(path, name, found);
    }
    if (json == nullptr) return;
    const T* old = old_json == nullptr ? nullptr : &(value.old->*member);
    check_rules(
        Checked<T>{value.now.*member, *json, old, old_json, value.is_frozen && !rules.is_template},
        Path(path, name), found);
  }
  template <class F>
  void rule(const char*, const char* message, F holds, const char* field_path = "") {
    if (!holds(value.now)) found.push_back({detail::path_at(path, field_path), message});
  }
  template <class F>
  void transition(const char*, const char* message, F holds, const char* field_path = "") {
    if (value.old != nullptr && !holds(value.now, *value.old))
      found.push_back({detail::path_at(path, field_path), message});
  }
};

template <class T>
void check_rules(const Checked<T>& value, const Path& path, Violations& found) {
  if constexpr (kIsOptional<T>) {
    using Inner = typename T::value_type;
    const bool was_there = value.old != nullptr && value.old->has_value();
    check_rules(Checked<Inner>{*value.now, value.json, was_there ? &**value.old : nullptr,
                               was_there ? value.old_json : nullptr, value.is_frozen},
                path, found);
  } else if constexpr (kIsVector<T>) {
    // Items have no past: the API server relates only those of maps, and no rule here needs it.
    using Item = typename T::value_type;
    for (size_t i = 0; i < value.now.size(); ++i) {
      const Item& item = value.now[i];
      check_rules(Checked<Item>{.now = item, .json = value.json[i], .is_frozen = value.is_frozen},
                  Path(path, i), found);
    }
  } else if constexpr (Described<T>) {
    RuleVisitor<T> visitor{value, path, found};
    T::describe(visitor);
  }
}

// All that is wrong with an object: first what the schema says, then, if it could be read at all,
// what the rules say. `old` is the object before, or nullptr for a creation.
template <class T>
Violations validate_with(const SchemaChecker& checker, const Json& now, const Json* old) {
  Json filled = now;
  checker.fill_defaults(filled);
  Violations found = checker.check(filled);
  T value{};
  if (!decode(filled, value).ok()) return found;
  T before{};
  Json filled_old;
  if (old != nullptr) {
    filled_old = *old;
    checker.fill_defaults(filled_old);
    if (!decode(filled_old, before).ok()) old = nullptr;
  }
  const bool has_old = old != nullptr;
  check_rules(
      Checked<T>{value, filled, has_old ? &before : nullptr, has_old ? &filled_old : nullptr, true},
      {}, found);
  return found;
}

}  // namespace berth
