#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "api/registry.h"
#include "tests/fuzz/targets.h"

// What is made once and kept, which takes seconds without optimisation on a busy machine: before
// the first input, so that its time is not judged with that of an input.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  for (const berth::api::KindEntry& kind : berth::api::all_kinds()) {
    (void)kind.validate(berth::Json::object(), nullptr);
  }
  return 0;
}

// BERTH_FUZZ_TARGET is the target that this program is of.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  berth::fuzz::BERTH_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
