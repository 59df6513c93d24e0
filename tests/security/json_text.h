#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace berth::security {

// A piece of a JSON text that is right: where it is, and what.
struct Token {
  enum class Kind { Structure, String, Literal };
  Kind kind = Kind::Structure;
  size_t at = 0;
  size_t size = 0;
};
std::vector<Token> tokens_of(std::string_view json);

// A member of an object, "name":value, and where its object begins.
struct Member {
  size_t object = 0;
  size_t at = 0;
  size_t size = 0;
};
std::vector<Member> members_of(std::string_view json);

std::string replaced(std::string_view text, size_t at, size_t size, std::string_view by);

}  // namespace berth::security
