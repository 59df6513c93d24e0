#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.h"

// BERTH_FUZZ_TARGET is the target that this program is of.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  berth::fuzz::BERTH_FUZZ_TARGET({reinterpret_cast<const char*>(data), size});
  return 0;
}
