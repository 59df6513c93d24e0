#pragma once
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/metrics.h"
#include "operator/manager/pages.h"
#include "tests/integration/cluster.h"
#include "tests/integration/rights.h"

namespace berth::security {

// Everything that was logged, as one text.
class TextLog final : public Log {
 public:
  void info(std::string_view message, Fields fields = {}) override { add(message, fields); }
  void warn(std::string_view message, Fields fields = {}) override { add(message, fields); }
  void error(std::string_view message, Fields fields = {}) override { add(message, fields); }
  std::string text;

 private:
  void add(std::string_view message, Fields fields) {
    text.append(message);
    for (const auto& [name, value] : fields)
      text.append(" ").append(name).append("=").append(value);
    text += '\n';
  }
};

// Remembers whom it was to ask, and never answers.
class SilentFetcher final : public control::MetricsFetcher {
 public:
  void fetch(const std::string& ip, int, Reply) override { asked.push_back(ip); }
  std::vector<std::string> asked;
};

// A whole operator with its log, metrics, decision log and questions to workers at hand, in place
// of the cluster's own.
class OneOperator : public ::testing::Test {
 protected:
  OneOperator() {
    cluster.first().crash();
    control::Observers watching = control::observers(metrics);
    watching.decision_log = &decisions;
    control::Settings settings = cluster.settings;
    settings.identity = "operator-1";
    integration::guard(transport, settings);
    program.emplace(transport, cluster.clock, settings, log, watching, &fetcher);
    pass(std::chrono::seconds(60));
    EXPECT_TRUE(program->is_leading());
  }

  void pass(Millis time) {
    const Monotonic end = cluster.clock.monotonic() + time;
    while (cluster.clock.monotonic() < end) {
      program->tick();
      transport.poll();
      cluster.pass(Millis{100});
    }
  }

  std::string decided() const {
    std::string text;
    for (const auto& [number, lines] : files.files) text += lines;
    return text;
  }

  integration::Cluster cluster;
  kube::fake::FakeTransport transport{cluster.server, cluster.clock};
  TextLog log;
  SilentFetcher fetcher;
  http::Metrics metrics;
  decisionlog::testing::MemoryFiles files;
  decisionlog::DecisionLog decisions{files.opened(), {.program = "operator-1"}};
  std::optional<control::Operator> program;
};

}  // namespace berth::security
