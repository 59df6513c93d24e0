#include "operator/extender/wire.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "operator/extender/pod_wire.h"

namespace berth::extender {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kShownMost = 64;

Error invalid(std::string message) { return {Code::Invalid, std::move(message)}; }

bool is_key(std::string_view key, std::string_view want) {
  return std::equal(key.begin(), key.end(), want.begin(), want.end(), [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(a) == lower(b);
  });
}

// By its name in whatever case, as Go does; nothing when it is absent or null, Go's zero value.
Result<std::optional<dom::element>> member(dom::object from, std::string_view name) {
  std::optional<dom::element> found;
  bool is_there = false;
  for (const auto& [key, value] : from) {
    if (!is_key(key, name)) continue;
    if (std::exchange(is_there, true)) return invalid("'" + std::string(name) + "' is there twice");
    if (!value.is_null()) found = value;
  }
  return found;
}

Result<std::string> read_name(dom::element from, std::string_view member_name) {
  std::string_view text;
  if (from.get(text) != simdjson::SUCCESS) {
    return invalid(std::string(member_name) + ": want a string");
  }
  if (!text.empty() && !is_name(text)) {
    return invalid(std::string(member_name) + ": no name of an object");
  }
  return std::string(text);
}

// What a caller wrote, as part of a line for people.
std::string printable(std::string_view text) {
  std::string shown(text.substr(0, kShownMost));
  for (char& c : shown) {
    if (c < ' ' || c > '~') c = '?';
  }
  return shown;
}

Status read_names(dom::element element, std::vector<std::string_view>& names) {
  dom::array list;
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
    const auto repeated = repeated_member(root);
    if (repeated) return invalid("'" + printable(*repeated) + "' is there twice");
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
  const auto pod = BERTH_TRY(member(root, "Pod"));
  const auto names = BERTH_TRY(member(root, "NodeNames"));
  const auto nodes = BERTH_TRY(member(root, "Nodes"));
  if (!pod) return invalid("Pod: missing");
  args.pod = BERTH_TRY(read_pod(*pod, state_->accelerators));
  if (names) BERTH_TRY(read_names(*names, args.node_names));
  args.has_nodes = nodes.has_value();
  if (nodes && !nodes->is_object()) return invalid("Nodes: want an object");
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
  for (const auto& [name, out] : members) {
    const auto value = BERTH_TRY(member(root, name));
    if (value) *out = BERTH_TRY(read_name(*value, name));
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
