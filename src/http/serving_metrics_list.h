#pragma once
#include <string_view>

#include "http/metrics_list.h"

// Every metric of berth-server, once: by the same rules as those of the control plane, and in the
// same page of the reference.
namespace berth::http {

inline constexpr std::string_view kRequestDuration = "berth_inference_request_duration_seconds";

inline constexpr MetricDefinition kServingMetrics[] = {
    {.name = "berth_inference_requests_total",
     .kind = MetricKind::Counter,
     .help = "Inference requests answered, by HTTP status or gRPC code.",
     .labels = {{{"model"}, {"version"}, {"protocol"}, {"code"}}}},
    // The bounds of OpenTelemetry's http.server.request.duration. --slo-milliseconds adds its own,
    // so that the share of requests within the objective is exact.
    {.name = kRequestDuration,
     .kind = MetricKind::Histogram,
     .help = "Time from a whole request to its answer.",
     .labels = {{{"model"}, {"version"}, {"protocol"}}},
     .buckets = "0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10"},
    {.name = "berth_inference_compute_duration_seconds",
     .kind = MetricKind::Histogram,
     .help = "Time of one batch on the device, copies included.",
     .labels = {{{"model"}, {"version"}}},
     .buckets = kQuickBuckets},
    {.name = "berth_inference_batch_size",
     .kind = MetricKind::Histogram,
     .help = "Rows that were computed together.",
     .labels = {{{"model"}, {"version"}}},
     .buckets = "1 2 4 8 16 32 64 128 256 512 1024"},
    {.name = "berth_inference_queue_depth",
     .kind = MetricKind::Gauge,
     .help = "Requests that wait for a batch."},
    {.name = "berth_inference_in_flight",
     .kind = MetricKind::Gauge,
     .help = "Requests that are not answered yet, those that wait included."},
    {.name = "berth_inference_held_bytes",
     .kind = MetricKind::Gauge,
     .help = "Bytes of requests that are not answered yet; --memory-bytes bounds them."},
    {.name = "berth_inference_dropped_total",
     .kind = MetricKind::Counter,
     .help = "Requests that were not computed: too many waited, too late, or the client had gone.",
     .labels = {{{"reason", "full|expired|gone"}}}},
    {.name = "berth_inference_start_seconds",
     .kind = MetricKind::Gauge,
     .help = "How long the start took: reading and checking the model, loading it onto the device, "
             "warming it up.",
     .labels = {{{"phase", "read|load|warm"}}}},
    {.name = "berth_inference_device",
     .kind = MetricKind::Gauge,
     .help = "1 for the device that computes.",
     .labels = {{{"device"}}}},
    {.name = "berth_inference_ready",
     .kind = MetricKind::Gauge,
     .help = "1 while the server says that it is ready, else 0."},
};

}  // namespace berth::http
