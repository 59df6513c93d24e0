#include "worker/contract.h"

#include <charconv>
#include <limits>
#include <string_view>

namespace berth::worker {
namespace {

// Reads one whole number into `value`; leaves it alone when the variable is not set or empty.
template <class T>
Status read_number(const Environment& environment, const char* name, int64_t least, int64_t most,
                   T& value) {
  const char* set = environment(name);
  const std::string_view text = set ? set : "";
  if (text.empty()) return Done{};
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size() || number < least ||
      number > most) {
    return Error{Code::Invalid, std::string(name) + ": want a whole number from " +
                                    std::to_string(least) + " to " + std::to_string(most) +
                                    ", got '" + std::string(text) + "'"};
  }
  value = static_cast<T>(number);
  return Done{};
}

std::string read_text(const Environment& environment, const char* name, std::string otherwise) {
  const char* text = environment(name);
  return text && *text ? text : std::move(otherwise);
}

constexpr int64_t kPortMax = std::numeric_limits<uint16_t>::max();
constexpr int64_t kWorldSizeMax = 65536;
constexpr int64_t kIntervalSecondsMax = 365 * 86400;

}  // namespace

Exit exit_for(const Error& error) {
  return error.code == Code::Invalid ? Exit::Refused : Exit::Failed;
}

Result<Contract> read_contract(const Environment& environment) {
  Contract contract;
  BERTH_TRY(read_number(environment, "WORLD_SIZE", 1, kWorldSizeMax, contract.world_size));
  BERTH_TRY(read_number(environment, "RANK", 0, contract.world_size - 1, contract.rank));
  BERTH_TRY(read_number(environment, "MASTER_PORT", 1, kPortMax, contract.master_port));
  BERTH_TRY(read_number(environment, "BERTH_ATTEMPT", 0, std::numeric_limits<int32_t>::max(),
                        contract.attempt));
  contract.master_address = read_text(environment, "MASTER_ADDR", "");
  if (contract.world_size > 1 && contract.master_address.empty()) {
    return Error{Code::Invalid, "MASTER_ADDR: want the address of rank 0, since WORLD_SIZE is " +
                                    std::to_string(contract.world_size)};
  }
  contract.job = read_text(environment, "BERTH_JOB", contract.job);
  const std::string directory = read_text(environment, "BERTH_CHECKPOINT_DIR", "");
  if (!directory.empty()) contract.checkpoint_dir = directory;
  int64_t interval_seconds = 0;
  BERTH_TRY(read_number(environment, "BERTH_CHECKPOINT_INTERVAL_SECONDS", 0, kIntervalSecondsMax,
                        interval_seconds));
  contract.checkpoint_interval = std::chrono::seconds(interval_seconds);
  int64_t port = -1;
  BERTH_TRY(read_number(environment, "BERTH_PORT", 0, kPortMax, port));
  if (port >= 0) contract.port = static_cast<uint16_t>(port);
  return contract;
}

}  // namespace berth::worker
