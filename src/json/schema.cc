#include "json/schema.h"

namespace berth::detail {
namespace {

// Kubernetes' own grammar of quantities, with at least one digit that is not zero.
constexpr const char* kPositiveQuantity =
    "^([0-9]*[1-9][0-9]*([.][0-9]*)?|[0-9]*[.][0-9]*[1-9][0-9]*)"
    "(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";

}  // namespace

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

void bound_list(Schema& node, const Rules& rules) {
  if (rules.min_items > 0) node["minItems"] = rules.min_items;
  node["maxItems"] = rules.max_items;
  node["x-kubernetes-list-type"] = rules.set ? "set" : rules.keys.empty() ? "atomic" : "map";
  std::string_view left = rules.keys;
  while (!left.empty()) {
    const size_t comma = left.find(',');
    node["x-kubernetes-list-map-keys"].push_back(std::string(left.substr(0, comma)));
    left.remove_prefix(comma == std::string_view::npos ? left.size() : comma + 1);
  }
}

}  // namespace berth::detail
