#include "worker/serve/model_file.h"

#include <utility>

namespace berth::worker {
namespace {

namespace fs = std::filesystem;

Result<fs::path> path_of(const std::string& uri) {
  constexpr std::string_view kFile = "file://";
  if (uri.starts_with(kFile)) return fs::path(uri.substr(kFile.size()));
  if (const size_t scheme = uri.find("://"); scheme != std::string::npos) {
    return Error{Code::Invalid, "model " + uri + ": want a path or file://, not " +
                                    uri.substr(0, scheme) + "://; mount or fetch it first"};
  }
  return fs::path(uri);
}

}  // namespace

Result<ModelFile> read_model(const std::string& uri, const std::string& sha256) {
  ModelFile model;
  model.path = BERTH_TRY(path_of(uri));
  std::error_code ignored;
  if (fs::is_directory(model.path, ignored)) model.path /= kModelFile;
  model.bytes = BERTH_TRY(read_file(model.path));
  model.sha256 = sha256_hex(model.bytes);
  if (!sha256.empty() && model.sha256 != sha256) {
    return Error{Code::Invalid, "model " + model.path.string() + ": its SHA-256 is " +
                                    model.sha256 + ", want " + sha256};
  }
  return model;
}

}  // namespace berth::worker
