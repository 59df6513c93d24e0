#pragma once
#include <string>

#include "json/describe.h"
#include "json/object_meta.h"

// A struct's description as a structural OpenAPI v3 schema, as CustomResourceDefinitions hold it.
namespace berth {

// Keeps the order of the description, so that the CRD and the reference read as the code does.
using Schema = nlohmann::ordered_json;

// Schema of T as a field with these rules. `is_frozen`: immutable fields get their transition rule;
// false inside of a template for other objects.
template <class T>
Schema schema_of(const Rules& rules = {}, bool is_frozen = true);

template <class S>
class SchemaVisitor {
 public:
  explicit SchemaVisitor(bool is_frozen) : is_frozen_(is_frozen) {}

  template <class T>
  void field(const char* name, T S::*member, const Rules& rules, const char* doc) {
    Schema node{{"description", doc}};
    node.update(schema_of<T>(rules, is_frozen_ && !rules.is_template));
    if (rules.defaulted) node["default"] = Schema(encode(S{}.*member));
    if (rules.unsupported) refuse(node, name);
    if (rules.required) required_.push_back(name);
    if (rules.immutable && is_frozen_) freeze(name, rules.required || rules.defaulted);
    properties_[name] = std::move(node);
  }
  template <class F>
  void rule(const char* cel, const char* message, F, const char* field_path = "") {
    Schema rule{{"rule", cel}, {"message", message}};
    if (*field_path != 0) rule["fieldPath"] = field_path;
    rules_.push_back(std::move(rule));
  }
  template <class F>
  void transition(const char* cel, const char* message, F twin, const char* field_path = "") {
    rule(cel, message, twin, field_path);
  }

  Schema finish() && {
    Schema node{{"type", "object"}, {"properties", std::move(properties_)}};
    if (!required_.empty()) node["required"] = std::move(required_);
    if (!rules_.empty()) node["x-kubernetes-validations"] = std::move(rules_);
    return node;
  }

 private:
  static void refuse(Schema& node, const std::string& name) {
    node["x-kubernetes-validations"].push_back({{"rule", "false"},
                                                {"message", name + " is not supported yet"},
                                                {"reason", "FieldValueForbidden"}});
  }
  // A rule at the field itself would not see it appear or vanish, so it stands at the parent.
  void freeze(const std::string& name, bool is_always_there) {
    const std::string same = "self." + name + " == oldSelf." + name;
    const std::string cel = is_always_there ? same
                                            : "has(self." + name + ") == has(oldSelf." + name +
                                                  ") && (!has(self." + name + ") || " + same + ")";
    rule(cel.c_str(), (name + " is immutable").c_str(), nullptr, ("." + name).c_str());
  }

  bool is_frozen_;
  Schema properties_ = Schema::object();
  Schema required_ = Schema::array();
  Schema rules_ = Schema::array();
};

namespace detail {

Schema text_schema(const Rules& rules);
Schema integer_schema(const Rules& rules);
Schema quantity_schema(const Rules& rules);
// Metadata is the API server's own; only its name may be bounded further.
Schema meta_schema(const Rules& rules);
void bound_list(Schema& node, const Rules& rules);

}  // namespace detail

template <class T>
Schema schema_of(const Rules& rules, bool is_frozen) {
  if constexpr (kIsOptional<T>) {
    return schema_of<typename T::value_type>(rules, is_frozen);
  } else if constexpr (kIsVector<T>) {
    Schema node{{"type", "array"}, {"items", schema_of<typename T::value_type>(rules, is_frozen)}};
    detail::bound_list(node, rules);
    return node;
  } else if constexpr (kIsMap<T>) {
    Schema node{{"type", "object"},
                {"additionalProperties", schema_of<typename T::mapped_type>(rules, is_frozen)}};
    node["maxProperties"] = rules.max_items;
    if (rules.min_items > 0) node["minProperties"] = rules.min_items;
    return node;
  } else if constexpr (std::is_same_v<T, ObjectMeta>) {
    return detail::meta_schema(rules);
  } else if constexpr (Described<T>) {
    SchemaVisitor<T> visitor(is_frozen);
    T::describe(visitor);
    return std::move(visitor).finish();
  } else if constexpr (NamedEnum<T>) {
    Schema node{{"type", "string"}, {"enum", Schema::array()}};
    for (const std::string_view name : enum_names(T{})) node["enum"].push_back(std::string(name));
    return node;
  } else if constexpr (std::is_same_v<T, Instant>) {
    return {{"type", "string"}, {"format", "date-time"}};
  } else if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return detail::integer_schema(rules);
  } else {
    return rules.quantity ? detail::quantity_schema(rules) : detail::text_schema(rules);
  }
}

}  // namespace berth
