#include "worker/termination.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "worker/files.h"

namespace berth::worker {
namespace {

// Leaves room for the other keys, each of which is short, even if every byte is escaped.
constexpr size_t kErrorBytesMax = 500;

nlohmann::json number_or_null(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

}  // namespace

std::string to_json(const LastWord& word) {
  nlohmann::json json = {{"step", word.step}};
  if (word.checkpoint) {
    json["checkpointStep"] = word.checkpoint->step;
    json["checkpointUri"] = word.checkpoint->uri;
    json["checkpointSha256"] = word.checkpoint->sha256;
  }
  if (word.model) {
    json["modelUri"] = word.model->uri;
    json["modelSha256"] = word.model->sha256;
  }
  if (word.quality) {
    json["metrics"] = {{"accuracy", number_or_null(word.quality->accuracy)},
                       {"loss", number_or_null(word.quality->loss)}};
  }
  if (!word.error.empty()) json["error"] = word.error.substr(0, kErrorBytesMax);
  return json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

Status write_termination_log(const std::filesystem::path& path, const LastWord& word) {
  return write_in_place(path, to_json(word) + "\n");
}

}  // namespace berth::worker
