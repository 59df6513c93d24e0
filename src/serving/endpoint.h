#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/body_room.h"
#include "http/incoming.h"
#include "http/metrics.h"
#include "serving/dispatcher.h"
#include "serving/lifecycle.h"
#include "serving/rest_codec.h"

namespace berth::serving {

// As model metadata names what serves: <project>_<format>.
inline constexpr std::string_view kPlatform = "pytorch_torchscript";

struct EndpointOptions {
  ModelName model;
  Micros request_timeout{1'000'000};
  size_t memory_bytes = size_t{256} << 20;  // of all requests that are not answered yet
};

// What is known once the model is there.
struct Loaded {
  Signature signature;
  std::string device;  // cpu, or cuda:0
  std::string sha256;
  Dispatcher* dispatcher = nullptr;  // outlives all requests
};

// What the two protocols share of one served model: its state, its queue, the bytes that requests
// hold, and what is counted. Safe from any thread.
class Endpoint final : public DispatchWatch {
 public:
  Endpoint(EndpointOptions options, http::Metrics& metrics)
      : options_(std::move(options)), metrics_(metrics) {}

  const EndpointOptions& options() const { return options_; }
  Lifecycle& lifecycle() { return lifecycle_; }
  const http::BodyRoom::Sum& held_bytes() const { return held_bytes_; }
  const http::Incoming::Sum& incoming() const { return incoming_; }

  // Once, before become_ready(): requests are taken from then on.
  void load(Loaded loaded);
  const Loaded* loaded() const {
    return is_loaded_.load(std::memory_order_acquire) ? &loaded_ : nullptr;
  }
  // Whether a path's model and version are the ones served; an empty version is any.
  bool serves(std::string_view name, std::string_view version) const;

  // Checks a request and queues it. Gives the id for Dispatcher::cancel. Errors: Invalid;
  // Unavailable with retry_after. `deadline` may only shorten what the options allow.
  Result<uint64_t> submit(Request request, MicroTime deadline,
                          std::function<void(const Request&, Result<Outputs>)> done);

  // Between them a request is in flight.
  void begun() { in_flight_.fetch_add(1, std::memory_order_relaxed); }
  void answered(std::string_view protocol, std::string_view code, MicroTime since);
  int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

  std::string metrics_text();

  void dropped(Drop why) override;
  void computed(int64_t rows, Micros took) override;
  int64_t under_way() const override { return in_flight() + *incoming_; }

 private:
  const EndpointOptions options_;
  http::Metrics& metrics_;
  Lifecycle lifecycle_;
  const http::BodyRoom::Sum held_bytes_ = std::make_shared<std::atomic<size_t>>(0);
  const http::Incoming::Sum incoming_ = std::make_shared<std::atomic<int64_t>>(0);
  Loaded loaded_;  // does not change once is_loaded_
  std::atomic<bool> is_loaded_ = false;
  std::atomic<int64_t> in_flight_ = 0;
};

// The table of metrics with one more bound of request durations, so that the share within an
// objective is exact. 0: none.
class ServingMetricsTable {
 public:
  explicit ServingMetricsTable(int64_t slo_milliseconds);
  ServingMetricsTable(const ServingMetricsTable&) = delete;
  ServingMetricsTable& operator=(const ServingMetricsTable&) = delete;
  std::span<const http::MetricDefinition> rows() const { return rows_; }

 private:
  std::string buckets_;
  std::vector<http::MetricDefinition> rows_;
};

}  // namespace berth::serving
