#include "json/schema.h"

#include <algorithm>
#include <utility>

namespace berth {

void StructSchema::add(const char* name, Schema&& node, const Rules& rules, const char* doc,
                       Json&& initial) {
  Schema field{{"description", doc}};
  field.update(node);
  if (rules.defaulted) field["default"] = Schema(initial);
  if (rules.unsupported) {
    field["x-kubernetes-validations"].push_back(
        {{"rule", "false"},
         {"message", std::string(name) + " is not supported yet"},
         {"reason", "FieldValueForbidden"}});
  }
  if (rules.required) required_.push_back(name);
  if (rules.immutable && is_frozen_ && !rules.unsupported) freeze(name, rules, field);
  properties_[name] = std::move(field);
}

void StructSchema::add_rule(const std::string& cel, const std::string& message,
                            const std::string& field_path) {
  Schema rule{{"rule", cel}, {"message", message}};
  if (!field_path.empty()) rule["fieldPath"] = field_path;
  rules_.push_back(std::move(rule));
}

// Without a default a field may appear or vanish, which a rule at the field itself would not see.
// It stands at the parent then, where every look at a field costs the API server a walk over all of
// them.
void StructSchema::freeze(const std::string& name, const Rules& rules, Schema& field) {
  const std::string message = name + " is immutable";
  if (rules.required || rules.defaulted) {
    field["x-kubernetes-validations"].push_back(
        {{"rule", "self == oldSelf"}, {"message", message}});
    return;
  }
  const std::string now = "self." + name;
  const std::string old = "oldSelf." + name;
  add_rule(
      "has(" + now + ") == has(" + old + ") && (!has(" + now + ") || " + now + " == " + old + ")",
      message, "." + name);
}

Schema StructSchema::finish() && {
  Schema node{{"type", "object"}, {"properties", std::move(properties_)}};
  if (!required_.empty()) node["required"] = std::move(required_);
  if (!rules_.empty()) node["x-kubernetes-validations"] = std::move(rules_);
  return node;
}

namespace detail {
namespace {

// Kubernetes' own grammar of quantities, with at least one digit that is not zero.
constexpr const char* kPositiveQuantity =
    "^([0-9]*[1-9][0-9]*([.][0-9]*)?|[0-9]*[.][0-9]*[1-9][0-9]*)"
    "(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

}  // namespace

Schema bool_schema() { return {{"type", "boolean"}}; }

Schema instant_schema() { return {{"type", "string"}, {"format", "date-time"}}; }

Schema enum_schema(std::span<const std::string_view> names) {
  Schema node{{"type", "string"}, {"enum", Schema::array()}};
  for (const std::string_view name : names) node["enum"].push_back(std::string(name));
  return node;
}

Schema map_schema(Schema&& values, const Rules& rules) {
  Schema node{{"type", "object"}, {"additionalProperties", std::move(values)}};
  node["maxProperties"] = rules.max_items;
  if (rules.min_items > 0) node["minProperties"] = rules.min_items;
  return node;
}

Schema text_schema(const Rules& rules) {
  Schema node{{"type", "string"}};
  if (rules.min_length > 0) node["minLength"] = rules.min_length;
  node["maxLength"] = rules.max_length;
  if (!rules.pattern.empty()) node["pattern"] = rules.pattern;
  return node;
}

Schema integer_schema(const Rules& rules) {
  Schema node{{"type", "integer"}, {"format", "int64"}};
  if (rules.minimum) node["minimum"] = *rules.minimum;
  if (rules.maximum) node["maximum"] = *rules.maximum;
  return node;
}

Schema quantity_schema(const Rules& rules) {
  return {{"anyOf", {{{"type", "integer"}}, {{"type", "string"}}}},
          {"minimum", 1},
          {"maxLength", std::min<int64_t>(rules.max_length, 63)},
          {"pattern", kPositiveQuantity},
          {"x-kubernetes-int-or-string", true}};
}

Schema meta_schema(const Rules& rules) {
  Schema node{{"type", "object"}};
  if (rules.pattern.empty()) return node;
  node["properties"]["name"] = text_schema(rules);
  return node;
}

Schema list_schema(Schema&& items, const Rules& rules) {
  Schema node{{"type", "array"}, {"items", std::move(items)}};
  if (rules.min_items > 0) node["minItems"] = rules.min_items;
  node["maxItems"] = rules.max_items;
  node["x-kubernetes-list-type"] = rules.set ? "set" : rules.keys.empty() ? "atomic" : "map";
  std::string_view left = rules.keys;
  while (!left.empty()) {
    const size_t comma = left.find(',');
    node["x-kubernetes-list-map-keys"].push_back(std::string(left.substr(0, comma)));
    left.remove_prefix(comma == std::string_view::npos ? left.size() : comma + 1);
  }
  return node;
}

}  // namespace detail
}  // namespace berth
