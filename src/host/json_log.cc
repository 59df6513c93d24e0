#include "host/json_log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace berth::host {

namespace {

constexpr size_t kValueBytesMax = 4096;

// JSON escapes. Bytes above 0x7F pass as they are: names are UTF-8, and a reader that meets one
// that is not shows a replacement character.
void append_escaped(std::string& line, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const bool is_cut = text.size() > kValueBytesMax;
  for (const char c : text.substr(0, kValueBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += {'\\', c};
    } else if (c == '\n') {
      line += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      line += {'\\', 'u', '0', '0', kHex[byte >> 4U], kHex[byte & 0xFU]};
    } else {
      line += c;
    }
  }
  if (is_cut) line += "...";
}

void append_pair(std::string& line, std::string_view name, std::string_view value) {
  const bool is_taken = name == "time" || name == "level" || name == "message";
  line += is_taken ? ",\"_" : ",\"";
  append_escaped(line, name);
  line += "\":\"";
  append_escaped(line, value);
  line += '"';
}

// What follows the level: `"message":"...","field":"..."}`.
std::string tail_of(std::string_view message, Log::Fields fields) {
  std::string line = "\"message\":\"";
  append_escaped(line, message);
  line += '"';
  for (const auto& [name, value] : fields) append_pair(line, name, value);
  line += '}';
  return line;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Info: return spdlog::level::info;
    case LogLevel::Warn: return spdlog::level::warn;
    case LogLevel::Error: return spdlog::level::err;
  }
  __builtin_unreachable();
}

}  // namespace

Result<LogLevel> parse_log_level(std::string_view text) {
  if (text == "info") return LogLevel::Info;
  if (text == "warn") return LogLevel::Warn;
  if (text == "error") return LogLevel::Error;
  return Error{Code::Invalid, "log level '" + std::string(text) + "' is none of info, warn, error"};
}

JsonLog::JsonLog(LogLevel level)
    : JsonLog(level, std::make_shared<spdlog::sinks::stderr_sink_mt>()) {}

JsonLog::JsonLog(LogLevel level, std::shared_ptr<spdlog::sinks::sink> sink)
    : logger_(std::make_shared<spdlog::logger>("berth", std::move(sink))) {
  logger_->set_level(spdlog_level(level));
  logger_->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v)",
                       spdlog::pattern_time_type::utc);
}

void JsonLog::info(std::string_view message, Fields fields) {
  if (logger_->should_log(spdlog::level::info)) logger_->info("{}", tail_of(message, fields));
}

void JsonLog::warn(std::string_view message, Fields fields) {
  if (logger_->should_log(spdlog::level::warn)) logger_->warn("{}", tail_of(message, fields));
}

void JsonLog::error(std::string_view message, Fields fields) {
  logger_->error("{}", tail_of(message, fields));
}

}  // namespace berth::host
