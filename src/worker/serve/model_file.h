#pragma once
#include <filesystem>
#include <string>

#include "base/result.h"
#include "worker/files.h"

namespace berth::worker {

// What a folder of a model holds, as berth-trainer writes it.
inline constexpr const char* kModelFile = "model.pt";

struct ModelFile {
  std::filesystem::path path;
  Bytes bytes;
  std::string sha256;
};

// Reads a model whole and checks its digest before anybody looks into it. `uri` is a path or
// file://, of the file or of a folder with model.pt in it; an empty `sha256` takes any.
// Errors: Invalid for another scheme or another digest, NotFound, Unavailable.
Result<ModelFile> read_model(const std::string& uri, const std::string& sha256);

}  // namespace berth::worker
