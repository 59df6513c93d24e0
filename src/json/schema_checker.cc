#include "json/schema_checker.h"

#include <algorithm>
#include <set>
#include <utility>

#include "json/time.h"

namespace berth {
namespace {

const Schema* find(const Schema& node, std::string_view key) {
  const auto found = node.find(key);
  return found == node.end() ? nullptr : &*found;
}

int64_t number_or(const Schema& node, const char* key, int64_t otherwise) {
  const Schema* found = find(node, key);
  return found == nullptr ? otherwise : found->get<int64_t>();
}

bool is_flagged(const Schema& node, const char* key) {
  const Schema* found = find(node, key);
  return found != nullptr && found->get<bool>();
}

bool has_type(const Json& value, const Schema& node) {
  if (is_flagged(node, "x-kubernetes-int-or-string"))
    return value.is_string() || value.is_number_integer();
  const std::string& type = node.at("type").get_ref<const std::string&>();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  return value.is_number_integer();
}

// The API server counts characters, not bytes: continuation bytes of UTF-8 are not counted.
int64_t length_of(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

// The words of the messages are the API server's own.
std::string at_least(int64_t bound) {
  return "should be greater than or equal to " + std::to_string(bound);
}
std::string at_most(int64_t bound) {
  return "should be less than or equal to " + std::to_string(bound);
}

void check_integer(const Json& value, const Schema& node, const Path& path, Violations& found) {
  const int64_t number = value.get<int64_t>();
  const int64_t minimum = number_or(node, "minimum", INT64_MIN);
  const int64_t maximum = number_or(node, "maximum", INT64_MAX);
  if (number < minimum) found.push_back({path.text(), at_least(minimum)});
  if (number > maximum) found.push_back({path.text(), at_most(maximum)});
}

void check_enum(const std::string& text, const Schema& names, const Path& path, Violations& found) {
  std::string known;
  for (const auto& name : names) {
    if (name.get_ref<const std::string&>() == text) return;
    known += (known.empty() ? "\"" : ", \"") + name.get<std::string>() + "\"";
  }
  found.push_back({path.text(), "supported values: " + known});
}

// What tells the items of a list apart: the whole item of a set, the key fields of a map.
Json identity_of(const Json& item, const Schema& node) {
  const Schema* keys = find(node, "x-kubernetes-list-map-keys");
  if (keys == nullptr) return item;
  Json identity = Json::array();
  for (const auto& key : *keys) {
    const auto field = item.find(key.get_ref<const std::string&>());
    identity.push_back(field == item.end() ? Json() : *field);
  }
  return identity;
}

void check_unique(const Json& list, const Schema& node, const Path& path, Violations& found) {
  if (node.at("x-kubernetes-list-type") == "atomic") return;
  std::set<Json> seen;
  for (size_t i = 0; i < list.size(); ++i) {
    if (!seen.insert(identity_of(list[i], node)).second)
      found.push_back({Path(path, i).text(), "Duplicate value"});
  }
}

void fill(Json& value, const Schema& node) {
  if (value.is_array()) {
    for (Json& item : value) fill(item, node.at("items"));
    return;
  }
  const Schema* properties = find(node, "properties");
  if (!value.is_object() || properties == nullptr) return;
  for (const auto& [name, field] : properties->items()) {
    auto there = value.find(name);
    if (there != value.end() && there->is_null()) {  // null is absent, as to the API server
      value.erase(there);
      there = value.end();
    }
    if (there == value.end() && !field.contains("default")) continue;
    if (there == value.end()) value[name] = Json(field.at("default"));
    fill(value[name], field);
  }
}

void prune_node(Json& value, const Schema& node) {
  if (value.is_array()) {
    for (Json& item : value) prune_node(item, node.at("items"));
    return;
  }
  const Schema* properties = find(node, "properties");
  if (!value.is_object() || properties == nullptr) return;
  for (auto field = value.begin(); field != value.end();) {
    const Schema* known = find(*properties, field.key());
    if (known == nullptr) {
      field = value.erase(field);
      continue;
    }
    prune_node(*field, *known);
    ++field;
  }
}

}  // namespace

SchemaChecker::SchemaChecker(Schema schema) : schema_(std::move(schema)) {
  compile_patterns(schema_);
}

void SchemaChecker::compile_patterns(const Schema& node) {
  if (const Schema* pattern = find(node, "pattern"))
    patterns_.emplace(pattern->get<std::string>(), pattern->get<std::string>());
  if (const Schema* items = find(node, "items")) compile_patterns(*items);
  if (const Schema* values = find(node, "additionalProperties")) compile_patterns(*values);
  if (const Schema* properties = find(node, "properties"))
    for (const auto& field : *properties) compile_patterns(field);
}

Violations SchemaChecker::check(const Json& value) const {
  Violations found;
  check_node(value, schema_, {}, found);
  return found;
}

void SchemaChecker::fill_defaults(Json& value) const { fill(value, schema_); }

void SchemaChecker::prune(Json& object) const {
  for (auto field = object.begin(); field != object.end();) {
    const bool is_kept =
        field.key() == "apiVersion" || field.key() == "kind" || field.key() == "metadata";
    const Schema* known = find(schema_.at("properties"), field.key());
    if (!is_kept && known == nullptr) {
      field = object.erase(field);
      continue;
    }
    if (!is_kept) prune_node(*field, *known);
    ++field;
  }
}

void SchemaChecker::check_node(const Json& value, const Schema& node, const Path& path,
                               Violations& found) const {
  if (!has_type(value, node)) {
    const Schema* type = find(node, "type");
    found.push_back(
        {path.text(),
         "must be of type " + (type == nullptr ? "integer or string" : type->get<std::string>())});
    return;
  }
  if (value.is_object()) check_object(value, node, path, found);
  if (value.is_array()) check_list(value, node, path, found);
  if (value.is_number_integer()) check_integer(value, node, path, found);
  if (value.is_string()) check_text(value.get_ref<const std::string&>(), node, path, found);
}

void SchemaChecker::check_object(const Json& value, const Schema& node, const Path& path,
                                 Violations& found) const {
  if (const Schema* required = find(node, "required")) {
    for (const auto& name : *required) {
      if (!value.contains(name.get_ref<const std::string&>()))
        found.push_back({Path(path, name.get_ref<const std::string&>()).text(), "Required value"});
    }
  }
  if (const Schema* properties = find(node, "properties")) {
    for (const auto& [name, field] : properties->items()) {
      const auto there = value.find(name);
      if (there != value.end()) check_node(*there, field, Path(path, name), found);
    }
  }
  const Schema* values = find(node, "additionalProperties");
  if (values == nullptr) return;
  const int64_t size = static_cast<int64_t>(value.size());
  const int64_t fewest = number_or(node, "minProperties", 0);
  const int64_t most = number_or(node, "maxProperties", INT64_MAX);
  if (size < fewest)
    found.push_back(
        {path.text(), "should have at least " + std::to_string(fewest) + " properties"});
  if (size > most)
    found.push_back(
        {path.text(), "Too many: must have at most " + std::to_string(most) + " items"});
  for (const auto& [key, item] : value.items()) check_node(item, *values, Path(path, key), found);
}

void SchemaChecker::check_list(const Json& value, const Schema& node, const Path& path,
                               Violations& found) const {
  const int64_t size = static_cast<int64_t>(value.size());
  const int64_t fewest = number_or(node, "minItems", 0);
  const int64_t most = number_or(node, "maxItems", INT64_MAX);
  if (size < fewest)
    found.push_back({path.text(), "should have at least " + std::to_string(fewest) + " items"});
  if (size > most) {
    found.push_back(
        {path.text(), "Too many: must have at most " + std::to_string(most) + " items"});
    return;  // not worth walking, and possibly huge
  }
  for (size_t i = 0; i < value.size(); ++i)
    check_node(value[i], node.at("items"), Path(path, i), found);
  check_unique(value, node, path, found);
}

void SchemaChecker::check_text(const std::string& text, const Schema& node, const Path& path,
                               Violations& found) const {
  const int64_t length = length_of(text);
  const int64_t fewest = number_or(node, "minLength", 0);
  const int64_t most = number_or(node, "maxLength", INT64_MAX);
  if (length < fewest)
    found.push_back({path.text(), "should be at least " + std::to_string(fewest) + " chars long"});
  if (length > most) {
    found.push_back({path.text(), "Too long: may not be more than " + std::to_string(most)});
    return;  // std::regex recurses per character: never let it see an unbounded text
  }
  if (const Schema* names = find(node, "enum")) check_enum(text, *names, path, found);
  if (node.contains("format") && !parse_time(text).ok())
    found.push_back({path.text(), "must be of type date-time"});
  const Schema* pattern = find(node, "pattern");
  if (pattern == nullptr) return;
  const std::string& expression = pattern->get_ref<const std::string&>();
  if (!std::regex_search(text, patterns_.at(expression)))
    found.push_back({path.text(), "should match '" + expression + "'"});
}

}  // namespace berth
