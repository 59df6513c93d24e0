#include "json/parse.h"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace berth {
namespace {

namespace dom = simdjson::dom;

// A parser holds up to 14 times the longest text that it has seen. Events and replies are far below
// this, lists are not.
constexpr size_t kKeptBytesMax = 256UL << 10;

const std::vector<std::string_view>* read_of(const ReadMembers& read, std::string_view name) {
  const auto at = std::find_if(read.begin(), read.end(),
                               [&](const auto& members) { return members.first == name; });
  return at == read.end() ? nullptr : &at->second;
}

// Makes values of simdjson's. Recurses: simdjson bounds the depth.
class Maker {
 public:
  explicit Maker(const ReadMembers& read) : read_(read) {}

  // `name` is of the member that `from` is the value of, or an item of the value of.
  Json value_of(dom::element from, std::string_view name) const {
    switch (from.type()) {
      case dom::element_type::OBJECT: return object_of(from.get_object().value_unsafe(), name);
      case dom::element_type::ARRAY: return array_of(from.get_array().value_unsafe(), name);
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

 private:
  Json object_of(dom::object from, std::string_view name) const {
    Json json = Json::object();
    auto& members = json.get_ref<Json::object_t&>();
    const bool is_metadata = name == "metadata";
    const auto* read = read_of(read_, name);
    for (const auto& [key, value] : from) {
      if (is_metadata && key == "managedFields") continue;
      if (read != nullptr && std::find(read->begin(), read->end(), key) == read->end()) continue;
      // The hint is right for maps, which Go writes in order.
      members.insert_or_assign(members.end(), std::string(key), value_of(value, key));
    }
    return json;
  }

  Json array_of(dom::array from, std::string_view name) const {
    Json json = Json::array();
    auto& items = json.get_ref<Json::array_t&>();
    items.reserve(from.size());
    for (const dom::element item : from) items.push_back(value_of(item, name));
    return json;
  }

  const ReadMembers& read_;
};

Json parse_with(dom::parser& parser, std::string_view text, const ReadMembers& read) {
  dom::element root;
  const auto error = parser.parse(text.data(), text.size()).get(root);
  // What simdjson refuses may still be JSON: integers beyond 64 bits, a depth beyond its own. That
  // is rare enough for the slow parser to be the judge.
  if (error != simdjson::SUCCESS) return Json::parse(text, nullptr, false);
  return Maker(read).value_of(root, {});
}

}  // namespace

Json parse_json(std::string_view text) { return parse_json(text, {}); }

Json parse_json(std::string_view text, const ReadMembers& read) {
  if (text.size() > kKeptBytesMax) {
    dom::parser once;
    return parse_with(once, text, read);
  }
  thread_local dom::parser kept;  // buffers only: nothing of one text is seen by the next
  return parse_with(kept, text, read);
}

}  // namespace berth
