#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace berth::host {

// Random bits from the machine, for seeds.
uint64_t random_seed();

// `length` random characters of the alphabet that Kubernetes uses for generated names: no vowels,
// so no words, and none that look alike.
std::string unique_suffix(size_t length = 5);

}  // namespace berth::host
