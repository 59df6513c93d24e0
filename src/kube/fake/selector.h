#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json_fwd.h"

namespace berth::kube::fake {

// One requirement of a label selector: "tier in (gold,silver)", "!spot", "app=web".
struct LabelRequirement {
  enum class Operator { In, NotIn, Exists, Absent };
  std::string key;
  Operator op = Operator::Exists;
  std::vector<std::string> values;
};

struct FieldRequirement {
  std::string pointer;  // JSON pointer: "/spec/nodeName"
  std::string value;
  bool equal = true;
};

// What a list, a watch or a deletion of a collection is restricted to.
struct ObjectSelector {
  std::string name_space;  // empty: all
  std::vector<LabelRequirement> labels;
  std::vector<FieldRequirement> fields;

  bool matches(const Json& object) const;
  bool everything() const { return labels.empty() && fields.empty(); }
};

// Errors: Invalid with the text. Fields known: metadata.name, metadata.namespace, spec.nodeName,
// spec.schedulerName, status.phase; any other is refused, as the real server does.
Result<ObjectSelector> parse_selector(std::string_view name_space, std::string_view labels,
                                      std::string_view fields);

}  // namespace berth::kube::fake
