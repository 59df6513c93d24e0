#include "worker/manifest.h"

#include <nlohmann/json.hpp>

namespace berth::worker {
namespace {

using Json = nlohmann::json;
constexpr int64_t kFormat = 1;

}  // namespace

std::string to_json(const StoredManifest& stored) {
  const Manifest& manifest = stored.manifest;
  const Json json = {
      {"format", kFormat},
      {"job", manifest.job},
      {"attempt", manifest.attempt},
      {"step", manifest.step},
      {"worldSize", manifest.world_size},
      {"model", manifest.run.model},
      {"dataSha256", manifest.run.data_sha256},
      {"seed", manifest.run.seed},
      {"batchSize", manifest.run.batch_size},
      {"learningRate", manifest.run.learning_rate},
      {"stateSha256", stored.state_sha256},
      {"stateBytes", stored.state_bytes},
  };
  return json.dump(2) + "\n";
}

Result<StoredManifest> parse_manifest(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Error{Code::Invalid, "manifest.json is not a JSON object"};
  try {
    if (json.at("format").get<int64_t>() != kFormat) {
      return Error{Code::Invalid, "manifest.json has format " + json.at("format").dump() +
                                      ", this program reads " + std::to_string(kFormat)};
    }
    return StoredManifest{.manifest = {.job = json.at("job"),
                                       .attempt = json.at("attempt"),
                                       .step = json.at("step"),
                                       .world_size = json.at("worldSize"),
                                       .run = {.model = json.at("model"),
                                               .data_sha256 = json.at("dataSha256"),
                                               .seed = json.at("seed"),
                                               .batch_size = json.at("batchSize"),
                                               .learning_rate = json.at("learningRate")}},
                          .state_sha256 = json.at("stateSha256"),
                          .state_bytes = json.at("stateBytes")};
  } catch (const Json::exception& error) {
    return Error{Code::Invalid, std::string("manifest.json: ") + error.what()};
  }
}

Status check_same_run(const RunIdentity& saved, const RunIdentity& wanted) {
  const auto differs = [](const std::string& what, const std::string& was, const std::string& is) {
    return Error{Code::Invalid,
                 "the checkpoint was made with " + what + " " + was + ", this run has " + is};
  };
  if (saved.model != wanted.model) return differs("model", saved.model, wanted.model);
  if (saved.data_sha256 != wanted.data_sha256) {
    return differs("data of sha256", saved.data_sha256, wanted.data_sha256);
  }
  if (saved.seed != wanted.seed) {
    return differs("seed", std::to_string(saved.seed), std::to_string(wanted.seed));
  }
  if (saved.batch_size != wanted.batch_size) {
    return differs("batch size", std::to_string(saved.batch_size),
                   std::to_string(wanted.batch_size));
  }
  if (saved.learning_rate != wanted.learning_rate) {
    return differs("learning rate", std::to_string(saved.learning_rate),
                   std::to_string(wanted.learning_rate));
  }
  return Done{};
}

}  // namespace berth::worker
