#include "crdgen/crd.h"

#include <string>

namespace berth::crdgen {
namespace {

std::string text(std::string_view view) { return std::string(view); }

Schema names_of(const api::KindFacts& facts) {
  return {{"kind", text(facts.kind)},
          {"listKind", text(facts.kind) + "List"},
          {"plural", text(facts.plural)},
          {"singular", text(facts.singular)},
          {"shortNames", Schema::array({text(facts.short_name)})},
          {"categories", Schema::array({"berth"})}};
}

Schema columns_of(std::span<const api::Column> columns) {
  Schema list = Schema::array();
  for (const api::Column& column : columns) {
    Schema entry{{"name", text(column.name)},
                 {"type", text(column.type)},
                 {"description", text(column.doc)},
                 {"jsonPath", text(column.path)}};
    if (column.wide) entry["priority"] = 1;  // shown by -o wide only
    list.push_back(std::move(entry));
  }
  return list;
}

Schema subresources_of(const api::KindEntry& kind) {
  Schema subresources{{"status", Schema::object()}};
  if (kind.scale) {
    subresources["scale"] = {{"specReplicasPath", text(kind.scale->spec_replicas)},
                             {"statusReplicasPath", text(kind.scale->status_replicas)},
                             {"labelSelectorPath", text(kind.scale->status_selector)}};
  }
  return subresources;
}

// apiVersion and kind are every object's; the API server wants to see them in the schema.
Schema whole_schema(const api::KindEntry& kind) {
  Schema properties{{"apiVersion", {{"type", "string"}}}, {"kind", {{"type", "string"}}}};
  properties.update(kind.schema().at("properties"));
  properties["metadata"].erase("description");
  Schema schema{{"description", text(kind.facts.doc)}};
  schema.update(kind.schema());
  schema["properties"] = std::move(properties);
  return schema;
}

}  // namespace

Schema custom_resource_definition(const api::KindEntry& kind) {
  const Schema version{{"name", text(api::kVersion)},
                       {"served", true},
                       {"storage", true},
                       {"additionalPrinterColumns", columns_of(kind.columns)},
                       {"subresources", subresources_of(kind)},
                       {"schema", {{"openAPIV3Schema", whole_schema(kind)}}}};
  return {{"apiVersion", "apiextensions.k8s.io/v1"},
          {"kind", "CustomResourceDefinition"},
          {"metadata", {{"name", text(kind.facts.plural) + "." + text(api::kGroup)}}},
          {"spec",
           {{"group", text(api::kGroup)},
            {"names", names_of(kind.facts)},
            {"scope", kind.facts.namespaced ? "Namespaced" : "Cluster"},
            {"versions", Schema::array({version})}}}};
}

}  // namespace berth::crdgen
