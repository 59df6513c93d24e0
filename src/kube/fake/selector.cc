#include "kube/fake/selector.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "kube/fake/objects.h"

namespace berth::kube::fake {
namespace {

using Operator = LabelRequirement::Operator;

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Split at commas that are not inside parentheses.
std::vector<std::string_view> split_outside(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != ',' || depth > 0)) continue;
    if (const auto part = trim(text.substr(begin, i - begin)); !part.empty()) parts.push_back(part);
    begin = i + 1;
  }
  return parts;
}

std::vector<std::string> values_of(std::string_view list) {
  std::vector<std::string> values;
  for (const std::string_view value : split_outside(list)) values.emplace_back(value);
  return values;
}

LabelRequirement parse_label(std::string_view text) {
  if (const size_t at = text.find(" notin ("); at != std::string_view::npos) {
    return {std::string(trim(text.substr(0, at))), Operator::NotIn,
            values_of(text.substr(at + 8, text.size() - at - 9))};
  }
  if (const size_t at = text.find(" in ("); at != std::string_view::npos) {
    return {std::string(trim(text.substr(0, at))), Operator::In,
            values_of(text.substr(at + 5, text.size() - at - 6))};
  }
  if (const size_t at = text.find("!="); at != std::string_view::npos) {
    return {std::string(trim(text.substr(0, at))),
            Operator::NotIn,
            {std::string(trim(text.substr(at + 2)))}};
  }
  if (const size_t at = text.find('='); at != std::string_view::npos) {
    std::string_view value = text.substr(at + 1);
    if (!value.empty() && value.front() == '=') value.remove_prefix(1);
    return {std::string(trim(text.substr(0, at))), Operator::In, {std::string(trim(value))}};
  }
  if (text.front() == '!') return {std::string(trim(text.substr(1))), Operator::Absent, {}};
  return {std::string(text), Operator::Exists, {}};
}

bool holds(const LabelRequirement& want, const Json* labels) {
  const Json* value = nullptr;
  if (labels != nullptr && labels->contains(want.key)) value = &(*labels)[want.key];
  const auto listed = [&] {
    return value != nullptr && value->is_string() &&
           std::find(want.values.begin(), want.values.end(),
                     value->get_ref<const std::string&>()) != want.values.end();
  };
  switch (want.op) {
    case Operator::In: return listed();
    case Operator::NotIn: return !listed();
    case Operator::Exists: return value != nullptr;
    case Operator::Absent: return value == nullptr;
  }
  __builtin_unreachable();
}

std::string pointer_of(std::string_view field) {
  for (const std::string_view known : {"metadata.name", "metadata.namespace", "spec.nodeName",
                                       "spec.schedulerName", "status.phase"}) {
    if (field != known) continue;
    std::string pointer = "/" + std::string(field);
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    return pointer;
  }
  return {};
}

}  // namespace

bool ObjectSelector::matches(const Json& object) const {
  const Json& meta = object.at("metadata");
  if (!name_space.empty() && meta.value("namespace", "") != name_space) return false;
  const auto labels_at = meta.find("labels");
  const Json* present = labels_at == meta.end() ? nullptr : &*labels_at;
  return std::all_of(labels.begin(), labels.end(),
                     [&](const LabelRequirement& want) { return holds(want, present); }) &&
         std::all_of(fields.begin(), fields.end(), [&](const FieldRequirement& want) {
           return (text_at(object, want.pointer.c_str()) == want.value) == want.equal;
         });
}

Result<ObjectSelector> parse_selector(std::string_view name_space, std::string_view labels,
                                      std::string_view fields) {
  ObjectSelector selector{std::string(name_space), {}, {}};
  for (const std::string_view part : split_outside(labels)) {
    selector.labels.push_back(parse_label(part));
  }
  for (const std::string_view part : split_outside(fields)) {
    const bool unequal = part.find("!=") != std::string_view::npos;
    const size_t at = part.find(unequal ? "!=" : "=");
    std::string pointer = pointer_of(part.substr(0, at));
    if (pointer.empty() || at == std::string_view::npos) {
      return Error{Code::Invalid, "field label not supported: " + std::string(part)};
    }
    std::string_view value = part.substr(at + (unequal ? 2 : 1));
    if (!value.empty() && value.front() == '=') value.remove_prefix(1);
    selector.fields.push_back({std::move(pointer), std::string(value), !unequal});
  }
  return selector;
}

}  // namespace berth::kube::fake
