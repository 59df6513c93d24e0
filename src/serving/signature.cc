#include "serving/signature.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "serving/invalid.h"

namespace berth::serving {
namespace {

using Json = nlohmann::json;

Error at(const std::string& place, const std::string& what) {
  return invalid("signature: " + place + ": " + what);
}

// Keys that other tools write beside ours are left alone.
Result<std::string> text(const Json& object, const char* key, const std::string& place) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string() ||
      found->get_ref<const std::string&>().empty()) {
    return at(place + "." + key, "want a text");
  }
  return found->get<std::string>();
}

Result<Shape> shape(const Json& object, const std::string& place) {
  const auto found = object.find("shape");
  if (found == object.end() || !found->is_array() || found->empty() || found->size() > kRankMax) {
    return at(place + ".shape", "want 1 to " + std::to_string(kRankMax) + " whole numbers");
  }
  Shape shape;
  for (const Json& size : *found) {
    if (!size.is_number_integer()) return at(place + ".shape", "want whole numbers");
    shape.push_back(size.get<int64_t>());
    if (shape.back() < -1 || shape.back() == 0) {
      return at(place + ".shape", "want -1 or a size in every place");
    }
  }
  if (shape.front() != -1) return at(place + ".shape", "want -1, the batch, in the first place");
  return shape;
}

Result<std::vector<TensorSpec>> specs(const Json& json, const char* key) {
  const auto list = json.find(key);
  if (list == json.end() || !list->is_array() || list->empty()) {
    return at(key, "want at least one tensor");
  }
  std::vector<TensorSpec> specs;
  std::set<std::string> names;
  for (const Json& entry : *list) {
    const std::string place = std::string(key) + "[" + std::to_string(specs.size()) + "]";
    if (!entry.is_object()) return at(place, "want an object");
    TensorSpec spec;
    spec.name = BERTH_TRY(text(entry, "name", place));
    if (!names.insert(spec.name).second) return at(place + ".name", "is there already");
    const std::string datatype = BERTH_TRY(text(entry, "datatype", place));
    const auto known = datatype_of(datatype);
    if (!known) return at(place + ".datatype", "'" + datatype + "' is not one that is served");
    spec.datatype = *known;
    spec.shape = BERTH_TRY(shape(entry, place));
    specs.push_back(std::move(spec));
  }
  return specs;
}

Json to_list(const std::vector<TensorSpec>& specs) {
  Json list = Json::array();
  for (const TensorSpec& spec : specs) {
    list.push_back(
        {{"name", spec.name}, {"datatype", name_of(spec.datatype)}, {"shape", spec.shape}});
  }
  return list;
}

const TensorSpec* find(const std::vector<TensorSpec>& specs, std::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [name](const TensorSpec& spec) { return spec.name == name; });
  return found == specs.end() ? nullptr : &*found;
}

bool matches(const Shape& shape, const Shape& spec) {
  return shape.size() == spec.size() &&
         std::equal(shape.begin(), shape.end(), spec.begin(),
                    [](int64_t size, int64_t want) { return want == -1 || size == want; });
}

Status check(const Tensor& tensor, const TensorSpec& spec) {
  const std::string input = "input '" + spec.name + "': ";
  if (tensor.datatype != spec.datatype) {
    return invalid(input + "want datatype " + std::string(name_of(spec.datatype)) + ", got " +
                   std::string(name_of(tensor.datatype)));
  }
  if (!matches(tensor.shape, spec.shape)) {
    return invalid(input + "want shape " + text_of(spec.shape) + ", got " + text_of(tensor.shape));
  }
  const auto elements = elements_of(tensor.shape);
  if (!elements) return invalid(input + "shape " + text_of(tensor.shape) + " is too large");
  if (*elements == 0) return invalid(input + "want at least one element");
  const size_t bytes = static_cast<size_t>(*elements) * bytes_of(spec.datatype);
  if (tensor.data.bytes.size() != bytes) {
    return invalid(input + "shape " + text_of(tensor.shape) + " wants " + std::to_string(bytes) +
                   " B, got " + std::to_string(tensor.data.bytes.size()));
  }
  return Done{};
}

// The inputs in the signature's order, each there exactly once.
Status sort_inputs(const Signature& signature, std::vector<Tensor>& inputs) {
  for (const Tensor& tensor : inputs) {
    if (!signature.input(tensor.name)) {
      return invalid("input '" + tensor.name + "': the model has no such input");
    }
  }
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const std::string& name = signature.inputs[i].name;
    const auto named = [&name](const Tensor& tensor) { return tensor.name == name; };
    const auto from = inputs.begin() + static_cast<ptrdiff_t>(std::min(i, inputs.size()));
    const auto found = std::find_if(from, inputs.end(), named);
    if (found == inputs.end()) return invalid("input '" + name + "': is missing");
    if (std::find_if(found + 1, inputs.end(), named) != inputs.end()) {
      return invalid("input '" + name + "': is there twice");
    }
    std::iter_swap(from, found);
  }
  return Done{};
}

}  // namespace

const TensorSpec* Signature::input(std::string_view name) const { return find(inputs, name); }
const TensorSpec* Signature::output(std::string_view name) const { return find(outputs, name); }

Result<Signature> parse_signature(std::string_view json) {
  const Json parsed = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return invalid("signature: want a JSON object");
  Signature signature;
  signature.inputs = BERTH_TRY(specs(parsed, "inputs"));
  signature.outputs = BERTH_TRY(specs(parsed, "outputs"));
  return signature;
}

std::string to_json(const Signature& signature) {
  return Json{{"inputs", to_list(signature.inputs)}, {"outputs", to_list(signature.outputs)}}
      .dump();
}

Result<Fit> fit(const Signature& signature, Request& request) {
  BERTH_TRY(sort_inputs(signature, request.inputs));
  Fit fit;
  for (size_t i = 0; i < signature.inputs.size(); ++i) {
    const Tensor& tensor = request.inputs[i];
    BERTH_TRY(check(tensor, signature.inputs[i]));
    if (i == 0) fit.rows = tensor.shape.front();
    if (tensor.shape.front() != fit.rows) {
      return invalid("input '" + tensor.name + "': want " + std::to_string(fit.rows) +
                     " rows as the others have, got " + std::to_string(tensor.shape.front()));
    }
    // Only dimensions that may vary can differ.
    for (size_t j = 1; j < tensor.shape.size(); ++j) {
      if (signature.inputs[i].shape[j] == -1) fit.kind += std::to_string(tensor.shape[j]) + ",";
    }
  }
  for (const Wanted& wanted : request.outputs) {
    if (!signature.output(wanted.name)) {
      return invalid("output '" + wanted.name + "': the model has no such output");
    }
  }
  return fit;
}

}  // namespace berth::serving
