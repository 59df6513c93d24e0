#pragma once
#include <map>
#include <regex>
#include <string>

#include "json/json_fwd.h"
#include "json/path.h"
#include "json/schema.h"
#include "json/violation.h"

namespace berth {

// Holds an object against a structural schema as the API server does before it asks any CEL: types,
// required fields, bounds, patterns, enums, and the keys of lists that are maps or sets. Not the
// x-kubernetes-validations: their twins are in validate.h.
//
// Patterns are compiled once here, so keep one checker per kind.
class SchemaChecker {
 public:
  explicit SchemaChecker(Schema schema);

  // What is wrong with `value`, in the order of the schema.
  Violations check(const Json& value) const;

  // Fills in what is absent or null and has a default, and drops every other null, as the API
  // server does on every read and write.
  void fill_defaults(Json& value) const;

  // Takes away what the schema does not know, but not apiVersion, kind and metadata.
  void prune(Json& object) const;

  const Schema& schema() const { return schema_; }

 private:
  void compile_patterns(const Schema& node);
  void check_node(const Json& value, const Schema& node, const Path& path, Violations& found) const;
  void check_object(const Json& value, const Schema& node, const Path& path,
                    Violations& found) const;
  void check_list(const Json& value, const Schema& node, const Path& path, Violations& found) const;
  void check_text(const std::string& text, const Schema& node, const Path& path,
                  Violations& found) const;

  Schema schema_;
  std::map<std::string, std::regex> patterns_;
};

}  // namespace berth
