#include "cli/simulate_endpoint.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/output.h"
#include "sim/endpoint/simulate.h"

namespace berth::cli {
namespace {

using namespace sim::endpoint;
using Ordered = nlohmann::ordered_json;

constexpr const char* kAbout =
    "Replays requests to one inference endpoint, and says whether its autoscaler keeps the latency "
    "objective, and at how many replica-seconds beside what nobody can undercut.";
constexpr const char* kExamples =
    "Examples:\n"
    "  kubectl berth simulate endpoint --trace AzureLLMInferenceTrace_conv.csv.gz --copies 10\n"
    "  ... --context-us 100 --generated-us 0 --bound-ms 1000 --target 8   first tokens only\n"
    "  kubectl berth simulate endpoint --day spikes --days 3 --peak 30\n"
    "  ... --start-seconds 60 --plan --json       with a plan that knows the future; for programs\n"
    "Traces: Azure's LLM service (TIMESTAMP, ContextTokens, GeneratedTokens), plain or gzip.\n"
    "JSON: requests, seconds, least_replica_seconds (nobody who keeps the objective undercuts "
    "it),\n"
    "target (requests in flight per replica, as learned by the end), outcomes by scaler (berth,\n"
    "knative: its defaults at 70 % of the batch; with --plan plan: the future known) {scaler,\n"
    "met_percent (of requests within the bound), ratio (replica-seconds, starting ones counted, "
    "over\n"
    "the least), replica_seconds, starts, most_replicas}.";

struct Flags {
  std::string trace;
  std::string day;
  int64_t copies = 10;
  int64_t days = 3;
  double peak = 30;
  uint64_t seed = 42;
  int64_t request_ms = 50;
  int64_t context_us = 200;
  int64_t generated_us = 15'000;
  int64_t max_batch = 16;
  int64_t batch_cost_percent = 3;
  int64_t start_seconds = 120;
  int64_t bound_ms = 20'000;
  int64_t objective_basis_points = 9900;
  int64_t min_replicas = 1;
  int64_t max_replicas = 500;
  int64_t stable_window_seconds = 300;
  int64_t scale_down_delay_seconds = 180;
  std::optional<int64_t> target;
  bool plan = false;
  OutputFlags output;
};

const std::map<std::string, Day> kDays = {{"diurnal", Day::Diurnal},
                                          {"spikes", Day::Spikes},
                                          {"flash-crowd", Day::FlashCrowd},
                                          {"silence", Day::Silence}};

void add_request_options(CLI::App& app, Flags& flags) {
  app.add_option("--trace", flags.trace, "CSV of requests")->type_name("FILE");
  app.add_option("--copies", flags.copies, "How often each request of the trace comes")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--day", flags.day, "Made-up days in place of a trace")
      ->check(CLI::IsMember(kDays))
      ->type_name("NAME");
  app.add_option("--days", flags.days, "How many of them")
      ->check(CLI::Range(1, 14))
      ->capture_default_str();
  app.add_option("--peak", flags.peak, "Requests a second at their peak, of two seconds' work each")
      ->check(CLI::Range(0.001, 10'000.0))
      ->capture_default_str();
  app.add_option("--seed", flags.seed, "Of what is made up")->capture_default_str();
  app.add_option("--request-ms", flags.request_ms, "Milliseconds of work of a request")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--context-us", flags.context_us, "Microseconds for each token in")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--generated-us", flags.generated_us, "Microseconds for each token out")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
}

void add_replica_options(CLI::App& app, Flags& flags) {
  app.add_option("--max-batch", flags.max_batch, "Requests that a replica computes at a time")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app.add_option("--batch-cost-percent", flags.batch_cost_percent,
                 "How much longer all of a batch take for each further request in it")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_option("--start-seconds", flags.start_seconds, "Until a replica is ready")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
}

void add_scaling_options(CLI::App& app, Flags& flags) {
  app.add_option("--bound-ms", flags.bound_ms, "Milliseconds within which requests are answered")
      ->check(CLI::Range(1, 3'600'000))
      ->capture_default_str();
  app.add_option("--objective-basis-points", flags.objective_basis_points,
                 "Share of requests for which that holds")
      ->check(CLI::Range(1, 9999))
      ->capture_default_str();
  app.add_option("--min-replicas", flags.min_replicas, "0 lets the endpoint sleep")
      ->check(CLI::Range(0, 10'000))
      ->capture_default_str();
  app.add_option("--max-replicas", flags.max_replicas, "Most replicas")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--stable-window-seconds", flags.stable_window_seconds, "As in spec.scaling")
      ->check(CLI::Range(6, 3600))
      ->capture_default_str();
  app.add_option("--scale-down-delay-seconds", flags.scale_down_delay_seconds, "As in spec.scaling")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  app.add_option("--target", flags.target,
                 "Requests in flight per replica, as concurrencyPerReplica; absent: learned")
      ->check(CLI::Range(1, 100'000));
  app.add_flag("--plan", flags.plan, "Search for a plan that knows the future, some twenty runs");
}

Settings settings_of(const Flags& flags) {
  Settings settings;
  settings.replica = {.max_batch = flags.max_batch,
                      .batch_cost = static_cast<double>(flags.batch_cost_percent) / 100,
                      .start_seconds = static_cast<double>(flags.start_seconds)};
  settings.bound_seconds = static_cast<double>(flags.bound_ms) / 1000;
  settings.objective_basis_points = flags.objective_basis_points;
  settings.learns = !flags.target;
  scaling::Rules& rules = settings.rules;
  rules.min_replicas = flags.min_replicas;
  rules.max_replicas = flags.max_replicas;
  rules.stable_window = std::chrono::seconds{flags.stable_window_seconds};
  rules.scale_down_delay = std::chrono::seconds{flags.scale_down_delay_seconds};
  // The learning starts at three quarters of a batch.
  rules.target_milli = flags.target ? *flags.target * 1000 : flags.max_batch * 750;
  return settings;
}

Result<std::vector<Request>> requests_of(const Flags& flags) {
  if (flags.trace.empty() == flags.day.empty()) {
    return Error{Code::Invalid, "give either --trace or --day"};
  }
  if (!flags.day.empty()) {
    constexpr double kTwoSeconds = 2;
    return synthetic(kDays.at(flags.day), flags.days, flags.peak, kTwoSeconds, flags.seed);
  }
  const sim::Csv csv = BERTH_TRY(sim::Csv::read(flags.trace));
  const WorkModel model{.request_seconds = static_cast<double>(flags.request_ms) * 1e-3,
                        .context_seconds = static_cast<double>(flags.context_us) * 1e-6,
                        .generated_seconds = static_cast<double>(flags.generated_us) * 1e-6};
  return from_azure(csv, model, flags.copies, flags.seed);
}

double rounded(double value) { return std::round(value * 1000) / 1000; }

std::string json_of(const Report& report) {
  Ordered json;
  json["requests"] = report.requests;
  json["seconds"] = std::llround(report.seconds);
  json["least_replica_seconds"] = std::llround(report.least_replica_seconds);
  json["target"] = rounded(report.target);
  json["outcomes"] = Ordered::array();
  for (const Outcome& outcome : report.outcomes) {
    json["outcomes"].push_back({{"scaler", outcome.scaler},
                                {"met_percent", rounded(outcome.met_percent)},
                                {"ratio", rounded(outcome.ratio)},
                                {"replica_seconds", std::llround(outcome.counted.replica_seconds)},
                                {"starts", outcome.counted.starts},
                                {"most_replicas", outcome.counted.most_replicas}});
  }
  return json.dump() + "\n";
}

std::string table_of(const Report& report) {
  char line[160];
  std::snprintf(line, sizeof line, "%-10s%12s%10s%18s%9s%9s\n", "SCALER", "MET", "RATIO",
                "REPLICA-SECONDS", "STARTS", "MOST");
  std::string text = line;
  for (const Outcome& outcome : report.outcomes) {
    std::snprintf(line, sizeof line, "%-10s%10.2f %%%10.3f%18.0f%9lld%9lld\n",
                  outcome.scaler.c_str(), outcome.met_percent, outcome.ratio,
                  outcome.counted.replica_seconds, static_cast<long long>(outcome.counted.starts),
                  static_cast<long long>(outcome.counted.most_replicas));
    text += line;
  }
  std::snprintf(line, sizeof line,
                "%lld requests in %.0f s; at least %.0f replica-seconds; target %.1f in flight\n",
                static_cast<long long>(report.requests), report.seconds,
                report.least_replica_seconds, report.target);
  return text + line;
}

Result<Answer> simulate(const Flags& flags, const Surroundings& around) {
  if (flags.max_replicas < flags.min_replicas) {
    return Error{Code::Invalid, "--max-replicas: may not be below --min-replicas"};
  }
  const std::vector<Request> requests = BERTH_TRY(requests_of(flags));
  if (requests.empty()) {
    const std::string why = flags.day.empty() ? "--trace: " + flags.trace + " has no request"
                                              : std::string("--peak: so little that nothing comes");
    return Error{Code::Invalid, why};
  }
  const Report report = compare(requests, settings_of(flags), flags.plan);
  around.out << (flags.output.is_json() ? json_of(report) : table_of(report));
  return Answer::Yes;
}

}  // namespace

void add_simulate_endpoint(CLI::App& parent, Action& chosen) {
  CLI::App* endpoint = parent.add_subcommand("endpoint", kAbout);
  endpoint->footer(kExamples);
  const auto flags = std::make_shared<Flags>();
  add_request_options(*endpoint, *flags);
  add_replica_options(*endpoint, *flags);
  add_scaling_options(*endpoint, *flags);
  add_output_flags(*endpoint, flags->output);
  endpoint->callback([flags, &chosen] {
    chosen = [flags](const Surroundings& around) { return simulate(*flags, around); };
  });
}

}  // namespace berth::cli
