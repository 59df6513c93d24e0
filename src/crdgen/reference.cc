#include "crdgen/reference.h"

#include <algorithm>
#include <vector>

namespace berth::crdgen {
namespace {

bool has_rule_false(const Schema& node) {
  const auto rules = node.find("x-kubernetes-validations");
  return rules != node.end() && std::any_of(rules->begin(), rules->end(), [](const Schema& rule) {
           return rule.at("rule") == "false";
         });
}

std::string type_of(const Schema& node) {
  if (node.contains("x-kubernetes-int-or-string")) return "quantity";
  const std::string type = node.at("type").get<std::string>();
  if (type == "array") return "list of " + type_of(node.at("items"));
  if (node.contains("additionalProperties")) return "map of string";
  if (node.contains("enum")) return "enum";
  if (node.contains("format") && node.at("format") == "date-time") return "time";
  return type;
}

std::string range_of(const Schema& node, const char* low, const char* high,
                     const std::string& unit) {
  const bool has_low = node.contains(low);
  const bool has_high = node.contains(high);
  if (has_low && has_high) {
    return node.at(low).dump() + " to " + node.at(high).dump() + unit;
  }
  if (has_low) return "at least " + node.at(low).dump() + unit;
  return has_high ? "at most " + node.at(high).dump() + unit : "";
}

// The bounds of a field as short phrases; for a list, those of its items too.
void collect_bounds(const Schema& node, std::vector<std::string>& bounds) {
  if (node.contains("enum")) {
    std::string names;
    for (const auto& name : node.at("enum"))
      names += (names.empty() ? "`" : ", `") + name.get<std::string>() + "`";
    bounds.push_back(names);
  }
  if (node.contains("x-kubernetes-int-or-string")) {
    bounds.push_back("above 0");
    return;
  }
  bounds.push_back(range_of(node, "minimum", "maximum", ""));
  bounds.push_back(range_of(node, "minItems", "maxItems", " items"));
  bounds.push_back(range_of(node, "minProperties", "maxProperties", " entries"));
  bounds.push_back(range_of(node, "minLength", "maxLength", " characters"));
  if (node.contains("x-kubernetes-list-map-keys")) {
    std::string keys;
    for (const auto& key : node.at("x-kubernetes-list-map-keys"))
      keys += (keys.empty() ? "" : " and ") + key.get<std::string>();
    bounds.push_back("one per " + keys);
  }
  if (node.contains("items") && node.at("items").at("type") != "object")
    collect_bounds(node.at("items"), bounds);
}

std::string allowed_of(const Schema& node) {
  std::vector<std::string> bounds;
  collect_bounds(node, bounds);
  std::string text;
  for (const std::string& bound : bounds)
    if (!bound.empty()) text += (text.empty() ? "" : "; ") + bound;
  return text;
}

std::string default_of(const Schema& node, bool is_required) {
  if (is_required) return "required";
  const auto found = node.find("default");
  if (found == node.end()) return "";
  return found->is_string() && found->get<std::string>().empty() ? "empty"
                                                                 : "`" + found->dump() + "`";
}

bool is_required(const Schema& parent, const std::string& name) {
  const auto required = parent.find("required");
  if (required == parent.end()) return false;
  for (const auto& entry : *required)
    if (entry == name) return true;
  return false;
}

void write_fields(const Schema& parent, const std::string& path, bool is_refused,
                  std::string& page) {
  const auto properties = parent.find("properties");
  if (properties == parent.end()) return;
  for (const auto& [name, node] : properties->items()) {
    if (path.empty() && name == "metadata") continue;
    const bool is_list = node.contains("items");
    const std::string here = path.empty() ? name : path + "." + name;
    const bool is_refused_here = is_refused || has_rule_false(node);
    page += "| `" + here + (is_list ? "[]" : "") + "` | " + type_of(node) + " | " +
            default_of(node, is_required(parent, name)) + " | " + allowed_of(node) + " | " +
            node.at("description").get<std::string>() +
            (is_refused_here ? " **Not supported yet.**" : "") + " |\n";
    write_fields(is_list ? node.at("items") : node, here + (is_list ? "[]" : ""), is_refused_here,
                 page);
  }
}

// Rules that span fields, in the words of their messages.
void collect_rules(const Schema& node, const std::string& path, std::string& text) {
  if (const auto rules = node.find("x-kubernetes-validations"); rules != node.end()) {
    for (const auto& rule : *rules) {
      if (rule.at("rule") == "false") continue;
      const std::string where = path + rule.value("fieldPath", "");
      text += "- " + (where.empty() ? "" : "`" + where.substr(1) + "`: ") +
              rule.at("message").get<std::string>() + "\n";
    }
  }
  if (node.contains("items")) collect_rules(node.at("items"), path + "[]", text);
  if (const auto properties = node.find("properties"); properties != node.end())
    for (const auto& [name, field] : properties->items())
      collect_rules(field, path + "." + name, text);
}

std::string kind_section(const api::KindEntry& kind) {
  const api::KindFacts& facts = kind.facts;
  std::string page = "\n## " + std::string(facts.kind) + "\n\n" + std::string(facts.doc) + "\n\n";
  page += "`kubectl get " + std::string(facts.plural) + "` (short: `" +
          std::string(facts.short_name) + "`), " +
          (facts.namespaced ? "namespaced" : "cluster-wide") + ".\n\n";
  page += "| field | type | default | allowed | meaning |\n|---|---|---|---|---|\n";
  write_fields(kind.schema(), "", false, page);
  std::string rules;
  collect_rules(kind.schema(), "", rules);
  if (!rules.empty()) page += "\nRules that the API server checks besides:\n\n" + rules;
  return page;
}

}  // namespace

std::string reference_page(std::span<const api::KindEntry> kinds) {
  std::string page =
      "<!-- Written by berth-crdgen from src/api; do not edit. -->\n"
      "# Field reference of " +
      std::string(api::kApiVersion) +
      "\n\n"
      "Seconds, percent, basis points (hundredths of a percent) and micro-dollars (millionths of "
      "a US dollar) are integers with the unit in the name; times are RFC 3339 in UTC; memory and "
      "CPU are Kubernetes quantities. A field that is *not supported yet* is refused by the API "
      "server, never accepted and ignored. `kubectl explain gpujob.spec` says the same.\n";
  for (const api::KindEntry& kind : kinds) page += kind_section(kind);
  return page;
}

}  // namespace berth::crdgen
