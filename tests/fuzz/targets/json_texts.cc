#include <nlohmann/json.hpp>

#include "json/parse.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

// What parse_json() leaves out.
void drop_managed_fields(Json& json, const std::string& name) {
  if (json.is_object()) {
    if (name == "metadata") json.erase("managedFields");
    for (auto& [key, value] : json.items()) drop_managed_fields(value, key);
  }
  if (json.is_array()) {
    for (Json& item : json) drop_managed_fields(item, name);
  }
}

}  // namespace

// JSON of any kind, held against what the slow parser says of it.
void json_texts(std::string_view input) {
  Json got = parse_json(input);
  Json want = Json::parse(input, nullptr, false);
  require(got.is_discarded() == want.is_discarded(), "one parser takes it, the other does not");
  const Json excerpt = parse_json(input, {{"metadata", {"name", "labels"}}, {"spec", {}}});
  require(got.is_discarded() == excerpt.is_discarded(), "an excerpt is refused otherwise");
  if (got.is_discarded()) return;
  drop_managed_fields(want, {});
  drop_managed_fields(got, {});  // an odd text, which was left to the slow parser, keeps them
  require(got == want, "the parsers read different values");
}

}  // namespace berth::fuzz
