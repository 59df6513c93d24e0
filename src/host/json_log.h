#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"

namespace spdlog {
class logger;
}
namespace spdlog::sinks {
class sink;
}

namespace berth::host {

// What is written at least. Debug is not a level: what only a developer wants belongs in a test.
enum class LogLevel { Info, Warn, Error };

// "info", "warn" or "error". Errors: Invalid, with the text.
Result<LogLevel> parse_log_level(std::string_view text);

// Log as one JSON object per line: time (UTC), level, message, then the fields as strings. Values
// are escaped and cut at 4 KiB, so what a user named an object can neither forge a line nor flood
// the log. A field that repeats one of the first three names gets a '_' in front. May be used by
// several threads.
class JsonLog final : public Log {
 public:
  explicit JsonLog(LogLevel level = LogLevel::Info);  // to standard error
  JsonLog(LogLevel level, std::shared_ptr<spdlog::sinks::sink> sink);

  void info(std::string_view message, Fields fields = {}) override;
  void warn(std::string_view message, Fields fields = {}) override;
  void error(std::string_view message, Fields fields = {}) override;

 private:
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace berth::host
