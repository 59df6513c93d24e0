#pragma once
#include <chrono>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "decisionlog/names.h"

namespace berth::decisionlog {

// Appends a JSON string. Bytes that are not ASCII stand as they are.
void append_text(std::string& out, std::string_view text);

template <class T>
concept Listed = requires {
  typename T::value_type;
}
&&requires(const T& list) {
  list.begin();
  list.empty();
}
&&!std::same_as<T, std::string>;

// Ready JSON, in place of a value.
struct RawJson {
  std::string_view text;
};

// Appends values as JSON in one form only: members in the order of their description, integers as
// they are, text, lists and maps left out where they are empty and optionals where they are
// nothing. The same value gives the same bytes.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  // A member of the object that is being written; describe() in fields.h calls it.
  template <class T>
  void operator()(std::string_view name, const T& value) {
    if (is_left_out(value)) return;
    if (!is_first_) out_ += ',';
    is_first_ = false;
    append_text(out_, name);
    out_ += ':';
    write(value);
  }

  // The same of a number that is left out where it is 0.
  template <std::integral T>
  void unless_zero(std::string_view name, const T& value) {
    if (value != 0) (*this)(name, value);
  }

  template <class T>
  void write(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      out_ += value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
      out_ += std::to_string(value);
    } else if constexpr (std::is_enum_v<T>) {
      append_text(out_, enum_name(value));
    } else if constexpr (std::same_as<T, std::string>) {
      append_text(out_, value);
    } else if constexpr (std::same_as<T, RawJson>) {
      out_ += value.text;
    } else if constexpr (Named<T>) {
      append_text(out_, text_of(value));
    } else if constexpr (requires { value.time_since_epoch(); }) {
      write(value.time_since_epoch());
    } else if constexpr (requires { value.count(); }) {
      write(value.count());
    } else if constexpr (requires { value.has_value(); }) {
      write(*value);
    } else if constexpr (requires { typename T::mapped_type; }) {
      write_map(value);
    } else if constexpr (Listed<T>) {
      write_list(value);
    } else {
      write_object(value);
    }
  }

 private:
  template <class T>
  static bool is_left_out(const T& value) {
    if constexpr (requires { value.has_value(); }) return !value.has_value();
    if constexpr (requires { value.empty(); }) return value.empty();
    return false;
  }

  template <class T>
  void write_list(const T& list) {
    out_ += '[';
    bool is_first = true;
    for (const auto& item : list) {
      if (!std::exchange(is_first, false)) out_ += ',';
      write(item);
    }
    out_ += ']';
  }

  template <class T>
  void write_map(const T& map) {
    out_ += '{';
    bool is_first = true;
    for (const auto& [key, value] : map) {
      if (!std::exchange(is_first, false)) out_ += ',';
      append_text(out_, key_text(key));
      out_ += ':';
      write(value);
    }
    out_ += '}';
  }

  template <class T>
  void write_object(const T& value) {
    out_ += '{';
    const bool was_first = std::exchange(is_first_, true);
    describe(*this, value);
    is_first_ = was_first;
    out_ += '}';
  }

  std::string& out_;
  bool is_first_ = true;
};

template <class T>
std::string json_of(const T& value) {
  std::string text;
  Writer(text).write(value);
  return text;
}

}  // namespace berth::decisionlog
