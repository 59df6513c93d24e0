#include "tests/security/json_text.h"

namespace berth::security {
namespace {

// The size of the string that begins at `at`, quotes included.
size_t string_size(std::string_view json, size_t at) {
  size_t end = at + 1;
  while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
  return end + 1 - at;
}

size_t literal_size(std::string_view json, size_t at) {
  const size_t end = json.find_first_of(",:]}", at);
  return (end == std::string_view::npos ? json.size() : end) - at;
}

// What is open at some place of the text.
struct Open {
  size_t at = 0;
  size_t member = 0;  // where the current member began
};

}  // namespace

std::vector<Token> tokens_of(std::string_view json) {
  std::vector<Token> tokens;
  for (size_t at = 0; at < json.size(); at += tokens.back().size) {
    if (json[at] == '"') {
      tokens.push_back({Token::Kind::String, at, string_size(json, at)});
    } else if (std::string_view("{}[]:,").find(json[at]) != std::string_view::npos) {
      tokens.push_back({Token::Kind::Structure, at, 1});
    } else {
      tokens.push_back({Token::Kind::Literal, at, literal_size(json, at)});
    }
  }
  return tokens;
}

std::vector<Member> members_of(std::string_view json) {
  std::vector<Member> members;
  std::vector<Open> open;
  const auto close_member = [&](size_t end) {
    const Open& now = open.back();
    if (json[now.at] == '{' && end > now.member) {
      members.push_back({now.at, now.member, end - now.member});
    }
  };
  for (const Token& token : tokens_of(json)) {
    if (token.kind != Token::Kind::Structure) continue;
    const char c = json[token.at];
    if (c == '{' || c == '[') open.push_back({token.at, token.at + 1});
    if (c == ',' || c == '}' || c == ']') close_member(token.at);
    if (c == ',') open.back().member = token.at + 1;
    if (c == '}' || c == ']') open.pop_back();
  }
  return members;
}

std::string replaced(std::string_view text, size_t at, size_t size, std::string_view by) {
  std::string out(text.substr(0, at));
  return out.append(by).append(text.substr(at + size));
}

}  // namespace berth::security
