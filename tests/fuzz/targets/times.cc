#include "json/time.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {

// A timestamp of an object. A newline at the end is of the file that it was kept in.
void times(std::string_view input) {
  if (input.ends_with('\n')) input.remove_suffix(1);
  const auto at = parse_time(input);
  if (!at) return;
  for (const std::string& text : {format_time(*at), format_micro_time(*at)}) {
    const auto again = parse_time(text);
    // An offset can lead out of the four digits that a year has.
    const bool has_four_digits = text.size() < 28 && text[4] == '-' && text[0] != '-';
    require(!has_four_digits || (again.ok() && *again == *at), "a time is not read back: " + text);
  }
}

}  // namespace berth::fuzz
