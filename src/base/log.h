#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace berth {

// Structured logging behind an interface, so that libraries can log without knowing a sink.
// The message is constant text; what varies goes into the fields. host/json_log.h writes JSON
// lines.
class Log {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;
  virtual ~Log() = default;
  virtual void info(std::string_view message, Fields fields = {}) = 0;
  virtual void warn(std::string_view message, Fields fields = {}) = 0;
  virtual void error(std::string_view message, Fields fields = {}) = 0;
};

class NoLog final : public Log {
 public:
  void info(std::string_view, Fields = {}) override {}
  void warn(std::string_view, Fields = {}) override {}
  void error(std::string_view, Fields = {}) override {}
};

}  // namespace berth
