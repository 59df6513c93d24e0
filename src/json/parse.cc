#include "json/parse.h"

#include <simdjson.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace berth {
namespace {

namespace dom = simdjson::dom;

// A parser holds up to 14 times the longest text that it has seen. Events and replies are far below
// this, lists are not.
constexpr size_t kKeptBytesMax = 256UL << 10;

// `name` is of the member that `from` is the value of. Recurses: simdjson bounds the depth.
Json value_of(dom::element from, std::string_view name);

Json object_of(dom::object from, std::string_view name) {
  Json json = Json::object();
  auto& members = json.get_ref<Json::object_t&>();
  const bool is_metadata = name == "metadata";
  for (const auto& [key, value] : from) {
    if (is_metadata && key == "managedFields") continue;
    // The hint is right for maps, which Go writes in order.
    members.insert_or_assign(members.end(), std::string(key), value_of(value, key));
  }
  return json;
}

Json array_of(dom::array from) {
  Json json = Json::array();
  auto& items = json.get_ref<Json::array_t&>();
  items.reserve(from.size());
  for (const dom::element item : from) items.push_back(value_of(item, {}));
  return json;
}

Json value_of(dom::element from, std::string_view name) {
  switch (from.type()) {
    case dom::element_type::OBJECT: return object_of(from.get_object().value_unsafe(), name);
    case dom::element_type::ARRAY: return array_of(from.get_array().value_unsafe());
    case dom::element_type::STRING: return from.get_string().value_unsafe();
    case dom::element_type::UINT64: return from.get_uint64().value_unsafe();
    case dom::element_type::DOUBLE: return from.get_double().value_unsafe();
    case dom::element_type::BOOL: return from.get_bool().value_unsafe();
    case dom::element_type::NULL_VALUE: return nullptr;
    case dom::element_type::INT64: break;
  }
  // nlohmann takes a number without a sign for an unsigned one.
  const int64_t number = from.get_int64().value_unsafe();
  return number < 0 ? Json(number) : Json(static_cast<uint64_t>(number));
}

Json parse_with(dom::parser& parser, std::string_view text) {
  dom::element root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  // What simdjson refuses may still be JSON: integers beyond 64 bits, a depth beyond its own. That
  // is rare enough for the slow parser to be the judge.
  if (error != simdjson::SUCCESS) return Json::parse(text, nullptr, false);
  return value_of(root, {});
}

}  // namespace

Json parse_json(std::string_view text) {
  if (text.size() > kKeptBytesMax) {
    dom::parser once;
    return parse_with(once, text);
  }
  thread_local dom::parser kept;  // buffers only: nothing of one text is seen by the next
  return parse_with(kept, text);
}

}  // namespace berth
