#include "router/comparison.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "json/parse.h"
#include "router/protobuf.h"

namespace berth::router {
namespace {

constexpr int kDepthMost = 16;  // of nested data; deeper is no tensor

bool same_numbers(double given, double shadow) {
  return std::abs(given - shadow) <= Tolerance::kAbsolute + Tolerance::kRelative * std::abs(given);
}

// Appends the elements of a tensor, which may be nested. False: it is none.
bool flatten(const Json& data, int depth, std::vector<const Json*>& out) {
  if (!data.is_array()) {
    out.push_back(&data);
    return !data.is_object();
  }
  if (depth == kDepthMost) return false;
  for (const Json& one : data) {
    if (!flatten(one, depth + 1, out)) return false;
  }
  return true;
}

bool same_elements(const Json& given, const Json& shadow) {
  if (given.is_number() && shadow.is_number()) {
    return same_numbers(given.get<double>(), shadow.get<double>());
  }
  return given == shadow;
}

bool same_data(const Json& given, const Json& shadow) {
  std::vector<const Json*> ours;
  std::vector<const Json*> theirs;
  if (!flatten(given, 0, ours) || !flatten(shadow, 0, theirs)) return given == shadow;
  return std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                    [](const Json* a, const Json* b) { return same_elements(*a, *b); });
}

const Json* find_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

bool same_members(const Json& given, const Json& shadow, const char* name) {
  const Json* const ours = find_member(given, name);
  const Json* const theirs = find_member(shadow, name);
  if (ours == nullptr || theirs == nullptr) return ours == theirs;
  return std::string_view(name) == "data" ? same_data(*ours, *theirs) : *ours == *theirs;
}

bool same_outputs(const Json& given, const Json& shadow) {
  if (!given.is_object() || !shadow.is_object()) return given == shadow;
  for (const char* const name : {"name", "datatype", "shape", "data"}) {
    if (!same_members(given, shadow, name)) return false;
  }
  return true;
}

// The outputs of an answer in JSON; null when it is no answer of Open Inference.
const Json* outputs_of(const Json& answer) {
  if (!answer.is_object()) return nullptr;
  const Json* const outputs = find_member(answer, "outputs");
  return outputs != nullptr && outputs->is_array() ? outputs : nullptr;
}

bool same_rest(const WholeAnswer& given, const WholeAnswer& shadow) {
  if (given.body == shadow.body) return true;
  const std::string_view ours = given.body;
  const std::string_view theirs = shadow.body;
  const size_t our_json = std::min(given.json_bytes.value_or(ours.size()), ours.size());
  const size_t their_json = std::min(shadow.json_bytes.value_or(theirs.size()), theirs.size());
  if (ours.substr(our_json) != theirs.substr(their_json)) return false;
  const Json our_answer = parse_json(ours.substr(0, our_json));
  const Json their_answer = parse_json(theirs.substr(0, their_json));
  const Json* const our_outputs = outputs_of(our_answer);
  const Json* const their_outputs = outputs_of(their_answer);
  return our_outputs != nullptr && their_outputs != nullptr &&
         std::equal(our_outputs->begin(), our_outputs->end(), their_outputs->begin(),
                    their_outputs->end(), same_outputs);
}

// Fields 5 and 6 of ModelInferResponse, outputs and raw_output_contents, as they are encoded;
// nothing when this is no message.
std::optional<std::string> encoded_outputs(std::string_view body) {
  auto message = message_of(body);
  if (!message) return std::nullopt;
  std::string outputs;
  while (!message->empty()) {
    const auto field = take_field(*message);
    if (!field) return std::nullopt;
    if (field->number == 5 || field->number == 6) outputs.append(field->bytes);
  }
  return outputs;
}

bool same_grpc(const WholeAnswer& given, const WholeAnswer& shadow) {
  if (given.body == shadow.body) return true;
  const auto ours = encoded_outputs(given.body);
  return ours && ours == encoded_outputs(shadow.body);
}

}  // namespace

ShadowOutcome compare(Protocol protocol, const WholeAnswer& given, const WholeAnswer& shadow) {
  if (is_failure(protocol, given.code)) return ShadowOutcome::Skipped;
  if (is_failure(protocol, shadow.code)) return ShadowOutcome::Failed;
  if (given.code != shadow.code) return ShadowOutcome::Different;
  const bool is_rest = protocol == Protocol::Rest;
  const bool is_error = is_rest ? given.code >= 400 : given.code != 0;
  const bool is_same = is_error || (is_rest ? same_rest(given, shadow) : same_grpc(given, shadow));
  return is_same ? ShadowOutcome::Same : ShadowOutcome::Different;
}

}  // namespace berth::router
