#include "serving/signature.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {

// The signature.json of a model, whoever has saved it: written and read again.
void model_signatures(std::string_view input) {
  const auto signature = serving::parse_signature(input);
  if (!signature.ok()) return;
  const auto again = serving::parse_signature(to_json(*signature));
  require(again.ok() && *again == *signature, "it reads otherwise than it was written");
}

}  // namespace berth::fuzz
