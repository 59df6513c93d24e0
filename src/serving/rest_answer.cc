#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "serving/json_data.h"
#include "serving/rest_codec.h"

namespace berth::serving {
namespace {

// As a JSON text, with quotes; what is no UTF-8 is replaced.
std::string in_json(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The outputs that were asked for, in that order; all of them when none was named.
std::vector<Wanted> wanted_of(const Request& request, const Outputs& outputs) {
  if (!request.outputs.empty()) return request.outputs;
  std::vector<Wanted> wanted;
  for (const Tensor& output : outputs) wanted.push_back({output.name, request.wants_binary});
  return wanted;
}

Status append_output(const Tensor& output, bool is_binary, std::string& json) {
  json.append("{\"name\":").append(in_json(output.name)).append(",\"datatype\":\"");
  json.append(name_of(output.datatype)).append("\",\"shape\":").append(text_of(output.shape));
  if (is_binary) {
    json.append(",\"parameters\":{\"binary_data_size\":");
    json.append(std::to_string(output.data.bytes.size())).append("}}");
    return Done{};
  }
  json.append(",\"data\":");
  const Status written = write_elements(output, json);
  if (!written.ok()) {
    return Error{Code::Invalid, "output '" + output.name + "': " + written.error().message};
  }
  json.append("}");
  return Done{};
}

}  // namespace

Result<InferAnswer> render_infer(const ModelName& model, const Request& request,
                                 const Outputs& outputs) {
  InferAnswer answer;
  std::string& json = answer.body;
  json.append("{\"model_name\":").append(in_json(model.name));
  json.append(",\"model_version\":").append(in_json(model.version));
  if (!request.id.empty()) json.append(",\"id\":").append(in_json(request.id));
  json.append(",\"outputs\":[");
  std::vector<std::span<const std::byte>> raw;
  bool is_first = true;
  for (const Wanted& wanted : wanted_of(request, outputs)) {
    const auto output = std::find_if(outputs.begin(), outputs.end(), [&](const Tensor& tensor) {
      return tensor.name == wanted.name;
    });
    if (output == outputs.end()) continue;  // fit() lets none through that the model has not
    if (!std::exchange(is_first, false)) json.append(",");
    BERTH_TRY(append_output(*output, wanted.is_binary, json));
    if (wanted.is_binary) raw.push_back(output->data.bytes);
  }
  json.append("]}");
  if (raw.empty()) return answer;
  answer.header_bytes = json.size();
  for (const auto bytes : raw) {
    json.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return answer;
}

std::string error_json(std::string_view message) { return "{\"error\":" + in_json(message) + "}"; }

}  // namespace berth::serving
