#pragma once
#include <chrono>
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "decisionlog/names.h"
#include "decisionlog/writer.h"
#include "json/json_fwd.h"

namespace berth::decisionlog {

// Reads what Writer writes. The first mistake is kept and what follows is left alone; members that
// are not described are not looked at.
class Reader {
 public:
  explicit Reader(const Json& json) : at_(&json) {}

  // A member of the object that is being read; describe() in fields.h calls it.
  template <class T>
  void operator()(std::string_view name, T& value) {
    if (error_) return;
    const Json& object = *at_;
    const auto member = object.find(name);
    if (member == object.end()) return absent(name, value);
    at_ = &*member;
    path_.push_back(name);
    read(value);
    if (!error_) path_.pop_back();
    at_ = &object;
  }

  // The same of a number that is 0 where it is absent.
  template <std::integral T>
  void unless_zero(std::string_view name, T& value) {
    value = 0;
    if (!error_ && at_->contains(name)) (*this)(name, value);
  }

  template <class T>
  void read(T& value) {
    if (error_) return;
    if constexpr (std::same_as<T, bool>) {
      if (!at_->is_boolean()) return refuse("true or false");
      value = at_->get<bool>();
    } else if constexpr (std::integral<T>) {
      read_integer(value);
    } else if constexpr (std::is_enum_v<T>) {
      read_enum(value);
    } else if constexpr (std::same_as<T, std::string> || Named<T>) {
      if (!at_->is_string()) return refuse("text");
      read_text(at_->get_ref<const std::string&>(), value);
    } else if constexpr (requires { value.time_since_epoch(); }) {
      typename T::duration since{};
      read(since);
      value = T{since};
    } else if constexpr (requires { value.count(); }) {
      typename T::rep count{};
      read(count);
      value = T{count};
    } else if constexpr (requires { value.has_value(); }) {
      read(value.emplace());
    } else if constexpr (requires { typename T::mapped_type; }) {
      read_map(value);
    } else if constexpr (Listed<T>) {
      read_list(value);
    } else {
      if (!at_->is_object()) return refuse("an object");
      describe(*this, value);
    }
  }

  // Done, or Invalid with the place: "asks.set.created: want an integer".
  Status status() const;

 private:
  template <class T>
  void absent(std::string_view name, T& value) {
    if constexpr (requires { value.reset(); }) {
      value.reset();
    } else if constexpr (requires { value.clear(); }) {
      value.clear();
    } else {
      path_.push_back(name);
      error_ = "is missing";
    }
  }

  template <class T>
  void read_integer(T& value) {
    if (!at_->is_number_integer()) return refuse("an integer");
    const bool is_large = at_->is_number_unsigned() &&
                          at_->get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()};
    if (is_large || !std::in_range<T>(at_->get<int64_t>())) return refuse("a smaller number");
    value = static_cast<T>(at_->get<int64_t>());
  }

  template <class T>
  void read_enum(T& value) {
    if (!at_->is_string()) return refuse("a name");
    for (const T known : kEnum<T>) {
      if (at_->get_ref<const std::string&>() == enum_name(known)) return void(value = known);
    }
    refuse("a known name");
  }

  template <class T>
  void read_list(T& list) {
    list.clear();
    if (!at_->is_array()) return refuse("a list");
    const Json& array = *at_;
    for (const Json& item : array) {
      at_ = &item;
      typename T::value_type value{};
      read(value);
      if (error_) return;
      list.insert(list.end(), std::move(value));
    }
    at_ = &array;
  }

  template <class T>
  void read_map(T& map) {
    map.clear();
    if (!at_->is_object()) return refuse("an object");
    const Json& object = *at_;
    for (const auto& [name, item] : object.items()) {
      at_ = &item;
      typename T::key_type key{};
      typename T::mapped_type value{};
      read_text(name, key);
      read(value);
      if (error_) return;
      map.insert_or_assign(std::move(key), std::move(value));
    }
    at_ = &object;
  }

  void refuse(const char* wants);

  const Json* at_;
  std::vector<std::string_view> path_;
  std::optional<std::string> error_;
};

// Errors: Invalid, with the place.
template <class T>
Status read_json(const Json& json, T& value) {
  Reader reader(json);
  reader.read(value);
  return reader.status();
}

}  // namespace berth::decisionlog
