#include "operator/extender/wire.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "json/json_fwd.h"
#include "translate/pod.h"

namespace berth::extender {
namespace {

namespace dom = simdjson::dom;

Error invalid(std::string message) { return {Code::Invalid, std::move(message)}; }

bool is_key(std::string_view key, std::string_view want) {
  return std::equal(key.begin(), key.end(), want.begin(), want.end(), [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  });
}

// An absent or null member reads as empty: Go's zero value.
Status read_text(dom::element from, std::string_view name, std::string& out) {
  std::string_view text;
  if (from.is_null()) return Done{};
  if (from.get(text) != simdjson::SUCCESS) return invalid(std::string(name) + ": want a string");
  out = text;
  return Done{};
}

std::string_view text_at(dom::object from, std::string_view name) {
  std::string_view text;
  const auto ignored = from[name].get(text);
  return ignored == simdjson::SUCCESS ? text : std::string_view();
}

BerthOwner owner_of(dom::object metadata) {
  dom::array owners;
  if (metadata["ownerReferences"].get(owners) != simdjson::SUCCESS) return {};
  for (const dom::element element : owners) {
    dom::object owner;
    bool is_controller = false;
    if (element.get(owner) != simdjson::SUCCESS) continue;
    if (owner["controller"].get(is_controller) != simdjson::SUCCESS || !is_controller) continue;
    if (!is_berth_owner(text_at(owner, "apiVersion"), text_at(owner, "kind"))) return {};
    return {std::string(text_at(owner, "kind")), std::string(text_at(owner, "name")),
            std::string(text_at(owner, "uid"))};
  }
  return {};
}

bool names_any(dom::object container, const char* part, const translate::Accelerators& list) {
  dom::object amounts;
  if (container["resources"][part].get(amounts) != simdjson::SUCCESS) return false;
  return std::any_of(amounts.begin(), amounts.end(),
                     [&](const dom::key_value_pair& amount) { return list.contains(amount.key); });
}

// A cheap look, so that the pods of everybody else are not decoded whole.
bool mentions_accelerator(dom::object spec, const translate::Accelerators& list) {
  for (const char* const part : {"containers", "initContainers", "ephemeralContainers"}) {
    dom::array containers;
    if (spec[part].get(containers) != simdjson::SUCCESS) continue;
    for (const dom::element element : containers) {
      dom::object container;
      if (element.get(container) != simdjson::SUCCESS) continue;
      if (names_any(container, "limits", list) || names_any(container, "requests", list)) {
        return true;
      }
    }
  }
  return false;
}

// The requests of a pod are counted in one place only, translate::requests_of; so a foreign pod
// with accelerators takes the slow way through its JSON.
Result<PodFacts> read_whole(dom::object pod, const translate::Accelerators& accelerators) {
  const Json json = Json::parse(simdjson::to_string(pod), nullptr, false);
  if (json.is_discarded()) return invalid("Pod: not JSON");
  auto decoded = translate::decode_pod(json, accelerators);
  if (!decoded.ok()) return invalid("Pod." + decoded.error().message);
  return facts_of(*decoded, accelerators);
}

Result<PodFacts> read_pod(dom::element element, const translate::Accelerators& accelerators) {
  dom::object pod;
  dom::object metadata;
  if (element.get(pod) != simdjson::SUCCESS) return invalid("Pod: want an object");
  if (pod["metadata"].get(metadata) != simdjson::SUCCESS) {
    return invalid("Pod.metadata: want an object");
  }
  PodFacts facts;
  facts.name_space = text_at(metadata, "namespace");
  facts.name = text_at(metadata, "name");
  facts.uid = text_at(metadata, "uid");
  if (facts.name.empty()) return invalid("Pod.metadata.name: want a string");
  facts.owner = owner_of(metadata);
  dom::object spec;
  if (!facts.owner.exists() && pod["spec"].get(spec) == simdjson::SUCCESS &&
      mentions_accelerator(spec, accelerators)) {
    return read_whole(pod, accelerators);
  }
  return facts;
}

Status read_names(dom::element element, std::vector<std::string_view>& names) {
  dom::array list;
  if (element.is_null()) return Done{};
  if (element.get(list) != simdjson::SUCCESS) return invalid("NodeNames: want a list");
  for (const dom::element item : list) {
    std::string_view name;
    if (item.get(name) != simdjson::SUCCESS) {
      return invalid("NodeNames[" + std::to_string(names.size()) + "]: want a string");
    }
    names.push_back(name);
  }
  return Done{};
}

void append_escaped(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out.append("\\u00").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

struct WireDecoder::State {
  dom::parser parser;
  translate::Accelerators accelerators;
  FilterArgs args;

  // simdjson takes its depth limit when it allocates, so it must never allocate by itself.
  Result<dom::object> parse(std::string_view body) {
    if (parser.capacity() < body.size() || parser.capacity() == 0) {
      const size_t size = std::max<size_t>(body.size() * 5 / 4, 64 * 1024);
      if (parser.allocate(size, kJsonDepthMax) != simdjson::SUCCESS) {
        return Error{Code::Unavailable, "no memory for a body of this size"};
      }
    }
    dom::element root;
    if (const auto error = parser.parse(body.data(), body.size()).get(root)) {
      if (error == simdjson::DEPTH_ERROR) {
        return invalid("nested deeper than " + std::to_string(kJsonDepthMax));
      }
      return invalid(std::string("not JSON: ") + simdjson::error_message(error));
    }
    dom::object object;
    if (root.get(object) != simdjson::SUCCESS) return invalid("want an object");
    return object;
  }
};

WireDecoder::WireDecoder(translate::Accelerators accelerators) : state_(std::make_unique<State>()) {
  state_->accelerators = std::move(accelerators);
}
WireDecoder::~WireDecoder() = default;

size_t WireDecoder::capacity_bytes() const { return state_->parser.capacity(); }

Result<const FilterArgs*> WireDecoder::filter_args(std::string_view body) {
  const dom::object root = BERTH_TRY(state_->parse(body));
  FilterArgs& args = state_->args;
  args.node_names.clear();
  args.has_nodes = false;
  bool has_pod = false;
  for (const auto& [key, value] : root) {
    if (is_key(key, "Pod") && !value.is_null()) {
      args.pod = BERTH_TRY(read_pod(value, state_->accelerators));
      has_pod = true;
    } else if (is_key(key, "NodeNames")) {
      args.node_names.clear();
      BERTH_TRY(read_names(value, args.node_names));
    } else if (is_key(key, "Nodes")) {
      args.has_nodes = !value.is_null();
    }
  }
  if (!has_pod) return invalid("Pod: missing");
  return &args;
}

Result<BindingArgs> WireDecoder::binding_args(std::string_view body) {
  const dom::object root = BERTH_TRY(state_->parse(body));
  BindingArgs args;
  const std::array<std::pair<std::string_view, std::string*>, 4> members{
      {{"PodName", &args.pod_name},
       {"PodNamespace", &args.pod_namespace},
       {"PodUID", &args.pod_uid},
       {"Node", &args.node}}};
  for (const auto& [key, value] : root) {
    for (const auto& [name, out] : members) {
      if (is_key(key, name)) BERTH_TRY(read_text(value, name, *out));
    }
  }
  for (const auto& [name, out] : members) {
    if (out->empty()) return invalid(std::string(name) + ": missing");
  }
  return args;
}

void encode(const FilterResult& result, std::string& out) {
  out.append(R"({"Nodes":null,"NodeNames":[)");
  for (size_t i = 0; i < result.node_names.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_escaped(result.node_names[i], out);
  }
  out.append(R"(],"FailedNodes":{},"FailedAndUnresolvableNodes":{)");
  for (size_t i = 0; i < result.unresolvable.size(); ++i) {
    if (i > 0) out.push_back(',');
    append_escaped(result.unresolvable[i].node, out);
    out.push_back(':');
    append_escaped(result.unresolvable[i].reason, out);
  }
  out.append(R"(},"Error":)");
  append_escaped(result.error, out);
  out.append("}\n");
}

void encode_binding_result(std::string_view error, std::string& out) {
  out.append(R"({"Error":)");
  append_escaped(error, out);
  out.append("}\n");
}

}  // namespace berth::extender
