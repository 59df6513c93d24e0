#include "kube/quantity.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

void comes_back(Result<int64_t> (*parse)(std::string_view), std::string (*format)(int64_t),
                int64_t value) {
  const auto again = parse(format(value));
  require(again.ok() && *again == value, "a quantity that was written is not read back");
}

}  // namespace

// A quantity as a pod or a node spells it. A newline at the end is of the file that it was kept in.
void quantities(std::string_view input) {
  if (input.ends_with('\n')) input.remove_suffix(1);
  const auto units = kube::parse_quantity(input);
  const auto milli = kube::parse_milli(input);
  require(units.ok() == milli.ok(), "a quantity is one in units alone, or in thousandths alone");
  if (!units) return;
  require((*units < 0) == (*milli < 0), "units and thousandths differ in sign");
  comes_back(kube::parse_quantity, kube::format_quantity, *units);
  comes_back(kube::parse_quantity, kube::format_bytes, *units);
  comes_back(kube::parse_milli, kube::format_milli, *milli);
}

}  // namespace berth::fuzz
