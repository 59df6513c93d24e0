#include "cli/progress.h"

#include <ostream>
#include <utility>

namespace berth::cli {

constexpr size_t kBarColumns = 40;

Progress::Progress(const Surroundings& around, std::string noun)
    : around_(around), noun_(std::move(noun)) {}

void Progress::show(int64_t done, int64_t all) {
  const int64_t percent = all > 0 ? done * 100 / all : 100;
  if (!around_.is_err_terminal || percent == percent_) return;
  percent_ = percent;
  const size_t full = static_cast<size_t>(percent) * kBarColumns / 100;
  around_.err << "\r[" << std::string(full, '#') << std::string(kBarColumns - full, ' ') << "] "
              << percent << "% of " << all << " " << noun_ << std::flush;
}

void Progress::clear() {
  if (percent_ < 0) return;
  around_.err << "\r\033[K" << std::flush;  // to the start of the line, and erase it
  percent_ = -1;
}

}  // namespace berth::cli
