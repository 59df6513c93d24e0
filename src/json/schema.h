#pragma once
#include <span>
#include <string>
#include <string_view>

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

// Collects the fields and rules of one struct. Not a template: there are hundreds of fields.
class StructSchema {
 public:
  explicit StructSchema(bool is_frozen) : is_frozen_(is_frozen) {}

  // `initial` is what the field starts as, its default when it has one.
  void add(const char* name, Schema&& node, const Rules& rules, const char* doc, Json&& initial);
  void add_rule(const std::string& cel, const std::string& message, const std::string& field_path);
  Schema finish() &&;

  bool is_frozen() const { return is_frozen_; }

 private:
  void freeze(const std::string& name, const Rules& rules, Schema& field);

  bool is_frozen_;
  Schema properties_ = Schema::object();
  Schema required_ = Schema::array();
  Schema rules_ = Schema::array();
};

template <class S>
struct SchemaVisitor {
  StructSchema schema;

  template <class T>
  void field(const char* name, T S::*member, const Rules& rules, const char* doc) {
    schema.add(name, schema_of<T>(rules, schema.is_frozen() && !rules.is_template), rules, doc,
               rules.defaulted ? encode(S{}.*member) : Json());
  }
  template <class F>
  void rule(const char* cel, const char* message, F, const char* field_path = "") {
    schema.add_rule(cel, message, field_path);
  }
  template <class F>
  void transition(const char* cel, const char* message, F, const char* field_path = "") {
    schema.add_rule(cel, message, field_path);
  }
};

namespace detail {

Schema bool_schema();
Schema instant_schema();
Schema text_schema(const Rules& rules);
Schema integer_schema(const Rules& rules);
Schema quantity_schema(const Rules& rules);
Schema enum_schema(std::span<const std::string_view> names);
Schema map_schema(Schema&& values, const Rules& rules);
// Metadata is the API server's own; only its name may be bounded further.
Schema meta_schema(const Rules& rules);
Schema list_schema(Schema&& items, const Rules& rules);

}  // namespace detail

template <class T>
Schema schema_of(const Rules& rules, bool is_frozen) {
  if constexpr (kIsOptional<T>) {
    return schema_of<typename T::value_type>(rules, is_frozen);
  } else if constexpr (kIsVector<T>) {
    return detail::list_schema(schema_of<typename T::value_type>(rules, is_frozen), rules);
  } else if constexpr (kIsMap<T>) {
    return detail::map_schema(schema_of<typename T::mapped_type>(rules, is_frozen), rules);
  } else if constexpr (std::is_same_v<T, ObjectMeta>) {
    return detail::meta_schema(rules);
  } else if constexpr (Described<T>) {
    SchemaVisitor<T> visitor{StructSchema(is_frozen)};
    T::describe(visitor);
    return std::move(visitor.schema).finish();
  } else if constexpr (NamedEnum<T>) {
    return detail::enum_schema(enum_names(T{}));
  } else if constexpr (std::is_same_v<T, Instant>) {
    return detail::instant_schema();
  } else if constexpr (std::is_same_v<T, bool>) {
    return detail::bool_schema();
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return detail::integer_schema(rules);
  } else {
    return rules.quantity ? detail::quantity_schema(rules) : detail::text_schema(rules);
  }
}

}  // namespace berth
