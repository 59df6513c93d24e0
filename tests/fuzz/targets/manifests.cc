#include "cli/documents.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {

// Manifests in YAML, as kubectl-berth reads them.
void manifests(std::string_view input) {
  const auto documents = cli::parse_documents("manifest.yaml", std::string(input));
  if (!documents) {
    require(documents.error().message.starts_with("manifest.yaml"), "an error without its file");
    return;
  }
  for (const cli::Document& document : *documents) {
    require(document.value.is_object(), "a document that is no object");
  }
}

}  // namespace berth::fuzz
