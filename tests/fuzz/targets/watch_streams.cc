#include <algorithm>

#include "kube/line_buffer.h"
#include "kube/watch.h"
#include "tests/fuzz/targets.h"

namespace berth::fuzz {
namespace {

constexpr size_t kLineBytesMax = 512;

// Cuts the bytes as a socket might, and gives each line to the watch. False: the stream is of no
// more use.
bool feed(std::string_view bytes, size_t step, kube::Watch& watch,
          std::vector<kube::Delta>& deltas) {
  kube::LineBuffer lines(kLineBytesMax);
  while (!bytes.empty()) {
    lines.append(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (const auto line = lines.next()) {
      require(line->find('\n') == std::string_view::npos, "a line with a newline in it");
      if (!watch.line(*line, deltas)) return false;
    }
    if (lines.is_overlong()) return true;
  }
  return true;
}

// Lists do not nest, and end as they begin.
void check(const std::vector<kube::Delta>& deltas) {
  bool listing = false;
  for (const kube::Delta& delta : deltas) {
    if (std::holds_alternative<kube::ListBegin>(delta)) listing = true;
    if (!std::holds_alternative<kube::ListEnd>(delta)) continue;
    require(listing, "a list ends that did not begin");
    listing = false;
  }
}

}  // namespace

// The bodies of watches, one after the other, each ended by a NUL; the first byte says in which
// steps they come.
void watch_streams(std::string_view input) {
  if (input.empty()) return;
  const size_t step = 1 + static_cast<unsigned char>(input.front()) % 64;
  input.remove_prefix(1);
  kube::Watch watch({.resource = kube::kPods}, {});
  std::vector<kube::Delta> deltas;
  Monotonic now{};
  while (!input.empty()) {
    const std::string_view body = take_until(input, '\0');
    kube::Watch::Action action = watch.next(now);
    if (const auto* wait = std::get_if<kube::Watch::Wait>(&action)) {
      require(wait->until > now && wait->until != Monotonic::max(), "waits for nothing");
      now = wait->until;
      action = watch.next(now);
    }
    if (std::holds_alternative<kube::Watch::List>(action)) {
      watch.listed(parse_json(body), deltas);
    } else if (std::holds_alternative<kube::Watch::Open>(action)) {
      if (feed(body, step, watch, deltas)) watch.ended(Done{});
    }
  }
  check(deltas);
}

}  // namespace berth::fuzz
