#include "operator/controllers/gpujob/worker_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/saturating.h"
#include "base/text.h"
#include "translate/read_json.h"

namespace berth::control {
namespace {

constexpr size_t kResultsMax = 32;
constexpr size_t kResultTextMax = 64;
constexpr size_t kErrorMax = 512;
constexpr size_t kUriMax = 1024;  // bytes, as the schema has it

int64_t whole(const Json& from, const char* name) {
  const Json& value = translate::value_at(from, name);
  return value.is_number_integer() ? std::max<int64_t>(0, value.get<int64_t>()) : 0;
}

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

void take_checkpoint(const Json& report, Instant at, api::GpuJobStatus& status) {
  const int64_t step = whole(report, "checkpointStep");
  const std::string digest = translate::text_at(report, "checkpointSha256");
  if (step == 0 && digest.empty()) return;
  api::CheckpointStatus checkpoint = status.checkpoint.value_or(api::CheckpointStatus{});
  if (checkpoint.step != step || !checkpoint.at) checkpoint.at = at;
  checkpoint.step = step;
  checkpoint.uri = cut_utf8(translate::text_at(report, "checkpointUri"), kUriMax);
  if (is_sha256(digest)) checkpoint.sha256 = digest;
  status.checkpoint = checkpoint;
}

int64_t whole_seconds(Millis span) {
  return std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(span).count());
}

}  // namespace

void take_termination_message(std::string_view message, Instant at, api::GpuJobStatus& status) {
  const Json report = Json::parse(message, nullptr, false);
  if (!report.is_object()) return;
  if (report.contains("step")) {
    api::Progress progress = status.progress.value_or(api::Progress{});
    progress.step = whole(report, "step");
    if (progress.steps > 0) {
      progress.percent =
          std::min<int64_t>(100, multiply_saturating(progress.step, 100) / progress.steps);
    }
    progress.eta_seconds.reset();
    progress.last_heartbeat = at;
    status.progress = progress;
  }
  take_checkpoint(report, at, status);
  for (const auto& [name, value] : translate::object_at(report, "metrics").items()) {
    if (status.result.size() >= kResultsMax) break;
    if (!value.is_number() && !value.is_string()) continue;
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    status.result[std::string(cut_utf8(name, kResultTextMax))] = cut_utf8(text, kResultTextMax);
  }
}

std::string error_of(std::string_view message) {
  const Json report = Json::parse(message, nullptr, false);
  std::string error = translate::text_at(report, "error");
  error = cut_utf8(error, kErrorMax);
  std::replace(error.begin(), error.end(), '\n', ' ');
  return error;
}

int64_t book_device_time(api::GpuJobStatus& status, bool completed, Instant now) {
  if (!status.placement || !status.admitted_at) return 0;
  int64_t devices = 0;
  for (const api::PlacedWorker& worker : status.placement->workers) {
    devices = add_saturating(devices, worker.count);
  }
  api::DeviceSeconds seconds = status.device_seconds.value_or(api::DeviceSeconds{});
  const Instant started = status.started_at.value_or(now);
  seconds.waiting = add_saturating(
      seconds.waiting, multiply_saturating(devices, whole_seconds(started - *status.admitted_at)));
  const int64_t ran = whole_seconds(now - started);
  int64_t lost = 0;
  if (!completed) {
    const bool saved = status.checkpoint && status.checkpoint->at;
    lost = std::min(ran, saved ? whole_seconds(now - *status.checkpoint->at) : ran);
  }
  seconds.productive = add_saturating(seconds.productive, multiply_saturating(devices, ran - lost));
  seconds.lost = add_saturating(seconds.lost, multiply_saturating(devices, lost));
  status.device_seconds = seconds;
  return multiply_saturating(devices, lost);
}

void take_late_message(std::string_view message, Instant at, api::GpuJobStatus& status) {
  const auto before = status.checkpoint;
  take_termination_message(message, at, status);
  const bool is_new = status.checkpoint && (!before || before->step != status.checkpoint->step);
  if (!is_new || !status.device_seconds || status.attempts.empty()) return;
  int64_t& lost = status.attempts.back().lost_device_seconds;
  const int64_t saved = std::min(lost, status.device_seconds->lost);
  status.device_seconds->lost -= saved;
  status.device_seconds->productive = add_saturating(status.device_seconds->productive, saved);
  lost = 0;
}

}  // namespace berth::control
