#include "worker/progress.h"

#include <array>
#include <charconv>
#include <string_view>

namespace berth::worker {
namespace {

struct Metric {
  std::string_view name;
  std::string_view type;
  std::string_view help;
  std::string value;  // empty: not known yet
};

// The shortest text that reads back as the same number, whatever the locale.
std::string number(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return std::string(text.data(), end);
}

// Milliseconds as seconds, exactly: a double would lose digits of a Unix time in ms.
std::string seconds(Instant at) {
  const int64_t ms = at.time_since_epoch().count();
  std::string fraction = std::to_string(ms % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return std::to_string(ms / 1000) + "." + fraction;
}

}  // namespace

void Progress::start(int64_t step, int64_t steps) {
  const std::scoped_lock lock(mutex_);
  values_.step = step;
  values_.steps = steps;
}

void Progress::step_done(int64_t step, int64_t samples, std::optional<double> loss) {
  const std::scoped_lock lock(mutex_);
  values_.step = step;
  values_.samples_total += samples;
  values_.loss = loss;
}

void Progress::checkpointed(int64_t step, Instant at) {
  const std::scoped_lock lock(mutex_);
  values_.checkpoint_step = step;
  values_.checkpoint_time = at;
}

Progress::Values Progress::values() const {
  const std::scoped_lock lock(mutex_);
  return values_;
}

std::string metrics_text(const Progress::Values& values) {
  const std::array<Metric, 6> metrics = {{
      {"berth_worker_step", "gauge", "Steps done by this run, earlier attempts included.",
       std::to_string(values.step)},
      {"berth_worker_steps", "gauge", "Steps of the whole run.",
       values.steps > 0 ? std::to_string(values.steps) : ""},
      {"berth_worker_samples_total", "counter", "Samples this process has trained on.",
       std::to_string(values.samples_total)},
      {"berth_worker_loss", "gauge", "Mean training loss of the last step over the gang, in nats.",
       values.loss ? number(*values.loss) : ""},
      {"berth_worker_checkpoint_step", "gauge", "Step of the newest checkpoint on the disk.",
       values.checkpoint_step ? std::to_string(*values.checkpoint_step) : ""},
      {"berth_worker_checkpoint_timestamp_seconds", "gauge",
       "When the newest checkpoint was on the disk, Unix time.",
       values.checkpoint_time ? seconds(*values.checkpoint_time) : ""},
  }};
  std::string text;
  for (const Metric& metric : metrics) {
    if (metric.value.empty()) continue;
    const std::string name(metric.name);
    text.append("# HELP ").append(name).append(" ").append(metric.help).append("\n");
    text.append("# TYPE ").append(name).append(" ").append(metric.type).append("\n");
    text.append(name).append(" ").append(metric.value).append("\n");
  }
  return text;
}

}  // namespace berth::worker
