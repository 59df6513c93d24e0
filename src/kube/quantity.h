#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

// Kubernetes quantities ("250m", "1.5Gi", "1e3") as integers. Exact: what does not divide is
// rounded away from zero, as the API server does, and what does not fit ends at the end of int64_t.
namespace berth::kube {

// Whole units: bytes, devices. "100m" is 1.
Result<int64_t> parse_quantity(std::string_view text);
// Thousandths: CPUs as milli-CPUs. "100m" is 100.
Result<int64_t> parse_milli(std::string_view text);

// The canonical spelling of a whole number, decimal: "3", "12k", "1500".
std::string format_quantity(int64_t units);
// The canonical spelling of thousandths: "250m", "2", "1500m".
std::string format_milli(int64_t milli);
// The canonical spelling of bytes in powers of 1024: "1536Mi", "1Gi", "1000".
std::string format_bytes(int64_t bytes);

}  // namespace berth::kube
