#pragma once
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// JOB-ATTEMPT-INDEX: the name and the host name of a worker's pod.
namespace berth::translate {

struct WorkerName {
  int64_t attempt = 0;
  int64_t index = 0;
  bool operator==(const WorkerName&) const = default;
};

inline std::string worker_name(std::string_view job, WorkerName worker) {
  return std::string(job) + "-" + std::to_string(worker.attempt) + "-" +
         std::to_string(worker.index);
}

namespace detail {
inline std::optional<int64_t> plain_number(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || value < 0 || std::to_string(value) != text) return std::nullopt;  // no "+1", "01"
  return value;
}
}  // namespace detail

// Nothing when `pod` is not the name of a worker of `job`.
inline std::optional<WorkerName> parse_worker_name(std::string_view job, std::string_view pod) {
  if (!pod.starts_with(job) || pod.size() <= job.size() || pod[job.size()] != '-') {
    return std::nullopt;
  }
  const std::string_view rest = pod.substr(job.size() + 1);
  const size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto attempt = detail::plain_number(rest.substr(0, dash));
  const auto index = detail::plain_number(rest.substr(dash + 1));
  if (!attempt || !index) return std::nullopt;
  return WorkerName{*attempt, *index};
}

}  // namespace berth::translate
