#pragma once
#include <string_view>

#include "http/metrics_list.h"

// Every metric of berth-router, once: by the same rules as those of the control plane, and in the
// same page of the reference.
namespace berth::http {

inline constexpr std::string_view kVariants = "stable|candidate";

inline constexpr MetricDefinition kRouterMetrics[] = {
    {.name = "berth_router_requests_total",
     .kind = MetricKind::Counter,
     .help = "Requests answered, by HTTP status or number of the gRPC code; 499: the client had "
             "gone.",
     .labels = {{{"endpoint"}, {"variant", kVariants}, {"protocol", "rest|grpc"}, {"code"}}}},
    // The bounds of OpenTelemetry's http.server.request.duration, and spec.slo.latency of the
    // endpoint, so that the share of requests within the objective is exact.
    {.name = "berth_router_request_duration_seconds",
     .kind = MetricKind::Histogram,
     .help = "Time from a whole request to the end of its answer, without those whose client had "
             "gone.",
     .labels = {{{"endpoint"}, {"variant", kVariants}}},
     .buckets = "0.005 0.01 0.025 0.05 0.075 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10"},
    {.name = "berth_router_held_requests",
     .kind = MetricKind::Gauge,
     .help = "Requests that wait for a replica.",
     .labels = {{{"endpoint"}}}},
    {.name = "berth_router_in_flight",
     .kind = MetricKind::Gauge,
     .help = "Requests that are not answered yet, those held included.",
     .labels = {{{"endpoint"}}}},
    {.name = "berth_router_concurrency_seconds_total",
     .kind = MetricKind::Counter,
     .help = "Integral of berth_router_in_flight over time: its rate is the average concurrency.",
     .labels = {{{"endpoint"}}}},
    {.name = "berth_router_refused_total",
     .kind = MetricKind::Counter,
     .help = "Requests refused because as many as may be were waiting for a replica.",
     .labels = {{{"endpoint"}}}},
    {.name = "berth_router_retries_total",
     .kind = MetricKind::Counter,
     .help = "Requests sent once more, because nothing had come of the answer.",
     .labels = {{{"endpoint"}}}},
    {.name = "berth_router_ejections_total",
     .kind = MetricKind::Counter,
     .help = "Times that a replica was left out for a while after failures.",
     .labels = {{{"endpoint"}}}},
    {.name = "berth_router_ready_replicas",
     .kind = MetricKind::Gauge,
     .help = "Replicas that requests are sent to.",
     .labels = {{{"endpoint"}, {"variant", kVariants}}}},
    {.name = "berth_router_shadow_compared_total",
     .kind = MetricKind::Counter,
     .help = "Answers of the candidate to mirrored requests, beside the answer that was given.",
     .labels = {{{"endpoint"}, {"outcome", "same|different|failed|skipped"}}}},
    {.name = "berth_router_objective_ratio",
     .kind = MetricKind::Gauge,
     .help = "Share of requests for which spec.slo promises that they are answered without error, "
             "or soon enough.",
     .labels = {{{"endpoint"}, {"objective", "availability|latency"}}}},
    {.name = "berth_router_late_requests_total",
     .kind = MetricKind::Counter,
     .help = "Requests answered later than spec.slo.latency, of endpoints that promise one.",
     .labels = {{{"endpoint"}}}},
};

}  // namespace berth::http
