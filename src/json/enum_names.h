#pragma once
#include <array>
#include <optional>
#include <string_view>
#include <type_traits>

// Enums travel as their CamelCase names. An enum takes part by a function beside it, found by
// argument-dependent lookup, that lists the names in declaration order (values 0, 1, 2, ...):
//   enum class Mode { Enforce, Shadow };
//   constexpr auto enum_names(Mode) { return std::array<std::string_view, 2>{"Enforce", "Shadow"};
//   }
namespace berth {

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E e) {
  enum_names(e);
};

template <NamedEnum E>
constexpr std::string_view name_of(E value) {
  return enum_names(value)[static_cast<size_t>(value)];
}

template <NamedEnum E>
constexpr std::optional<E> enum_of(std::string_view name) {
  const auto names = enum_names(E{});
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<E>(i);
  return std::nullopt;
}

}  // namespace berth
