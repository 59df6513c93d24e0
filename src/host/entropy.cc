#include "host/entropy.h"

#include <random>
#include <string_view>

namespace berth::host {

uint64_t random_seed() {
  std::random_device device;
  return uint64_t{device()} << 32U | device();
}

std::string unique_suffix(size_t length) {
  constexpr std::string_view kAlphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::random_device device;
  std::uniform_int_distribution<size_t> any(0, kAlphabet.size() - 1);
  std::string suffix;
  for (size_t i = 0; i < length; ++i) suffix += kAlphabet[any(device)];
  return suffix;
}

}  // namespace berth::host
