#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "json/json_fwd.h"
#include "json/violation.h"
#include "kube/resource.h"

namespace berth::kube::fake {

// What is wrong with `fresh`, each a cause of a 422; `old` is nullptr at creation. Empty: accepted.
using Validator = std::function<Violations(const Json& fresh, const Json* old)>;

// Where the scale subresource of a kind finds its numbers, as JSON pointers: "/spec/replicas".
struct ScalePaths {
  std::string spec_replicas;
  std::string status_replicas;
};

// How the server treats the objects of one resource.
struct Kind {
  Resource resource;
  bool status_subresource = true;     // the object's writes leave status alone, /status all else
  bool status_at_creation = false;    // what a client sends as status of a new object is kept
  bool generation = true;             // metadata.generation counts changes of the spec
  bool unconditional_update = false;  // PUT without resourceVersion is accepted
  bool typed_list_items = true;       // items of a list carry apiVersion and kind
  std::optional<ScalePaths> scale = std::nullopt;
  std::function<void(Json& fresh)> defaults = {};  // fills in a new object
  Validator rules = {};                            // the server's own: what may not change
  Validator validate = {};                         // the test's, such as api::validate

  std::string collection() const;  // what Storage keeps its objects under
};

// The kinds that are served, by group and plural: one version of each.
class Kinds {
 public:
  Kinds();  // those of kube/resource.h, as the real server treats them

  void add(Kind kind);
  void remove(const Resource& resource);
  Kind* find(std::string_view group, std::string_view version, std::string_view plural);
  const Kind* find(std::string_view api_version, std::string_view kind) const;
  const std::map<std::string, Kind>& all() const { return kinds_; }  // by collection

 private:
  std::map<std::string, Kind> kinds_;
};

}  // namespace berth::kube::fake
