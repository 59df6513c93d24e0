#include "operator/extender/pod_wire.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "json/json_fwd.h"
#include "kube/quantity.h"
#include "translate/pod.h"

namespace berth::extender {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kNameMax = 253;  // of a DNS subdomain, the longest name that Kubernetes has

Error at(std::string_view place, std::string_view name, std::string_view want) {
  std::string message(place);
  return {Code::Invalid, message.append(".").append(name).append(": ").append(want)};
}

// A member of that type; nothing when it is absent or null, which is Go's zero value.
template <class T>
Result<std::optional<T>> read(dom::object from, std::string_view place, std::string_view name,
                              std::string_view want) {
  dom::element element;
  T value;
  if (from[name].get(element) != simdjson::SUCCESS || element.is_null()) return std::optional<T>();
  if (element.get(value) != simdjson::SUCCESS) return at(place, name, want);
  return std::optional<T>(value);
}

Result<std::string_view> read_text(dom::object from, std::string_view place,
                                   std::string_view name) {
  const auto text = BERTH_TRY(read<std::string_view>(from, place, name, "want a string"));
  return text.value_or(std::string_view());
}

Result<std::string> read_name(dom::object from, std::string_view place, std::string_view name) {
  const std::string_view text = BERTH_TRY(read_text(from, place, name));
  if (text.empty()) return at(place, name, "missing");
  if (!is_name(text)) return at(place, name, "no name of an object");
  return std::string(text);
}

Result<BerthOwner> read_owner(dom::object owner, std::string_view place) {
  const std::string_view version = BERTH_TRY(read_text(owner, place, "apiVersion"));
  const std::string_view kind = BERTH_TRY(read_text(owner, place, "kind"));
  if (!is_berth_owner(version, kind)) return BerthOwner{};
  BerthOwner found{.kind = std::string(kind), .name = {}, .uid = {}};
  found.name = BERTH_TRY(read_name(owner, place, "name"));
  found.uid = BERTH_TRY(read_name(owner, place, "uid"));
  return found;
}

// The controller, when it is of Berth's kinds.
Result<BerthOwner> owner_of(dom::object metadata) {
  constexpr std::string_view kPlace = "Pod.metadata.ownerReferences[]";
  const auto owners =
      BERTH_TRY(read<dom::array>(metadata, "Pod.metadata", "ownerReferences", "want a list"));
  BerthOwner found;
  bool has_controller = false;
  if (!owners) return found;
  for (const dom::element element : *owners) {
    dom::object owner;
    if (element.get(owner) != simdjson::SUCCESS) {
      return at("Pod.metadata", "ownerReferences", "want a list of objects");
    }
    const auto controls = BERTH_TRY(read<bool>(owner, kPlace, "controller", "want true or false"));
    BerthOwner named = BERTH_TRY(read_owner(owner, kPlace));
    if (!controls.value_or(false)) continue;
    if (std::exchange(has_controller, true)) return at(kPlace, "controller", "true twice");
    found = std::move(named);
  }
  return found;
}

bool is_amount(dom::element amount) {
  int64_t number = 0;
  if (amount.get(number) == simdjson::SUCCESS) return number >= 0;
  std::string_view text;
  if (amount.get(text) != simdjson::SUCCESS) return false;
  const auto parsed = kube::parse_quantity(text);
  return parsed.ok() && *parsed >= 0;
}

// Whether a container mentions an accelerator there; one whose amount cannot be read is refused.
Result<bool> names_any(dom::object resources, const char* part,
                       const translate::Accelerators& list) {
  constexpr std::string_view kPlace = "Pod.spec.*.resources";
  const auto amounts = BERTH_TRY(read<dom::object>(resources, kPlace, part, "want an object"));
  bool found = false;
  if (!amounts) return found;
  for (const auto& [resource, amount] : *amounts) {
    if (!list.contains(resource)) continue;
    if (!is_amount(amount)) return at(kPlace, part, "an accelerator without an amount");
    found = true;
  }
  return found;
}

Result<bool> container_asks(dom::object container, const translate::Accelerators& list) {
  const auto resources =
      BERTH_TRY(read<dom::object>(container, "Pod.spec.*", "resources", "want an object"));
  if (!resources) return false;
  const bool in_limits = BERTH_TRY(names_any(*resources, "limits", list));
  const bool in_requests = BERTH_TRY(names_any(*resources, "requests", list));
  return in_limits || in_requests;
}

// A cheap look, so that the pods of everybody else are not decoded whole.
Result<bool> mentions_accelerator(dom::object spec, const translate::Accelerators& list) {
  bool found = false;
  for (const char* const part : {"containers", "initContainers", "ephemeralContainers"}) {
    const auto containers = BERTH_TRY(read<dom::array>(spec, "Pod.spec", part, "want a list"));
    if (!containers) continue;
    for (const dom::element element : *containers) {
      dom::object container;
      if (element.get(container) != simdjson::SUCCESS) {
        return at("Pod.spec", part, "want a list of objects");
      }
      if (BERTH_TRY(container_asks(container, list))) found = true;
    }
  }
  return found;
}

// The requests of a pod are counted in one place only, translate::requests_of; so a foreign pod
// with accelerators takes the slow way through its JSON.
Result<PodFacts> read_whole(dom::object pod, const translate::Accelerators& accelerators) {
  const Json json = Json::parse(simdjson::to_string(pod), nullptr, false);
  if (json.is_discarded()) return Error{Code::Invalid, "Pod: not JSON"};
  auto decoded = translate::decode_pod(json, accelerators);
  if (!decoded.ok()) return Error{Code::Invalid, "Pod." + decoded.error().message};
  return facts_of(*decoded, accelerators);
}

using Name = std::optional<std::string_view>;

Name repeated(dom::element from, std::vector<std::string_view>& names);

Name repeated_in(dom::object object, std::vector<std::string_view>& names) {
  const size_t begin = names.size();
  for (const auto& member : object) names.push_back(member.key);
  const auto first = names.begin() + static_cast<std::ptrdiff_t>(begin);
  std::sort(first, names.end());
  const auto twice = std::adjacent_find(first, names.end());
  if (twice != names.end()) return *twice;
  names.resize(begin);
  for (const auto& member : object) {
    if (const Name found = repeated(member.value, names)) return found;
  }
  return std::nullopt;
}

// As deep as the parser allows, kJsonDepthMax.
Name repeated(dom::element from, std::vector<std::string_view>& names) {
  dom::object object;
  dom::array list;
  if (from.get(object) == simdjson::SUCCESS) return repeated_in(object, names);
  if (from.get(list) != simdjson::SUCCESS) return std::nullopt;
  for (const dom::element item : list) {
    if (const Name found = repeated(item, names)) return found;
  }
  return std::nullopt;
}

}  // namespace

bool is_name(std::string_view text) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.empty() || text.size() > kNameMax) return false;
  if (!is_plain(text.front()) || !is_plain(text.back())) return false;
  return text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_plain(c) || c == '-' || c == '.'; });
}

std::optional<std::string_view> repeated_member(dom::element root) {
  std::vector<std::string_view> names;
  return repeated(root, names);
}

Result<PodFacts> read_pod(dom::element element, const translate::Accelerators& accelerators) {
  dom::object pod;
  if (element.get(pod) != simdjson::SUCCESS) return Error{Code::Invalid, "Pod: want an object"};
  const auto metadata = BERTH_TRY(read<dom::object>(pod, "Pod", "metadata", "want an object"));
  const auto spec = BERTH_TRY(read<dom::object>(pod, "Pod", "spec", "want an object"));
  if (!metadata) return at("Pod", "metadata", "missing");
  PodFacts facts;
  facts.name = BERTH_TRY(read_name(*metadata, "Pod.metadata", "name"));
  facts.name_space = BERTH_TRY(read_name(*metadata, "Pod.metadata", "namespace"));
  facts.uid = BERTH_TRY(read_name(*metadata, "Pod.metadata", "uid"));
  facts.owner = BERTH_TRY(owner_of(*metadata));
  if (facts.owner.exists() || !spec) return facts;
  if (BERTH_TRY(mentions_accelerator(*spec, accelerators))) return read_whole(pod, accelerators);
  return facts;
}

}  // namespace berth::extender
