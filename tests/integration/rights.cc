#include "tests/integration/rights.h"

#include <fstream>
#include <limits>
#include <sstream>
#include <utility>

#include "kube/fake/call.h"

namespace berth::integration {
namespace {

// What RBAC asks about a request.
struct Wanted {
  std::string verb;
  std::string resource;
  std::string name_space;
  std::string name;
};

// A list of one object by name is authorised as that object.
std::string selected_name(const kube::fake::Call& call) {
  constexpr std::string_view kByName = "metadata.name=";
  const std::string fields = call.param("fieldSelector");
  return fields.starts_with(kByName) ? fields.substr(kByName.size()) : std::string();
}

std::string verb_of(const kube::Request& request, const kube::fake::Call& call) {
  switch (request.method) {
    case kube::Method::Get:
      if (call.is_watch()) return "watch";
      return call.name.empty() ? "list" : "get";
    case kube::Method::Post: return "create";
    case kube::Method::Put: return "update";
    case kube::Method::Patch: return "patch";
    case kube::Method::Delete: return call.name.empty() ? "deletecollection" : "delete";
  }
  __builtin_unreachable();
}

Wanted wanted_by(const kube::Request& request) {
  const auto parsed = kube::fake::parse_call(request);
  if (!parsed) return {.verb = "call", .resource = request.path, .name_space = {}, .name = {}};
  std::string resource = parsed->plural;
  if (!parsed->subresource.empty()) resource += "/" + parsed->subresource;
  if (!parsed->group.empty()) resource += "." + parsed->group;
  return {.verb = verb_of(request, *parsed),
          .resource = resource,
          .name_space = parsed->name_space,
          .name = parsed->name.empty() ? selected_name(*parsed) : parsed->name};
}

// ClusterRole system:discovery, which every account has.
bool is_discovery(const kube::Request& request) {
  return request.method == kube::Method::Get && request.path.starts_with("/apis/") &&
         !kube::fake::parse_call(request);
}

}  // namespace

Rights Rights::of(std::string_view account, const std::string& list_name) {
  Rights rights;
  std::ifstream list("tests/charts/golden/" + list_name);
  for (std::string line; std::getline(list, line);) {
    std::istringstream words(line);
    std::string who;
    std::string name_space;
    std::string resource;
    std::string name;
    std::string verbs;
    if (!(words >> who >> name_space >> resource >> name >> verbs)) continue;
    if (who == account && resource != "has") rights.add(resource, name_space, name, verbs);
  }
  return rights;
}

Rights rights_of(const control::Settings& settings) {
  Rights rights = Rights::of("berth-operator");
  if (settings.gateway.name.empty()) return rights;
  rights.add(Rights::of("berth-operator",
                        settings.gateway.is_withdrawn ? "rbac-withdrawn.txt" : "rbac-gateway.txt"));
  return rights;
}

void Rights::add(const Rights& others) {
  rules_.insert(rules_.end(), others.rules_.begin(), others.rules_.end());
}

void Rights::add(const std::string& resource, const std::string& name_space,
                 const std::string& name, const std::string& verbs) {
  std::istringstream each(verbs);
  for (std::string verb; std::getline(each, verb, ',');) {
    rules_.push_back({resource, name_space, name, verb});
  }
}

std::set<std::string> Rights::for_request(const kube::Request& request) const {
  const Wanted wanted = wanted_by(request);
  std::set<std::string> found;
  for (const Rule& rule : rules_) {
    const bool is_there = rule.name_space == "*" || rule.name_space == wanted.name_space;
    const bool is_it = rule.name == "*" || rule.name == wanted.name;
    if (rule.verb == wanted.verb && rule.resource == wanted.resource && is_there && is_it) {
      found.insert(rule.text());
    }
  }
  return found;
}

bool Rights::allow(const kube::Request& request) const {
  return is_discovery(request) || !for_request(request).empty();
}

std::set<std::string> Rights::all() const {
  std::set<std::string> texts;
  for (const Rule& rule : rules_) texts.insert(rule.text());
  return texts;
}

void Rights::refuse_others(kube::fake::FakeTransport& transport,
                           std::function<void(const std::string&)> missed) const {
  transport.inject({.matches =
                        [rights = *this, missed = std::move(missed)](const kube::Request& request) {
                          if (rights.allow(request)) return false;
                          const Wanted wanted = wanted_by(request);
                          missed(wanted.verb + " " + wanted.resource + " '" + wanted.name_space +
                                 "' '" + wanted.name + "'");
                          return true;
                        },
                    .fault = kube::fake::Fault::status(403),
                    .times = std::numeric_limits<int>::max()});
}

void Rights::note_use(kube::fake::FakeTransport& transport, std::set<std::string>& unused) const {
  transport.inject({.matches =
                        [this, &unused](const kube::Request& request) {
                          for (const std::string& right : for_request(request)) unused.erase(right);
                          return false;
                        },
                    .fault = {},
                    .times = 1});
}

}  // namespace berth::integration
