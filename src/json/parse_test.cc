#include "json/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// nlohmann's own parser is the truth here: whatever it makes of a text, we make of it.
namespace berth {
namespace {

using testing::SizeIs;

void drop_managed_fields(Json& json, std::string_view name = {}) {
  if (name == "metadata" && json.is_object()) json.erase("managedFields");
  if (json.is_array()) {
    for (Json& item : json) drop_managed_fields(item, name);
  } else if (json.is_object()) {
    for (auto& [key, value] : json.get_ref<Json::object_t&>()) drop_managed_fields(value, key);
  }
}

// Every value with its type and place. A zero has no sign: "-0" is the one integer whose type may
// differ.
std::vector<std::string> leaves(const Json& json) {
  std::vector<std::string> out;
  const Json flat = json.flatten();
  for (const auto& [path, value] : flat.items()) {
    const bool is_zero = value.is_number_integer() && value == 0;
    const auto type = is_zero ? Json::value_t::number_unsigned : value.type();
    out.push_back(path + " " + std::to_string(static_cast<int>(type)) + " " + value.dump());
  }
  return out;
}

// Where the two parsers disagree about `text`; empty when they do not.
std::string disagreement(const std::string& text) {
  Json want = Json::parse(text, nullptr, false);
  Json have = parse_json(text);
  if (want.is_discarded() != have.is_discarded()) {
    return text + (want.is_discarded() ? ": is no JSON" : ": is JSON");
  }
  if (want.is_discarded()) return {};
  drop_managed_fields(want);
  drop_managed_fields(have);  // an odd text, which was left to nlohmann, keeps them
  return leaves(want) == leaves(have) ? "" : text + ": became " + have.dump();
}

std::string file(const char* path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ParseJson, MakesOfEveryTextWhatNlohmannMakesOfIt) {
  const std::string deep(5000, '[');
  const std::vector<std::string> texts = {
      "", " ", "{}", "[]", " {} ", "null", "true", "\"a\"", "nul", "{", "}", "[1,]", "{\"a\":1,}",
      "{}{}", "{} x", "{\"a\" 1}", "{a:1}", "/**/{}", "\xef\xbb\xbf{}", std::string("{}\0x", 4),
      // Numbers: what is an integer, what is not, and what is too large for it.
      "0", "-0", "1", "-1", "1.0", "-0.0", "1e2", "1E+2", "01", "+1", ".5", "1.", "1e", "-",
      "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
      "18446744073709551615", "18446744073709551616", "123456789012345678901234567890", "1e308",
      "1e400", "-1e400", "1e-400", "0.1", "2.2250738585072014e-308", "4.9e-324", "NaN", "Infinity",
      // Members of one name.
      R"({"a":1,"b":2,"a":3})", R"({"a":{"x":1},"a":{"y":2}})", R"({"":1})",
      // Text: escapes, halves of surrogate pairs, control characters, what is not UTF-8.
      R"("\u0041\n\/\"")", R"("\u0000")", R"("\ud83d\ude00")", R"("\ud83d")", R"("\ude00")",
      R"("\ud83dx")", R"("\ud83d\u0041")", R"("\ud83d\ud83d")", R"("\x41")", R"("\u00g0")",
      "\"\x01\"", "\"\t\"", "\"\x7f\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
      "\"\xf0\x9f\x98\x80\"", "\"\xf4\x90\x80\x80\"", "\"\xe2\x82\"", "\xff", "{\"\xff\":1}",
      // Depth: beyond the fast parser's, and never closed.
      deep, deep + std::string(5000, ']'), std::string(1000, '[') + std::string(1000, ']')};
  for (const std::string& text : texts) EXPECT_EQ(disagreement(text), "");
}

TEST(ParseJson, AgreesWithNlohmannAboutObjectsThatWereDamaged) {
  const std::string pod = Json::parse(file("tests/golden/worker_pod.json")).dump();
  const std::vector<std::string> seeds = {
      pod.substr(0, 400), pod, file("tests/golden/extender/filter_args.json"),
      R"({"items":[{"metadata":{"managedFields":[{"f:a":{}}],"name":"\u00e4\ud83d\ude00"}}]})",
      R"([0,-1,1.50,2e3,18446744073709551615,-9223372036854775808,true,false,null,"",{},[[]]])"};
  static constexpr std::string_view kBytes =
      "{}[]\",:\\/ \n\t0123456789.eE+-ntfusdD\x7f\x80\xc3\xed\xff";
  std::mt19937 random(1);
  const auto below = [&](size_t end) {
    return std::uniform_int_distribution<size_t>(0, end)(random);
  };
  size_t accepted = 0;
  for (int round = 0; round < 6'000; ++round) {
    std::string text = seeds[below(seeds.size() - 1)];
    for (size_t change = 0; change <= below(2); ++change) {
      const size_t at = below(text.size());
      const char byte = kBytes[below(kBytes.size() - 1)];
      switch (below(3)) {
        case 0: text.insert(at, 1, byte); break;
        case 1: text.replace(at, 1, 1, byte); break;
        case 2: text.erase(at, below(3)); break;
        default: text.insert(at, text.substr(below(text.size()), below(8)));
      }
    }
    ASSERT_EQ(disagreement(text), "");
    accepted += parse_json(text).is_discarded() ? 0 : 1;
  }
  EXPECT_GT(accepted, 600u);
  EXPECT_LT(accepted, 5'400u);
}

TEST(ParseJson, LeavesOutManagedFieldsOfObjectsOfItemsAndOfEvents) {
  const std::string object =
      R"({"metadata":{"name":"a","managedFields":[{"manager":"kubectl"}],"labels":{"x":"y"}}})";
  const Json bare = {{"metadata", {{"name", "a"}, {"labels", {{"x", "y"}}}}}};
  EXPECT_EQ(parse_json(object), bare);
  EXPECT_EQ(parse_json(R"({"items":[)" + object + "]}"), (Json{{"items", Json::array({bare})}}));
  EXPECT_EQ(parse_json(R"({"type":"ADDED","object":)" + object + "}"),
            (Json{{"type", "ADDED"}, {"object", bare}}));
}

TEST(ParseJson, MakesOnlyTheMembersThatAreRead) {
  const ReadMembers read = {{"spec", {"containers", "selector"}}, {"containers", {"name"}}};
  const std::string_view text =
      R"({"spec":{"containers":[{"name":"a","env":[]}],"volumes":[],"selector":{"volumes":"x"}},
          "env":1})";
  EXPECT_EQ(
      parse_json(text, read),
      Json::parse(R"({"spec":{"containers":[{"name":"a"}],"selector":{"volumes":"x"}},"env":1})"));
}

TEST(ParseJson, KeepsWhatIsOnlyCalledManagedFields) {
  const std::string_view text = R"({"managedFields":1,"metadata":{"labels":{"managedFields":"x"}},
                                   "spec":{"managedFields":2}})";
  EXPECT_EQ(parse_json(text), Json::parse(text));
}

TEST(ParseJson, AGiantTextIsReadLikeASmallOne) {
  const Json small = {{"metadata", {{"name", "a"}}}};
  Json list = {{"items", Json::array()}};
  for (int i = 0; i < 20'000; ++i) list["items"].push_back(small);
  EXPECT_THAT(parse_json(list.dump())["items"], SizeIs(20'000));
  EXPECT_EQ(parse_json(small.dump()), small);
}

}  // namespace
}  // namespace berth
